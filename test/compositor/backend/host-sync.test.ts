/** Explicit sync through a nested compositor: acquire fences never reach the host unsignalled, the host's releases reach the client. */
import { expect, test } from 'vitest';
import type { SimFence } from '../../../devices/simulated/sim-fence.ts';
import type { SyncobjDevice } from '../../../devices/syncobj-device.ts';
import type { Surface } from '../../../compositor/surface/surface.ts';
import type { WpLinuxDrmSyncobjSurfaceV1Proxy } from '../../../protocols/generated/linux-drm-syncobj-v1.client.ts';
import type { WlBufferProxy } from '../../../protocols/generated/wayland.client.ts';
import type { SyncTraceEvent } from '../../../sync/trace.ts';
import { withDescriptors } from '../../support/few-descriptors.ts';
import type { TestTimeline } from '../../support/compositor-client.ts';
import { type NestedClient, type NestedFixture, withNested } from '../../support/nested-fixture.ts';
import type { TestWindow } from '../../support/shell-client.ts';
import { ENODEV } from '../../../native/errno.ts';

const SECOND = 1_000_000_000n;
const RED = 0xff0000;
const GREEN = 0x00ff00;
const BLUE = 0x0000ff;
const SIDE = 64;
/** Inside the window. */
const AT = [50, 50] as const;

interface Image {
  readonly buffer: WlBufferProxy;
  /** Acquire points 1, 3, 5…, release points 2, 4, 6…, on timelines of its own. */
  readonly acquire: TestTimeline;
  readonly release: TestTimeline;
  point: bigint;
}

/** A window whose content is dma-bufs with explicit sync, of a client on a GPU of its own. */
class SyncWindow {
  readonly client: NestedClient;
  readonly device: SyncobjDevice;
  readonly window: TestWindow;
  readonly sync: WpLinuxDrmSyncobjSurfaceV1Proxy;
  readonly #fixture: NestedFixture;

  constructor(fixture: NestedFixture, gpu = 'sim:1') {
    this.#fixture = fixture;
    this.client = fixture.connect();
    this.device = this.client.openGpu(gpu);
    this.window = this.client.window(SIDE, SIDE, RED);
    this.sync = this.client.syncobj.getSurface(this.window.surface);
  }

  image(colour: number): Image {
    return {
      buffer: this.client.dmabuf(SIDE, SIDE, colour, this.device.id),
      acquire: this.client.timeline(this.device),
      release: this.client.timeline(this.device),
      point: 0n,
    };
  }

  /** Commits it; its work is submitted by the caller, before or after. */
  commit(image: Image): bigint {
    const { surface } = this.window;
    const point = ++image.point;
    this.sync.setAcquirePoint(image.acquire.proxy, 0, Number(point));
    this.sync.setReleasePoint(image.release.proxy, 0, Number(point));
    surface.attach(image.buffer, 0, 0);
    surface.damageBuffer(0, 0, SIDE, SIDE);
    surface.commit();
    this.#fixture.settle();
    return point;
  }

  /** Shows a finished image. */
  show(image: Image): void {
    image.acquire.signal(image.point + 1n);
    this.commit(image);
    this.#fixture.frames();
  }

  /** The host's surface of this window's layer: the one that shows `colour` on top. */
  hostSurface(): Surface {
    const surfaces = [...this.#fixture.host.surfaces].filter(
      ({ roleName, current }) => roleName === 'wl_subsurface' && current.content,
    );
    const [surface, ...others] = surfaces;
    if (!surface || others.length > 0) throw new Error(`${surfaces.length} layers in the host`);
    return surface;
  }
}

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

