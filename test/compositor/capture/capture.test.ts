/** ext_image_copy_capture_v1: sessions, and outputs as images. */
import { expect, test } from 'vitest';
import { native } from '../../../native/binding.ts';
import { CaptureClient } from '../../support/capture-client.ts';
import { withDesktop } from '../../support/desktop-fixture.ts';

const RED = 0xff0000;
const GREEN = 0x00ff00;
const OPAQUE = 0xff00_0000;
const BACKGROUND = 0xff20252c;
const XRGB8888 = 1;
const FULL = 'damage 0,0 400x300';

test('a session says what buffers it wants, then done', () => {
  withDesktop({ outputs: [{ width: 300, height: 200, scale: 2, transform: 1 }] }, (fixture) => {
    const capture = new CaptureClient(fixture.connect());
    const session = capture.session(capture.outputSource());
    fixture.settle();
    expect(session.size).toEqual({ width: 300, height: 200 });
    expect(session.shmFormats.slice(0, 2)).toEqual([1, 0]);
    expect(session.dmabufFormats).toEqual([]);
    expect(session).toMatchObject({ done: 1, stopped: 0 });
  });
});

test('with a render node linear dma-bufs are taken too', () => {
  withDesktop({ gpus: 1 }, (fixture) => {
    const capture = new CaptureClient(fixture.connect());
    const session = capture.session(capture.outputSource());
    fixture.settle();
    expect(session.dmabufDevice).toBe(8);
    expect(session.dmabufFormats).toHaveLength(session.shmFormats.length);
  });
});

test('an output is captured with its next frame, whole the first time', () => {
  withDesktop({}, (fixture) => {
    const capture = new CaptureClient(fixture.connect());
    fixture.connect().openWindow(50, 40, RED);
    const session = capture.session(capture.outputSource());
    fixture.settle();
    const buffer = capture.buffer(session.size);
    const frame = capture.capture(session, buffer);
    fixture.frames();
    expect(frame.events).toEqual(['transform 0', FULL, 'time', 'ready']);
    expect(frame.timeNs % 16_666_666n).toBeLessThan(1000n);
    expect(buffer.pixel(40, 40) >>> 0).toBe((OPAQUE | RED) >>> 0);
    expect(buffer.pixel(399, 299) >>> 0).toBe(BACKGROUND);
    expect(fixture.compositor.stats().desktop.captures).toEqual({ sessions: 1, frames: 1 });
  });
});

test('the second frame waits for a change and copies nothing else', () => {
  withDesktop({}, (fixture) => {
    const capture = new CaptureClient(fixture.connect());
    const client = fixture.connect();
    const window = client.openWindow(50, 40, RED);
    fixture.frames();
    const session = capture.session(capture.outputSource());
    fixture.settle();
    const buffer = capture.buffer(session.size);
    const first = capture.capture(session, buffer);
    fixture.frames();
    expect(first.events.at(-1)).toBe('ready');
    first.proxy.destroy();
    native.pwrite(buffer.memory.fd, new Uint8Array(4), 0);
    const second = capture.capture(session, buffer, false);
    fixture.advance(500_000_000n);
    expect(second.events).toEqual([]);
    const at = fixture.compositor.shell.windows[0];
    window.surface.attach(client.buffer(50, 40, GREEN), 0, 0);
    window.surface.damageBuffer(10, 10, 5, 5);
    window.surface.commit();
    fixture.frames();
    const x = (at?.x ?? 0) + 10;
    const y = (at?.y ?? 0) + 10;
    expect(second.events).toEqual(['transform 0', `damage ${x},${y} 5x5`, 'time', 'ready']);
    expect(buffer.pixel(x, y) >>> 0).toBe((OPAQUE | GREEN) >>> 0);
    expect(buffer.pixel(x + 6, y + 6) >>> 0).toBe((OPAQUE | RED) >>> 0);
    expect(buffer.pixel(0, 0)).toBe(0);
  });
});

