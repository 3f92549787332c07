/** Captures and explicit sync: what is captured is in use until it is copied; where it goes to is free before it is written. */
import { expect, test } from 'vitest';
import { native } from '../../../native/binding.ts';
import { ZwpLinuxDmabufV1Proxy } from '../../../protocols/generated/linux-dmabuf-v1.client.ts';
import { WpLinuxDrmSyncobjManagerV1Proxy } from '../../../protocols/generated/linux-drm-syncobj-v1.client.ts';
import type { SyncobjDevice } from '../../../devices/syncobj-device.ts';
import { CaptureClient, pixelReader } from '../../support/capture-client.ts';
import { withDesktop, type DesktopFixture } from '../../support/desktop-fixture.ts';

const RED = 0xff0000;
const GREEN = 0x00ff00;
const OPAQUE = 0xff00_0000;
const DRM_XRGB8888 = 0x34325258;

function openGpu(fixture: DesktopFixture): SyncobjDevice {
  const [node] = fixture.kernel.listNodes();
  if (!node) throw new Error('no GPU');
  return fixture.kernel.openDevice(node);
}

/** To the next timer: a latch, or a frame seen. */
function toNextDeadline(fixture: DesktopFixture): void {
  const nextNs = fixture.clock.nextDeadlineNs();
  if (nextNs === undefined) throw new Error('nothing is due');
  fixture.clock.advanceTo(nextNs);
  fixture.compositor.display.flush();
  fixture.settle();
}

test('a captured buffer’s release point waits for the copy', () => {
  withDesktop({ gpus: 1 }, (fixture) => {
    const device = openGpu(fixture);
    const client = fixture.connect();
    const capture = new CaptureClient(fixture.connect());
    const handle = device.createTimeline();
    const signalled = (): bigint => {
      const points = new BigUint64Array(1);
      device.query(Uint32Array.of(handle), points, 1, 'signalled');
      return points[0] ?? 0n;
    };
    const manager = client.bind(WpLinuxDrmSyncobjManagerV1Proxy);
    const exported = device.exportTimelineFd(handle);
    const acquires = device.createTimeline();
    device.signal(Uint32Array.of(acquires), BigUint64Array.of(9n), 1);
    const exportedAcquires = device.exportTimelineFd(acquires);
    const releases = manager.importTimeline(exported.fd);
    const acquireTimeline = manager.importTimeline(exportedAcquires.fd);
    exported.close();
    exportedAcquires.close();
    const window = client.openWindow(400, 300);
    const sync = manager.getSurface(window.surface);
    const show = (colour: number, point: number): void => {
      sync.setAcquirePoint(acquireTimeline, 0, 1);
      sync.setReleasePoint(releases, 0, point);
      client.draw(window, 400, 300, colour);
    };
    show(RED, 1);
    fixture.frames();
    const session = capture.session(capture.outputSource());
    fixture.settle();
    const buffer = capture.buffer(session.size);
    const first = capture.capture(session, buffer);
    fixture.frames();
    first.proxy.destroy();
    show(GREEN, 2);
    const frame = capture.capture(session, buffer);
    fixture.settle();
    expect(signalled()).toBe(1n);
    // The latch: green is what the frame and the capture show.
    toNextDeadline(fixture);
    show(RED, 3);
    fixture.settle();
    expect(frame.events).toEqual([]);
    expect(signalled()).toBe(1n);
    // Seen, and copied: now nobody needs green.
    toNextDeadline(fixture);
    expect(frame.events.at(-1)).toBe('ready');
    expect(buffer.pixel(200, 200) >>> 0).toBe((OPAQUE | GREEN) >>> 0);
    expect(signalled()).toBe(2n);
    device.close();
  });
});

test('a capture given up lets go of what it held', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(400, 300, RED);
    let released = 0;
    const held = client.buffer(400, 300, GREEN);
    held.handler = { release: () => released++ };
    const capture = new CaptureClient(fixture.connect());
    const session = capture.session(capture.outputSource());
    fixture.settle();
    window.surface.attach(held, 0, 0);
    window.surface.damageBuffer(0, 0, 400, 300);
    window.surface.commit();
    const frame = capture.capture(session, capture.buffer(session.size));
    fixture.settle();
    toNextDeadline(fixture);
    client.draw(window, 400, 300, RED);
    expect(released).toBe(0);
    frame.proxy.destroy();
    fixture.settle();
    expect(released).toBe(1);
  });
});

test('a dma-buf is written when its fences have signalled', () => {
  withDesktop({ gpus: 1 }, (fixture) => {
    fixture.connect().openWindow(400, 300, GREEN);
    const capture = new CaptureClient(fixture.connect());
    const session = capture.session(capture.outputSource());
    fixture.settle();
    const { width, height } = session.size;
    const stride = width * 4;
    const dmabuf = fixture.kernel.createDmabuf('sim:0', stride * height);
    const params = capture.client.bind(ZwpLinuxDmabufV1Proxy, 3).createParams();
    params.add(dmabuf.fd.fd, 0, 0, stride, 0, 0);
    const proxy = params.createImmed(width, height, DRM_XRGB8888, 0);
    const busy = fixture.kernel.createFence({ deviceId: 'sim:0' });
    const syncFile = busy.exportSyncFile();
    fixture.kernel.dmabufs.importSyncFile(dmabuf.fd.fd, syncFile.fd, 'read');
    syncFile.close();
    const frame = capture.capture(session, {
      proxy,
      memory: dmabuf.fd,
      pixel: pixelReader(dmabuf.fd, stride),
    });
    fixture.frames();
    expect(frame.events).toEqual([]);
    busy.signal();
    fixture.frames();
    expect(frame.events.at(-1)).toBe('ready');
    expect(pixelReader(dmabuf.fd, stride)(200, 200) & 0xff_ff_ff).toBe(GREEN);
    expect(native.pixmanLiveImages()).toBe(0);
    dmabuf.release();
  });
});
