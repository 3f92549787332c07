/** Acquire fences and release points: order, failure, device loss, going away. */
import { expect, test } from 'vitest';
import type { WpLinuxDrmSyncobjSurfaceV1Proxy } from '../../../protocols/generated/linux-drm-syncobj-v1.client.ts';
import type { WlSurfaceProxy } from '../../../protocols/generated/wayland.client.ts';
import type { Surface } from '../../../compositor/surface/surface.ts';
import type { TestBuffer, TestClient, TestTimeline } from '../../support/compositor-client.ts';
import { MS, withCompositor, type CompositorFixture } from '../../support/compositor-fixture.ts';
import { ENODEV } from '../../../native/errno.ts';

/** A window with explicit sync: acquire points on one timeline, a release timeline for each buffer. */
class SyncedWindow {
  readonly proxy: WlSurfaceProxy;
  readonly surface: Surface;
  readonly sync: WpLinuxDrmSyncobjSurfaceV1Proxy;
  readonly acquire: TestTimeline;
  /** Widths of the content shown, in order of application. */
  readonly shown: number[] = [];
  readonly #client: TestClient;
  #point = 0;

  constructor(client: TestClient) {
    const { proxy, surface } = client.createSurface();
    this.#client = client;
    this.proxy = proxy;
    this.surface = surface;
    this.sync = client.syncobj.getSurface(proxy);
    this.acquire = client.timeline();
    surface.onApplied(({ state }) => this.shown.push(state.width));
  }

  /** Commits a buffer of its own width with the next acquire point. */
  commit(
    width: number,
    buffer = this.#client.shmBuffer(width, 2),
  ): { buffer: TestBuffer; release: TestTimeline; point: bigint } {
    const release = this.#client.timeline();
    const point = ++this.#point;
    this.sync.setAcquirePoint(this.acquire.proxy, 0, point);
    this.sync.setReleasePoint(release.proxy, 0, 1);
    this.proxy.attach(buffer.proxy, 0, 0);
    this.proxy.commit();
    return { buffer, release, point: BigInt(point) };
  }
}

function withWindow(
  run: (window: SyncedWindow, fixture: CompositorFixture, client: TestClient) => void,
): void {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    run(new SyncedWindow(client), fixture, client);
  });
}

test('wait before submit: nothing is shown early, other clients go on', () => {
  withWindow((window, fixture) => {
    window.commit(3);
    fixture.settle();
    const other = fixture.connect();
    const bystander = other.createSurface();
    bystander.proxy.attach(other.shmBuffer().proxy, 0, 0);
    bystander.proxy.commit();
    fixture.advance(500n * MS);
    expect(bystander.surface.mapped).toBe(true);
    expect(window.shown).toEqual([]);
    window.acquire.signal(1n);
    fixture.settle();
    expect(window.shown).toEqual([3]);
  });
});

test('a point that had signalled before the commit applies the update within it', () => {
  withWindow((window, fixture) => {
    window.acquire.signal(1n);
    window.commit(3);
    fixture.settle();
    expect(window.shown).toEqual([3]);
    const committed = fixture.trace.find(({ type }) => type === 'commit');
    const applied = fixture.trace.find(({ type }) => type === 'applied');
    expect(applied?.timeNs).toBe(committed?.timeNs);
  });
});

test('updates apply in commit order although their fences signal in reverse', () => {
  withWindow((window, fixture) => {
    window.commit(3);
    window.commit(4);
    window.commit(5);
    fixture.settle();
    const fences = [1n, 2n, 3n].map((point) => window.acquire.submit(point));
    fixture.settle();
    fences[2]?.signal();
    fences[1]?.signal();
    fixture.settle();
    expect(window.shown).toEqual([]);
    fences[0]?.signal();
    fixture.settle();
    expect(window.shown).toEqual([3, 4, 5]);
  });
});

test('what ready updates supersede is released at once, what is shown is not, each once', () => {
  withWindow((window, fixture) => {
    const commits = [window.commit(3), window.commit(4), window.commit(5)];
    fixture.settle();
    window.acquire.signal(3n);
    fixture.settle();
    expect(window.shown).toEqual([3, 4, 5]);
    expect(commits.map(({ release }) => release.signalled)).toEqual([1n, 1n, 0n]);
    expect(commits.map(({ buffer }) => buffer.releases)).toEqual([1, 1, 0]);
    window.proxy.attach(null, 0, 0);
    window.proxy.commit();
    fixture.settle();
    expect(commits.map(({ release }) => release.signalled)).toEqual([1n, 1n, 1n]);
    expect(commits.map(({ buffer }) => buffer.releases)).toEqual([1, 1, 1]);
    const released = fixture.trace.filter(({ type }) => type === 'released');
    expect(released.map(({ update }) => update)).toEqual([1, 2, 3]);
  });
});