test('what the client says is out of date is copied along', () => {
  withDesktop({}, (fixture) => {
    const capture = new CaptureClient(fixture.connect());
    const client = fixture.connect();
    const window = client.openWindow(50, 40, RED);
    const session = capture.session(capture.outputSource());
    fixture.settle();
    const first = capture.capture(session, capture.buffer(session.size));
    fixture.frames();
    first.proxy.destroy();
    const buffer = capture.buffer(session.size);
    const frame = capture.frame(session);
    frame.proxy.attachBuffer(buffer.proxy);
    frame.proxy.damageBuffer(390, 290, 10, 10);
    frame.proxy.capture();
    client.draw(window, 50, 40, GREEN);
    fixture.frames();
    expect(frame.events.at(-1)).toBe('ready');
    expect(frame.events).not.toContain(FULL);
    expect(buffer.pixel(395, 295) >>> 0).toBe(BACKGROUND);
    expect(buffer.pixel(300, 10)).toBe(0x1111_1111);
  });
});

test('the cursor is painted into the image only if that is asked for', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    client.openWindow(400, 300, RED);
    fixture.frames();
    fixture.compositor.seat.pointer.moveTo(200, 150);
    fixture.settle();
    const cursor = client.compositor.createSurface();
    client.pointer.setCursor(client.serials.enter, cursor, 0, 0);
    cursor.attach(client.buffer(8, 8, GREEN), 0, 0);
    cursor.commit();
    fixture.frames();
    const capture = new CaptureClient(fixture.connect());
    const source = capture.outputSource();
    const images = [0, 1].map((options) => {
      const session = capture.session(source, options);
      fixture.settle();
      const buffer = capture.buffer(session.size, XRGB8888);
      capture.capture(session, buffer);
      return buffer;
    });
    fixture.frames();
    const pixels = images.map((buffer) => buffer.pixel(203, 153) & 0xff_ff_ff);
    expect(pixels).toEqual([RED, GREEN]);
  });
});

test('a moving cursor is no change of an image without it', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    client.openWindow(400, 300, RED);
    fixture.frames();
    fixture.compositor.seat.pointer.moveTo(100, 100);
    fixture.settle();
    const cursor = client.compositor.createSurface();
    client.pointer.setCursor(client.serials.enter, cursor, 0, 0);
    cursor.attach(client.buffer(8, 8, GREEN), 0, 0);
    cursor.commit();
    fixture.frames();
    const capture = new CaptureClient(fixture.connect());
    const session = capture.session(capture.outputSource());
    fixture.settle();
    const buffer = capture.buffer(session.size);
    const first = capture.capture(session, buffer);
    fixture.frames();
    expect(first.events.at(-1)).toBe('ready');
    first.proxy.destroy();
    const second = capture.capture(session, buffer);
    fixture.compositor.seat.pointer.moveTo(120, 120);
    fixture.frames();
    expect(second.events).toEqual([]);
  });
});

test('an output that changes its mode has new constraints', () => {
  withDesktop({}, (fixture) => {
    const capture = new CaptureClient(fixture.connect());
    const session = capture.session(capture.outputSource());
    fixture.settle();
    fixture.compositor.outputs[0]?.change({ width: 200 });
    fixture.compositor.display.flush();
    fixture.settle();
    expect(session).toMatchObject({ size: { width: 200, height: 300 }, done: 2 });
  });
});

test.each([
  ['wrong size', { width: 399, height: 300 }, 0],
  ['wrong format', { width: 400, height: 300 }, 0x36314752],
] as const)('a buffer of %s fails the frame, not the client', (_, size, format) => {
  withDesktop({}, (fixture) => {
    const capture = new CaptureClient(fixture.connect());
    const session = capture.session(capture.outputSource());
    fixture.settle();
    const frame = capture.capture(session, capture.buffer(size, format));
    fixture.frames();
    expect(frame.events).toEqual(['failed 1']);
    expect(capture.client.error).toBeUndefined();
  });
});

