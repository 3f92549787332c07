/** ext_image_copy_capture_manager_v1 1 (ext-image-copy-capture-v1.xml): sessions that copy what a source shows into clients' buffers. */
import {
  ExtImageCopyCaptureCursorSessionV1Error,
  ExtImageCopyCaptureManagerV1Error,
  ExtImageCopyCaptureManagerV1Options,
  ExtImageCopyCaptureSessionV1Error,
} from '../../protocols/generated/ext-image-copy-capture-v1.interfaces.ts';
import {
  ExtImageCopyCaptureCursorSessionV1,
  ExtImageCopyCaptureManagerV1,
  ExtImageCopyCaptureSessionV1,
} from '../../protocols/generated/ext-image-copy-capture-v1.server.ts';
import type {
  ExtImageCopyCaptureCursorSessionV1Resource,
  ExtImageCopyCaptureSessionV1Resource,
} from '../../protocols/generated/ext-image-copy-capture-v1.server.ts';
import type { WlShmFormat } from '../../protocols/generated/wayland.interfaces.ts';
import type { Display } from '../../protocols/server/display.ts';
import { ProtocolError } from '../../protocols/server/protocol-error.ts';
import { shmFormatOf } from '../buffer/format.ts';
import type { CapturePacer } from '../capture/capture-pacer.ts';
import { CaptureSession } from '../capture/capture-session.ts';
import type { CaptureSource } from '../capture/capture-source.ts';
import { CursorSource } from '../capture/cursor-source.ts';
import { CursorTrack } from '../capture/cursor-track.ts';
import { UNSANDBOXED } from '../client-state.ts';
import type { Desktop } from '../desktop.ts';
import type { CompositorLog } from '../log.ts';
import { type SourceMaker, sourceMakerOf } from './image-capture-source-v1.ts';
import { serveFrame } from './image-copy-capture-frame.ts';

const VERSION = 1;
const DRM_FORMAT_MOD_LINEAR = 0n;

export interface CaptureContext {
  readonly desktop: Desktop;
  readonly pacer: CapturePacer;
  readonly log: CompositorLog;
  /** dev_t of where dma-bufs are best allocated; undefined: none is wanted. */
  readonly dmabufDevice: () => bigint | undefined;
}

export function createImageCopyCaptureGlobal(display: Display, context: CaptureContext): void {
  display.createGlobal(
    ExtImageCopyCaptureManagerV1,
    VERSION,
    (manager) => {
      manager.handler = {
        createSession: (_, resource, sourceResource, options) => {
          if ((options & ~ExtImageCopyCaptureManagerV1Options.paintCursors) !== 0) {
            throw new ProtocolError(
              manager,
              ExtImageCopyCaptureManagerV1Error.invalidOption,
              `no such options: ${options}`,
            );
          }
          const cursor = options === ExtImageCopyCaptureManagerV1Options.paintCursors;
          serveSession(context, resource, sourceMakerOf(sourceResource)?.(), cursor);
        },
        createPointerCursorSession: (_, resource, sourceResource) =>
          serveCursorSession(context, resource, sourceMakerOf(sourceResource)),
        destroy: () => undefined,
      };
    },
    UNSANDBOXED,
  );
}

/** Takes the source. Undefined: it was gone before, so the session has stopped. */
function serveSession(
  context: CaptureContext,
  resource: ExtImageCopyCaptureSessionV1Resource,
  source: CaptureSource | undefined,
  cursor: boolean,
): void {
  const { pacer } = context;
  let frameLives = false;
  const session =
    source &&
    new CaptureSession(
      source,
      { cursor },
      {
        constraintsChanged: () => sendConstraints(context, resource, source),
        stopped: () => ExtImageCopyCaptureSessionV1.sendStopped(resource),
      },
    );
  /** A frame may outlive its session object. */
  const disposeUnused = (): void => {
    if (!session || resource.alive || frameLives) return;
    pacer.remove(session);
    session.dispose();
  };
  if (session) pacer.add(session);
  resource.handler = {
    createFrame: (_, frame) => {
      if (frameLives) {
        throw new ProtocolError(
          resource,
          ExtImageCopyCaptureSessionV1Error.duplicateFrame,
          'the frame before was not destroyed',
        );
      }
      frameLives = true;
      frame.addDestroyListener(() => {
        frameLives = false;
        disposeUnused();
      });
      serveFrame(frame, session, context);
    },
    destroy: () => undefined,
  };
  resource.addDestroyListener(disposeUnused);
  if (!source || source.stopped) ExtImageCopyCaptureSessionV1.sendStopped(resource);
  else sendConstraints(context, resource, source);
}

/** buffer_size, the formats, done. */
function sendConstraints(
  { dmabufDevice }: CaptureContext,
  resource: ExtImageCopyCaptureSessionV1Resource,
  { size, formats }: CaptureSource,
): void {
  ExtImageCopyCaptureSessionV1.sendBufferSize(resource, size.width, size.height);
  for (const format of formats) {
    // wl_shm.format lists all fourccs; ours are among them.
    ExtImageCopyCaptureSessionV1.sendShmFormat(resource, shmFormatOf(format) as WlShmFormat);
  }
  const device = dmabufDevice();
  if (device !== undefined) {
    const bytes = new Uint8Array(BigUint64Array.of(device).buffer);
    const modifiers = new Uint8Array(BigUint64Array.of(DRM_FORMAT_MOD_LINEAR).buffer);
    ExtImageCopyCaptureSessionV1.sendDmabufDevice(resource, bytes);
    for (const format of formats) {
      ExtImageCopyCaptureSessionV1.sendDmabufFormat(resource, format, modifiers);
    }
  }
  ExtImageCopyCaptureSessionV1.sendDone(resource);
}

function serveCursorSession(
  context: CaptureContext,
  resource: ExtImageCopyCaptureCursorSessionV1Resource,
  makeSource: SourceMaker | undefined,
): void {
  const { desktop } = context;
  let hasSession = false;
  const track =
    makeSource &&
    new CursorTrack(desktop, makeSource(), {
      entered: () => ExtImageCopyCaptureCursorSessionV1.sendEnter(resource),
      left: () => ExtImageCopyCaptureCursorSessionV1.sendLeave(resource),
      moved: (x, y) => ExtImageCopyCaptureCursorSessionV1.sendPosition(resource, x, y),
      hotspotMoved: (x, y) => ExtImageCopyCaptureCursorSessionV1.sendHotspot(resource, x, y),
    });
  resource.handler = {
    destroy: () => undefined,
    getCaptureSession: (_, session) => {
      if (hasSession) {
        throw new ProtocolError(
          resource,
          ExtImageCopyCaptureCursorSessionV1Error.duplicateSession,
          'the cursor session has a capture session',
        );
      }
      hasSession = true;
      const source = makeSource && new CursorSource(desktop.cursor, makeSource());
      serveSession(context, session, source, false);
    },
  };
  resource.addDestroyListener(() => track?.dispose());
}