test('one buffer in two commits: two release points, one wl_buffer.release', () => {
  withWindow((window, fixture, client) => {
    const buffer = client.shmBuffer(6, 2);
    const first = window.commit(6, buffer);
    const second = window.commit(6, buffer);
    window.acquire.signal(2n);
    fixture.settle();
    expect([first.release.signalled, second.release.signalled]).toEqual([1n, 0n]);
    expect(buffer.releases).toBe(0);
    window.proxy.attach(null, 0, 0);
    window.proxy.commit();
    fixture.settle();
    expect(second.release.signalled).toBe(1n);
    expect(buffer.releases).toBe(1);
  });
});

test('a destroyed surface releases what it shows and what waits, without waiting for fences', () => {
  withWindow((window, fixture) => {
    window.acquire.signal(1n);
    const commits = [window.commit(3), window.commit(4), window.commit(5)];
    fixture.settle();
    expect(window.shown).toEqual([3]);
    window.sync.destroy();
    window.proxy.destroy();
    fixture.settle();
    expect(commits.map(({ release }) => release.signalled)).toEqual([1n, 1n, 1n]);
    expect(commits.map(({ buffer }) => buffer.releases)).toEqual([1, 1, 1]);
    expect(fixture.core.stats().sync.counts.waits).toBe(0);
  });
});

test('a client that exits while waiting gets all its release points signalled', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const survivor = fixture.connect();
    const window = new SyncedWindow(client);
    window.acquire.signal(1n);
    const commits = [window.commit(3), window.commit(4)];
    fixture.settle();
    // Somebody else still looks at the client's timelines.
    const watchers = commits.map(({ release }) => {
      const fd = release.device.exportTimelineFd(release.handle);
      const node = fixture.kernel.listNodes()[0];
      if (!node) throw new Error('no device');
      const device = survivor.keep(fixture.kernel.openDevice(node));
      const handle = device.importTimeline(fd.fd);
      fd.close();
      return () => {
        const points = new BigUint64Array(1);
        device.query(Uint32Array.of(handle), points, 1, 'signalled');
        return points[0];
      };
    });
    client.close();
    fixture.settle();
    expect(watchers.map((signalled) => signalled())).toEqual([1n, 1n]);
    expect(fixture.core.surfaces.size).toBe(0);
  });
});

test('buffer destroyed while its update waits: shown all the same', () => {
  withWindow((window, fixture) => {
    const { buffer, release } = window.commit(7);
    buffer.proxy.destroy();
    fixture.settle();
    window.acquire.signal(1n);
    fixture.settle();
    expect(window.shown).toEqual([7]);
    expect(window.surface.current.content?.content.read(() => undefined)).toBe('ok');
    window.proxy.destroy();
    fixture.settle();
    expect(release.signalled).toBe(1n);
  });
});

test('a failed fence: last good content stays, other state applies, buffer and point are released, one line', () => {
  withWindow((window, fixture) => {
    window.acquire.signal(1n);
    window.commit(3);
    fixture.settle();
    const frames: number[] = [];
    const failing = [4, 5].map((width) => {
      window.proxy.frame().handler = { done: () => frames.push(width) };
      window.proxy.setBufferTransform(1);
      return window.commit(width);
    });
    fixture.settle();
    window.acquire.submit(2n).fail(ENODEV);
    fixture.settle();
    window.acquire.submit(3n).fail(ENODEV);
    fixture.settle();
    expect(window.surface.current.content?.content.width).toBe(3);
    expect(window.surface.current.bufferTransform).toBe(1);
    expect(failing.map(({ release }) => release.signalled)).toEqual([1n, 1n]);
    expect(failing.map(({ buffer }) => buffer.releases)).toEqual([1, 1]);
    fixture.frame();
    expect(frames).toEqual([4, 5]);
    expect(fixture.core.stats().updates).toMatchObject({ dropped: 2, failed: 2, shownAnyway: 0 });
    expect(fixture.logged.filter((line) => line.includes('failed (errno 19)'))).toHaveLength(1);
    const shown = fixture.trace.flatMap((event) => (event.type === 'applied' ? [event.shown] : []));
    expect(shown).toEqual([true, false, false]);
    const good = window.commit(8);
    window.acquire.signal(good.point);
    fixture.settle();
    expect(window.surface.current.content?.content.width).toBe(8);
  });
});

