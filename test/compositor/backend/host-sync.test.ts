/** Explicit sync through a nested compositor: acquire fences never reach the host unsignalled, the host's releases reach the client. */
import { expect, test } from 'vitest';
import type { SimFence } from '../../../devices/simulated/sim-fence.ts';
import type { WlBufferProxy } from '../../../protocols/generated/wayland.client.ts';
import type { SyncTraceEvent } from '../../../sync/trace.ts';
import { withDescriptors } from '../../support/few-descriptors.ts';
import { withNested } from '../../support/nested-fixture.ts';
import { AT, SIDE, SyncWindow } from '../../support/sync-window.ts';
import { ENODEV } from '../../../native/errno.ts';

const SECOND = 1_000_000_000n;
const RED = 0xff0000;
const GREEN = 0x00ff00;
const BLUE = 0x0000ff;

test('a buffer reaches the host when its acquire point has signalled, not before', async () => {
  await withNested({}, (fixture) => {
    const window = new SyncWindow(fixture);
    const image = window.image(GREEN);
    const point = window.commit(image);
    fixture.advance(SECOND);
    expect(fixture.pixel(...AT)).toBe(RED);
    const fence = image.acquire.submit(point);
    fixture.advance(SECOND);
    expect(fixture.pixel(...AT)).toBe(RED);
    fence.signal();
    fixture.frames();
    expect(fixture.pixel(...AT)).toBe(GREEN);
    expect(fixture.backend).toMatchObject({ mode: 'pass-through', explicitSync: true });
    window.show(window.image(BLUE));
    expect(fixture.pixel(...AT)).toBe(BLUE);
  });
});

test('a buffer whose fence failed is never shown by the host, and comes back', async () => {
  await withNested({}, (fixture) => {
    const window = new SyncWindow(fixture);
    window.show(window.image(GREEN));
    const image = window.image(BLUE);
    const fence = image.acquire.submit(1n);
    window.commit(image);
    fixture.frames();
    fence.fail(ENODEV);
    fixture.frames();
    expect(fixture.pixel(...AT)).toBe(GREEN);
    expect(image.release.signalled).toBe(1n);
    expect(window.client.error).toBeUndefined();
  });
});

test('the crop meant for a buffer that failed does not make the host angry', async () => {
  const { WpViewporterProxy } = await import('../../../protocols/generated/viewporter.client.ts');
  const pictures: Uint32Array[] = [];
  for (const mode of ['composited', 'pass-through'] as const) {
    await withNested({ mode }, (fixture) => {
      const window = new SyncWindow(fixture);
      window.show(window.image(GREEN));
      // Within a buffer of twice the size, which fails; outside of the one that stays.
      const viewport = window.client.bind(WpViewporterProxy).getViewport(window.window.surface);
      const large = window.client.dmabuf(2 * SIDE, 2 * SIDE, BLUE, window.device.id);
      const image = { ...window.image(BLUE), buffer: large };
      const fence = image.acquire.submit(1n);
      viewport.setSource(SIDE, SIDE, SIDE, SIDE);
      window.commit(image);
      fence.fail(ENODEV);
      fixture.frames();
      expect(fixture.lost).toBeUndefined();
      if (mode === 'pass-through')
        expect(fixture.counts.copied).toHaveProperty(['crop outside of the buffer']);
      pictures.push(fixture.picture());
    });
  }
  expect(pictures[1]).toEqual(pictures[0]);
});

test('the client’s release point waits for the host’s', async () => {
  await withNested({}, (fixture) => {
    const window = new SyncWindow(fixture);
    const [first, second] = [window.image(GREEN), window.image(BLUE)];
    window.show(first);
    // Once more: the host has it as a dma-buf by now.
    window.show(first);
    expect(first.release.signalled).toBe(1n);
    const reader = window.hostSurface().current.content?.hold();
    window.show(second);
    expect(fixture.pixel(...AT)).toBe(BLUE);
    fixture.advance(SECOND);
    expect(first.release.signalled).toBe(1n);
    reader?.end();
    fixture.frames();
    expect(first.release.signalled).toBe(2n);
    expect(fixture.backend).toMatchObject({ inHost: 1, overdue: 0 });
  });
});

test('the host’s release fence is in the client’s release point before it has signalled', async () => {
  await withNested({}, (fixture) => {
    const window = new SyncWindow(fixture);
    const [first, second] = [window.image(GREEN), window.image(BLUE)];
    window.show(first);
    window.show(first);
    const reader = window.hostSurface().current.content?.hold();
    window.show(second);
    const fence: SimFence = fixture.kernel.createFence({ deviceId: 'sim:0' });
    reader?.end(fence.exportSyncFile());
    fixture.frames();
    const submitted = (): bigint => {
      const points = new BigUint64Array(1);
      const { device, handle } = first.release;
      device.query(Uint32Array.of(handle), points, 1, 'submitted');
      return points[0] ?? 0n;
    };
    expect(submitted()).toBe(2n);
    expect(first.release.signalled).toBe(1n);
    fence.signal();
    fixture.frames();
    expect(first.release.signalled).toBe(2n);
  });
});

/** Every release point that was made is signalled once. */
function judgeReleases(events: readonly SyncTraceEvent[], owner: string): void {
  const count = new Map<string, number>();
  for (const event of events) {
    if (event.type !== 'release-created' && event.type !== 'release-signalled') continue;
    if (event.owner !== owner) continue;
    const key = `${event.timelineId}:${event.point}`;
    count.set(key, (count.get(key) ?? 0) + (event.type === 'release-created' ? 100 : 1));
  }
  expect(count.size).toBeGreaterThan(0);
  expect([...count].filter(([, times]) => times !== 101)).toEqual([]);
}

