/** ext_image_copy_capture_v1: windows as images. */
import { expect, test } from 'vitest';
import { native } from '../../../native/binding.ts';
import type { Compositor } from '../../../compositor/compositor.ts';
import { CaptureClient } from '../../support/capture-client.ts';
import { withDesktop, type DesktopFixture } from '../../support/desktop-fixture.ts';

const RED = 0xff0000;
const GREEN = 0x00ff00;
const OPAQUE = 0xff00_0000;

test('a window is captured alone, without its shadow, with its subsurfaces and popups, also when something covers it', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(60, 50, RED);
    window.xdgSurface.setWindowGeometry(10, 10, 40, 30);
    client.draw(window, 60, 50, RED);
    const popup = client.createPopup(window.xdgSurface, client.positioner(10, 10, [0, 0, 1, 1]));
    popup.surface.commit();
    fixture.settle();
    client.draw(popup, 10, 10, GREEN);
    fixture.connect().openWindow(400, 300, 0x0000ff);
    const capture = new CaptureClient(fixture.connect());
    const [source] = capture.toplevelSources(() => fixture.settle());
    if (!source) throw new Error('no window listed');
    const session = capture.session(source);
    fixture.settle();
    expect(session.size).toEqual({ width: 40, height: 30 });
    expect(session.shmFormats[0]).toBe(0);
    const buffer = capture.buffer(session.size);
    const frame = capture.capture(session, buffer);
    fixture.frames();
    expect(frame.events).toEqual(['transform 0', 'damage 0,0 40x30', 'time', 'ready']);
    expect(buffer.pixel(30, 20) >>> 0).toBe((OPAQUE | RED) >>> 0);
    expect(buffer.pixel(2, 2) >>> 0).toBe((OPAQUE | GREEN) >>> 0);
  });
});

test('what a window does not cover is transparent in its image', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(20, 20, RED);
    const surface = client.compositor.createSurface();
    window.xdgSurface.setWindowGeometry(0, 0, 20, 20);
    surface.destroy();
    const capture = new CaptureClient(fixture.connect());
    const [source] = capture.toplevelSources(() => fixture.settle());
    if (!source) throw new Error('no window listed');
    window.surface.attach(transparentBuffer(client, 20, 20), 0, 0);
    window.surface.damageBuffer(0, 0, 20, 20);
    window.surface.commit();
    const session = capture.session(source);
    fixture.settle();
    const buffer = capture.buffer(session.size);
    capture.capture(session, buffer);
    fixture.frames();
    expect(buffer.pixel(3, 3) >>> 0).toBe(0);
  });
});

function transparentBuffer(
  client: ReturnType<DesktopFixture['connect']>,
  width: number,
  height: number,
) {
  const buffer = client.buffer(width, height);
  buffer.destroy();
  const fd = client.pools.at(-1)?.fd ?? -1;
  native.pwrite(fd, new Uint8Array(width * height * 4), 0);
  const pool = client.shm.createPool(fd, width * height * 4);
  return pool.createBuffer(0, width, height, width * 4, 0);
}

test('a minimised window is captured whenever it changes', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(20, 20, RED);
    const capture = new CaptureClient(fixture.connect());
    const [source] = capture.toplevelSources(() => fixture.settle());
    if (!source) throw new Error('no window listed');
    const session = capture.session(source);
    window.toplevel.setMinimized();
    fixture.settle();
    const buffer = capture.buffer(session.size);
    const first = capture.capture(session, buffer);
    fixture.settle();
    expect(first.events.at(-1)).toBe('ready');
    first.proxy.destroy();
    const second = capture.capture(session, buffer);
    fixture.settle();
    expect(second.events).toEqual([]);
    client.draw(window, 20, 20, GREEN);
    expect(second.events.at(-1)).toBe('ready');
    expect(buffer.pixel(5, 5) >>> 0).toBe((OPAQUE | GREEN) >>> 0);
  });
});

test.each<[string, (compositor: Compositor) => void]>([
  ['its window is minimised', ({ shell }) => shell.windows.forEach((it) => shell.minimize(it))],
  [
    'the last output goes',
    ({ desktop }) => desktop.outputs.forEach((it) => desktop.removeOutput(it)),
  ],
])('a frame asked for while its window is shown is filled when %s', (_, hide) => {
  withDesktop({}, (fixture) => {
    fixture.connect().openWindow(20, 20, RED);
    const capture = new CaptureClient(fixture.connect());
    const [source] = capture.toplevelSources(() => fixture.settle());
    if (!source) throw new Error('no window listed');
    const session = capture.session(source);
    fixture.settle();
    const buffer = capture.buffer(session.size);
    const frame = capture.capture(session, buffer);
    fixture.settle();
    hide(fixture.compositor);
    fixture.frames();
    expect(frame.events.at(-1)).toBe('ready');
    expect(buffer.pixel(0, 0) & 0xffffff).toBe(RED);
  });
});

test('a window that changes its size has new constraints; the frame under way fails by them', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(20, 20, RED);
    const capture = new CaptureClient(fixture.connect());
    const [source] = capture.toplevelSources(() => fixture.settle());
    if (!source) throw new Error('no window listed');
    const session = capture.session(source);
    fixture.settle();
    const buffer = capture.buffer(session.size);
    const first = capture.capture(session, buffer);
    fixture.frames();
    first.proxy.destroy();
    const frame = capture.capture(session, buffer);
    client.draw(window, 30, 25, RED);
    fixture.frames();
    expect(frame.events).toEqual(['failed 1']);
    expect(session).toMatchObject({ size: { width: 30, height: 25 }, done: 2 });
    frame.proxy.destroy();
    const again = capture.capture(session, capture.buffer(session.size));
    fixture.frames();
    expect(again.events).toEqual(['transform 0', 'damage 0,0 30x25', 'time', 'ready']);
  });
});

test('a window that goes stops its sessions', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(20, 20, RED);
    const capture = new CaptureClient(fixture.connect());
    const [source] = capture.toplevelSources(() => fixture.settle());
    if (!source) throw new Error('no window listed');
    const session = capture.session(source);
    fixture.settle();
    window.toplevel.destroy();
    fixture.settle();
    expect(session.stopped).toBe(1);
  });
});