test('a host that never releases after a GPU went is not waited for without end', async () => {
  await withNested({}, (fixture) => {
    const window = new SyncWindow(fixture);
    const images = [window.image(GREEN), window.image(BLUE), window.image(RED)] as const;
    const [first, second, third] = images;
    for (const image of images) window.show(image);
    window.show(first);
    // The host forgets two of them, and shows the third.
    const readers = [window.hostSurface().current.content?.hold()];
    window.show(second);
    readers.push(window.hostSurface().current.content?.hold());
    fixture.advance(60n * SECOND);
    expect(first.release.signalled).toBe(1n);
    fixture.kernel.removeDevice('sim:0');
    fixture.advance(SECOND);
    expect(first.release.signalled).toBe(1n);
    fixture.advance(60n * SECOND);
    expect(first.release.signalled).toBe(2n);
    // On screen: not taken from the host before there is something newer, and then only after a while.
    expect(second.release.signalled).toBe(1n);
    window.show(third);
    expect(second.release.signalled).toBe(1n);
    fixture.advance(60n * SECOND);
    expect(second.release.signalled).toBe(2n);
    expect(fixture.backend).toMatchObject({ overdue: 2, inHost: 1 });
    for (const reader of readers) reader?.end();
    window.show(first);
    expect(fixture.pixel(...AT)).toBe(GREEN);
  });
});

test('a host that recovered is waited for again', async () => {
  await withNested({ inner: { syncForShm: false } }, (fixture) => {
    const client = fixture.connect();
    const window = client.window(SIDE, SIDE, RED);
    const [green, blue] = [
      client.sealedBuffer(SIDE, SIDE, GREEN),
      client.sealedBuffer(SIDE, SIDE, BLUE),
    ];
    let released = 0;
    blue.handler = { release: () => released++ };
    const show = (buffer: WlBufferProxy): void => {
      window.surface.attach(buffer, 0, 0);
      window.surface.damageBuffer(0, 0, SIDE, SIDE);
      window.surface.commit();
      fixture.frames();
    };
    const shown = (): Surface => {
      const [surface] = [...fixture.host.surfaces].filter(
        ({ roleName, current }) => roleName === 'wl_subsurface' && current.content,
      );
      if (!surface) throw new Error('the host shows nothing');
      return surface;
    };
    for (const buffer of [green, blue, green]) show(buffer);
    fixture.kernel.removeDevice('sim:0');
    // It lets go of what it was given since.
    for (const buffer of [blue, green, blue]) show(buffer);
    expect(released).toBe(2);
    const reader = shown().current.content?.hold();
    show(green);
    fixture.advance(60n * SECOND);
    expect(released).toBe(2);
    expect(fixture.backend).toMatchObject({ overdue: 0 });
    // Until another GPU goes.
    fixture.kernel.removeDevice('sim:1');
    fixture.advance(60n * SECOND);
    expect(released).toBe(3);
    expect(fixture.backend).toMatchObject({ overdue: 1 });
    reader?.end();
  });
});

test.each(['explicit', 'implicit'])(
  'a buffer of a frame that was given up comes back, %s sync',
  async (kind) => {
    await withNested({}, (fixture) => {
      const window = new SyncWindow(fixture);
      const [green, blue] = [window.image(GREEN), window.image(BLUE)];
      for (const image of [green, blue, green, blue]) window.show(image);
      if (kind === 'implicit') window.sync.destroy();
      let released = 0;
      green.buffer.handler = { release: () => released++ };
      const commit = (image: Image): void => {
        if (kind === 'explicit') {
          image.acquire.signal(image.point + 1n);
          window.commit(image);
          return;
        }
        window.window.surface.attach(image.buffer, 0, 0);
        window.window.surface.damageBuffer(0, 0, SIDE, SIDE);
        window.window.surface.commit();
        fixture.settle();
      };
      // Above it, so that it is shown after it: its new buffer takes a descriptor to tell the host of.
      const other = fixture.connect();
      const above = other.window(8, 8, RED);
      above.surface.attach(other.sealedBuffer(8, 8, BLUE), 0, 0);
      above.surface.damageBuffer(0, 0, 8, 8);
      above.surface.commit();
      commit(green);
      withDescriptors(0, () => fixture.clock.advanceBy(SECOND / 500n));
      expect(fixture.logged).toContainEqual(expect.stringContaining('could not be shown'));
      commit(blue);
      fixture.frames();
      commit(green);
      fixture.frames();
      commit(blue);
      fixture.frames();
      expect(fixture.pixel(...AT)).toBe(BLUE);
      if (kind === 'explicit') expect(green.release.signalled).toBe(green.point);
      else expect(released).toBe(2);
      expect(fixture.backend).toMatchObject({ inHost: 2 });
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