test('show-anyway shows the failed buffer and counts it', () => {
  withCompositor({ failurePolicy: 'show-anyway' }, (fixture) => {
    const window = new SyncedWindow(fixture.connect());
    window.commit(3);
    fixture.settle();
    window.acquire.submit(1n).fail(ENODEV);
    fixture.settle();
    expect(window.surface.current.width).toBe(3);
    expect(fixture.core.stats().updates).toMatchObject({ dropped: 0, failed: 1, shownAnyway: 1 });
  });
});

test('disconnect ends the client whose fence failed, and nobody else', () => {
  withCompositor({ failurePolicy: 'disconnect' }, (fixture) => {
    const client = fixture.connect();
    const bystander = fixture.connect();
    const window = new SyncedWindow(client);
    const { release } = window.commit(3);
    fixture.settle();
    window.acquire.submit(1n).fail(ENODEV);
    fixture.settle();
    expect(client.error).toMatchObject({ interface: 'wl_display', code: 3 });
    expect(release.signalled).toBe(1n);
    expect(bystander.error).toBeUndefined();
  });
});

test('the import device goes while an update waits: it is shown once its point signals elsewhere', () => {
  withWindow((window, fixture) => {
    const { release } = window.commit(3);
    fixture.settle();
    fixture.kernel.removeDevice('sim:0');
    fixture.advance(100n * MS);
    expect(window.shown).toEqual([]);
    window.acquire.signal(1n);
    fixture.advance(100n * MS);
    expect(window.shown).toEqual([3]);
    window.proxy.attach(null, 0, 0);
    window.proxy.commit();
    fixture.settle();
    expect(release.signalled).toBe(1n);
  });
});

test('without the protocol: a dma-buf is shown when its implicit fence has signalled', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const { proxy, surface } = client.createSurface();
    const dmabuf = client.dmabufFd(64);
    const fence = fixture.kernel.createFence();
    const syncFile = fence.exportSyncFile();
    fixture.kernel.dmabufs.importSyncFile(dmabuf, syncFile.fd, 'write');
    syncFile.close();
    proxy.attach(client.dmabufBuffer(dmabuf).proxy, 0, 0);
    proxy.commit();
    fixture.settle();
    expect(surface.mapped).toBe(false);
    expect(surface.waiting).toMatchObject([{ type: 'acquire', point: null }]);
    fence.signal();
    fixture.settle();
    expect(surface.mapped).toBe(true);
  });
});

test('without the protocol: a failed implicit fence keeps the last good content', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const { proxy, surface } = client.createSurface();
    proxy.attach(client.shmBuffer(5, 5).proxy, 0, 0);
    proxy.commit();
    const dmabuf = client.dmabufFd(64);
    const fence = fixture.kernel.createFence();
    const syncFile = fence.exportSyncFile();
    fixture.kernel.dmabufs.importSyncFile(dmabuf, syncFile.fd, 'write');
    syncFile.close();
    const buffer = client.dmabufBuffer(dmabuf);
    proxy.attach(buffer.proxy, 0, 0);
    proxy.commit();
    fixture.settle();
    fence.fail(ENODEV);
    fixture.settle();
    expect(surface.current.width).toBe(5);
    expect(buffer.releases).toBe(1);
  });
});

test('get_release fires when the commit lets its buffer go, per commit', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const { proxy } = client.createSurface();
    const buffer = client.shmBuffer();
    const done: string[] = [];
    for (const name of ['first', 'second']) {
      proxy.attach(buffer.proxy, 0, 0);
      proxy.getRelease().handler = { done: () => done.push(name) };
      proxy.commit();
    }
    fixture.settle();
    expect(done).toEqual(['first']);
    proxy.attach(null, 0, 0);
    proxy.commit();
    fixture.settle();
    expect(done).toEqual(['first', 'second']);
  });
});
