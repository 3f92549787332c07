/** ext_image_copy_capture_frame_v1's requests (ext-image-copy-capture-v1.xml): one image into one buffer. */
import {
  ExtImageCopyCaptureFrameV1Error,
  ExtImageCopyCaptureFrameV1FailureReason,
} from '../../protocols/generated/ext-image-copy-capture-v1.interfaces.ts';
import { ExtImageCopyCaptureFrameV1 } from '../../protocols/generated/ext-image-copy-capture-v1.server.ts';
import type { ExtImageCopyCaptureFrameV1Resource } from '../../protocols/generated/ext-image-copy-capture-v1.server.ts';
import { ProtocolError } from '../../protocols/server/protocol-error.ts';
import { guarded } from '../../sync/guarded.ts';
import { ClientBuffer } from '../buffer/client-buffer.ts';
import type { CapturePacer } from '../capture/capture-pacer.ts';
import type {
  CapturedFrame,
  CaptureFailure,
  CaptureRequest,
  CaptureSession,
} from '../capture/capture-session.ts';
import { ClientState } from '../client-state.ts';
import { addDamage } from '../surface/damage-list.ts';
import { Region } from '../surface/region.ts';
import type { CompositorLog } from '../log.ts';
import type { Rect } from '../surface/region.ts';

const FAILURES = {
  unknown: ExtImageCopyCaptureFrameV1FailureReason.unknown,
  'buffer-constraints': ExtImageCopyCaptureFrameV1FailureReason.bufferConstraints,
  stopped: ExtImageCopyCaptureFrameV1FailureReason.stopped,
} as const;
const NS_PER_SECOND = 1_000_000_000n;

/** What captures are made with. */
export interface CaptureTools {
  readonly pacer: CapturePacer;
  readonly log: CompositorLog;
}

/** `session` undefined: there never was a source. */
export function serveFrame(
  frame: ExtImageCopyCaptureFrameV1Resource,
  session: CaptureSession | undefined,
  { pacer, log }: CaptureTools,
): void {
  let buffer: ClientBuffer | null = null;
  let captured = false;
  let end: () => void = () => undefined;
  const damage: Rect[] = [];
  const requireOpen = (): void => {
    if (!captured) return;
    throw new ProtocolError(
      frame,
      ExtImageCopyCaptureFrameV1Error.alreadyCaptured,
      'capture was requested already',
    );
  };
  const failed = (reason: CaptureFailure): void =>
    ExtImageCopyCaptureFrameV1.sendFailed(frame, FAILURES[reason]);
  frame.handler = {
    destroy: () => undefined,

    attachBuffer: (_, bufferResource) => {
      requireOpen();
      const attached = ClientBuffer.of(bufferResource);
      attached?.ref();
      buffer?.unref();
      buffer = attached;
    },

    damageBuffer: (_, x, y, width, height) => {
      requireOpen();
      if (x < 0 || y < 0 || width <= 0 || height <= 0) {
        throw new ProtocolError(
          frame,
          ExtImageCopyCaptureFrameV1Error.invalidBufferDamage,
          `${width}x${height} at ${x},${y}`,
        );
      }
      addDamage(damage, { x, y, width, height });
    },

    capture: () => {
      requireOpen();
      if (!buffer) {
        throw new ProtocolError(
          frame,
          ExtImageCopyCaptureFrameV1Error.noBuffer,
          'no buffer was attached',
        );
      }
      captured = true;
      if (!session) return failed('stopped');
      const bufferDamage = Region.fromRects(damage);
      end = capture(
        frame,
        session,
        { pacer, log },
        {
          buffer,
          bufferDamage,
          failed,
          ready: (of) => ready(frame, of),
        },
      );
    },
  };
  frame.addDestroyListener(() => {
    end();
    buffer?.unref();
  });
}

/** Waits until nobody uses the buffer's memory, then for the image. Returns what ends it early, also when it is over. */
function capture(
  frame: ExtImageCopyCaptureFrameV1Resource,
  session: CaptureSession,
  { pacer, log }: CaptureTools,
  request: CaptureRequest,
): () => void {
  const start = (): void => {
    session.request(request);
    if (session.waiting) pacer.wanted(session);
  };
  const { plane } = request.buffer.content;
  if (!plane) {
    start();
    return () => session.cancel(request);
  }
  const wait = ClientState.of(frame.client)
    .sync.waitForDmabuf(plane.fd, 'write')
    .subscribe(
      guarded({ next: start, error: () => request.failed('unknown') }, (error) => {
        log.error('a capture failed', error);
        request.failed('unknown');
      }),
    );
  return () => {
    wait.unsubscribe();
    session.cancel(request);
  };
}

/** transform, damage, presentation_time, ready. */
function ready(
  frame: ExtImageCopyCaptureFrameV1Resource,
  { transform, damage, timestampNs }: CapturedFrame,
): void {
  ExtImageCopyCaptureFrameV1.sendTransform(frame, transform);
  for (const { x, y, width, height } of damage.rects()) {
    ExtImageCopyCaptureFrameV1.sendDamage(frame, x, y, width, height);
  }
  const seconds = timestampNs / NS_PER_SECOND;
  ExtImageCopyCaptureFrameV1.sendPresentationTime(
    frame,
    Number(seconds >> 32n),
    Number(seconds & 0xffff_ffffn),
    Number(timestampNs % NS_PER_SECOND),
  );
  ExtImageCopyCaptureFrameV1.sendReady(frame);
}
