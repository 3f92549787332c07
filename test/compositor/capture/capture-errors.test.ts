/** Every protocol error of ext_image_copy_capture_v1. */
import { expect, test } from 'vitest';
import {
  ExtImageCopyCaptureCursorSessionV1Error,
  ExtImageCopyCaptureFrameV1Error,
  ExtImageCopyCaptureManagerV1Error,
  ExtImageCopyCaptureSessionV1Error,
} from '../../../protocols/generated/ext-image-copy-capture-v1.interfaces.ts';
import { CaptureClient, type SeenSession } from '../../support/capture-client.ts';
import { withDesktop } from '../../support/desktop-fixture.ts';

function expectError(
  body: (capture: CaptureClient, session: SeenSession) => void,
  error: { readonly interface: string; readonly code: number },
): void {
  withDesktop({}, (fixture) => {
    const capture = new CaptureClient(fixture.connect());
    const bystander = fixture.connect();
    const session = capture.session(capture.outputSource());
    fixture.settle();
    body(capture, session);
    fixture.settle();
    expect(capture.client.error).toEqual(error);
    bystander.openWindow(10, 10);
    fixture.frames();
    expect(bystander.error).toBeUndefined();
  });
}

const FRAME = 'ext_image_copy_capture_frame_v1';

test('unknown options', () => {
  expectError((capture) => capture.session(capture.outputSource(), 2), {
    interface: 'ext_image_copy_capture_manager_v1',
    code: ExtImageCopyCaptureManagerV1Error.invalidOption,
  });
});

test('a second frame before the first one is destroyed', () => {
  expectError(
    (capture, session) => {
      capture.frame(session).proxy.destroy();
      capture.frame(session);
      capture.frame(session);
    },
    {
      interface: 'ext_image_copy_capture_session_v1',
      code: ExtImageCopyCaptureSessionV1Error.duplicateFrame,
    },
  );
});

test('a capture without a buffer', () => {
  expectError((capture, session) => capture.frame(session).proxy.capture(), {
    interface: FRAME,
    code: ExtImageCopyCaptureFrameV1Error.noBuffer,
  });
});

test.each([
  [-1, 0, 1, 1],
  [0, -1, 1, 1],
  [0, 0, 0, 1],
  [0, 0, 1, 0],
  [0, 0, -1, 1],
])('buffer damage of %i,%i %ix%i', (x, y, width, height) => {
  expectError(
    (capture, session) => capture.frame(session).proxy.damageBuffer(x, y, width, height),
    { interface: FRAME, code: ExtImageCopyCaptureFrameV1Error.invalidBufferDamage },
  );
});

test.each(['attachBuffer', 'damageBuffer', 'capture'] as const)('%s after capture', (request) => {
  expectError(
    (capture, session) => {
      const buffer = capture.buffer(session.size);
      const { proxy } = capture.capture(session, buffer);
      if (request === 'attachBuffer') proxy.attachBuffer(buffer.proxy);
      else if (request === 'damageBuffer') proxy.damageBuffer(0, 0, 1, 1);
      else proxy.capture();
    },
    { interface: FRAME, code: ExtImageCopyCaptureFrameV1Error.alreadyCaptured },
  );
});

test('two capture sessions of one cursor session', () => {
  expectError(
    (capture) => {
      const cursor = capture.manager.createPointerCursorSession(
        capture.outputSource(),
        capture.client.pointer,
      );
      cursor.getCaptureSession();
      cursor.getCaptureSession();
    },
    {
      interface: 'ext_image_copy_capture_cursor_session_v1',
      code: ExtImageCopyCaptureCursorSessionV1Error.duplicateSession,
    },
  );
});