test('an output that goes stops its sessions and fails their frames', () => {
  withDesktop(
    {
      outputs: [
        { width: 400, height: 300 },
        { width: 100, height: 100 },
      ],
    },
    (fixture) => {
      const capture = new CaptureClient(fixture.connect());
      const source = capture.outputSource(1);
      const session = capture.session(source);
      fixture.settle();
      const first = capture.capture(session, capture.buffer(session.size));
      fixture.frames();
      first.proxy.destroy();
      const frame = capture.capture(session, capture.buffer(session.size));
      fixture.settle();
      const [, output] = fixture.compositor.outputs;
      if (output) fixture.compositor.desktop.removeOutput(output);
      fixture.compositor.display.flush();
      fixture.settle();
      expect(frame.events).toEqual(['failed 2']);
      expect(session.stopped).toBe(1);
      const late = capture.session(source);
      fixture.settle();
      expect(late).toMatchObject({ stopped: 1, done: 0 });
      const lateFrame = capture.capture(late, capture.buffer(session.size), false);
      fixture.settle();
      expect(lateFrame.events).toEqual(['failed 2']);
    },
  );
});

test('a frame outlives its session, a session its source', () => {
  withDesktop({}, (fixture) => {
    const capture = new CaptureClient(fixture.connect());
    const source = capture.outputSource();
    const session = capture.session(source);
    fixture.settle();
    source.destroy();
    const frame = capture.frame(session);
    const buffer = capture.buffer(session.size);
    frame.proxy.attachBuffer(buffer.proxy);
    session.proxy.destroy();
    buffer.proxy.destroy();
    frame.proxy.capture();
    fixture.frames();
    expect(frame.events.at(-1)).toBe('ready');
    expect(buffer.pixel(0, 0) >>> 0).toBe(BACKGROUND);
    frame.proxy.destroy();
    fixture.settle();
    expect(fixture.compositor.stats().desktop.captures.sessions).toBe(0);
  });
});

test('an idle output stays idle while a capture waits for a change', () => {
  withDesktop({}, (fixture) => {
    const capture = new CaptureClient(fixture.connect());
    const session = capture.session(capture.outputSource());
    fixture.settle();
    const first = capture.capture(session, capture.buffer(session.size));
    fixture.frames();
    first.proxy.destroy();
    capture.capture(session, capture.buffer(session.size));
    fixture.frames();
    expect(fixture.clock.nextDeadlineNs()).toBeUndefined();
  });
});

test('a capturer whose pool shrinks is cut off, and nobody else', () => {
  withDesktop({}, (fixture) => {
    const other = fixture.connect();
    const window = other.openWindow(50, 40, RED);
    const capture = new CaptureClient(fixture.connect());
    const session = capture.session(capture.outputSource());
    fixture.settle();
    const buffer = capture.buffer(session.size);
    native.ftruncate(buffer.memory.fd, 4096);
    capture.capture(session, buffer);
    fixture.frames();
    expect(capture.client.error).toEqual({ interface: 'wl_buffer', code: 2 });
    other.draw(window, 50, 40, GREEN);
    fixture.frames();
    expect(other.error).toBeUndefined();
  });
});

test('memory that is not ours to write fails the frame', () => {
  withDesktop({}, (fixture) => {
    const capture = new CaptureClient(fixture.connect());
    const session = capture.session(capture.outputSource());
    fixture.settle();
    const { width, height } = session.size;
    const fd = native.memfdCreate('sealed', 2);
    native.ftruncate(fd, width * height * 4);
    const SEAL_FUTURE_WRITE = 0x10;
    native.addSeals(fd, SEAL_FUTURE_WRITE);
    const pool = capture.client.shm.createPool(fd, width * height * 4);
    const proxy = pool.createBuffer(0, width, height, width * 4, 0);
    native.close(fd);
    const frame = capture.frame(session);
    frame.proxy.attachBuffer(proxy);
    frame.proxy.capture();
    fixture.frames();
    expect(frame.events).toEqual(['failed 1']);
    expect(capture.client.error).toBeUndefined();
  });
});