test.each([
  ['the compositors’ GPU', ['sim:0']],
  ['the client’s GPU', ['sim:1']],
  ['both', ['sim:0', 'sim:1']],
  ['both, and one comes back', ['sim:0', 'sim:1', '+sim:0']],
])('unplug of %s in the middle: nothing is lost', async (_, steps) => {
  const events: SyncTraceEvent[] = [];
  await withNested({ inner: { syncTrace: (event) => events.push(event) } }, (fixture) => {
    const window = new SyncWindow(fixture, 'sim:1');
    const images = [window.image(0x111111), window.image(0x222222), window.image(0x333333)];
    for (let round = 0; round < 6; round++) {
      const image = images[round % 3];
      if (image) window.show(image);
    }
    expect(fixture.pixel(...AT)).toBe(0x333333);
    const [waiting] = images;
    if (!waiting) throw new Error('no image');
    // One waits, one is shown and one on its way back at the moment of the unplug.
    const fence = waiting.acquire.submit(waiting.point + 1n);
    window.commit(waiting);
    for (const step of steps) {
      if (step.startsWith('+')) fixture.kernel.addDevice({ id: step.slice(1) });
      else fixture.kernel.removeDevice(step, { pendingFences: 'leave' });
      fixture.advance(SECOND);
    }
    fence.signal();
    fixture.frames();
    expect(fixture.pixel(...AT)).toBe(0x111111);
    expect(window.client.error).toBeUndefined();
    expect(fixture.lost).toBeUndefined();
    // Everybody goes on, a client without explicit sync too.
    const other = fixture.connect();
    const plain = other.window(SIDE, SIDE, BLUE);
    fixture.frames();
    expect(plain.closes).toBe(0);
    window.sync.destroy();
    window.window.surface.attach(window.client.sealedBuffer(SIDE, SIDE, GREEN), 0, 0);
    window.window.surface.damageBuffer(0, 0, SIDE, SIDE);
    window.window.surface.commit();
    fixture.frames();
    expect(fixture.pixel(...AT)).toBe(GREEN);
    if (steps.includes('sim:0') && steps.includes('sim:1') && !steps.includes('+sim:0'))
      fixture.kernel.addDevice({ id: 'sim:0' });
    fixture.advance(SECOND);
    judgeReleases(events, 'client 1');
    expect(fixture.inner.stats().sync).toMatchObject({
      releasesOwed: 0,
      counters: { releasesAbandoned: 0 },
    });
  });
});

test('with no GPU left to make points with, dma-bufs go on without explicit sync', async () => {
  await withNested({}, (fixture) => {
    const client = fixture.connect();
    const window = client.window(SIDE, SIDE, RED);
    const show = (buffer: WlBufferProxy): void => {
      window.surface.attach(buffer, 0, 0);
      window.surface.damageBuffer(0, 0, SIDE, SIDE);
      window.surface.commit();
      fixture.frames();
    };
    const [green, blue] = [client.dmabuf(SIDE, SIDE, GREEN), client.dmabuf(SIDE, SIDE, BLUE)];
    let released = 0;
    green.handler = { release: () => released++ };
    show(green);
    show(blue);
    fixture.kernel.removeDevice('sim:0');
    fixture.kernel.removeDevice('sim:1');
    fixture.advance(SECOND);
    for (let round = 1; round <= 3; round++) {
      show(green);
      expect(fixture.pixel(...AT)).toBe(GREEN);
      show(blue);
      expect(fixture.pixel(...AT)).toBe(BLUE);
    }
    expect(released).toBe(4);
    expect(fixture.lost).toBeUndefined();
  });
});

test.each([0, 1, 2, 3, 4, 5])(
  'with %i descriptors left a frame that needs new points goes on without explicit sync',
  async (left) => {
    await withNested({}, (fixture) => {
      const window = new SyncWindow(fixture);
      const [green, blue] = [window.image(GREEN), window.image(BLUE)];
      for (const image of [green, blue, green]) window.show(image);
      // Its points are not free for another use.
      const reader = window.hostSurface().current.content?.hold();
      window.show(blue);
      green.acquire.signal(green.point + 1n);
      window.commit(green);
      withDescriptors(left, () => fixture.clock.advanceBy(SECOND / 500n));
      fixture.frames();
      expect(fixture.pixel(...AT)).toBe(GREEN);
      reader?.end();
      window.show(blue);
      expect(green.release.signalled).toBe(3n);
      expect(fixture.pixel(...AT)).toBe(BLUE);
    });
  },
);

test('the host goes: every release is signalled once, and the reason is told', async () => {
  const events: SyncTraceEvent[] = [];
  await withNested({ inner: { syncTrace: (event) => events.push(event) } }, (fixture) => {
    const window = new SyncWindow(fixture);
    const images = [window.image(GREEN), window.image(BLUE)];
    for (const image of [...images, ...images]) window.show(image);
    const reader = window.hostSurface().current.content?.hold();
    window.show(images[0] ?? window.image(GREEN));
    for (const client of fixture.host.display.clients) client.disconnect();
    fixture.settle();
    expect(fixture.lost).toMatch(/^the host compositor is gone/);
    // The buffer on screen is the surface's own; the one the host had not given back is free.
    expect(images[1]?.release.signalled).toBe(2n);
    window.window.surface.destroy();
    fixture.settle();
    expect(images[0]?.release.signalled).toBe(3n);
    judgeReleases(events, 'client 1');
    reader?.end();
  });
});
