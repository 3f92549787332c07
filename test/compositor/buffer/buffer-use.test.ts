/** Holds on a buffer beyond the surface's own: captures, the host of a nested compositor. */
import { expect, test } from 'vitest';
import type { Surface } from '../../../compositor/surface/surface.ts';
import type { TestBuffer, TestClient, TestTimeline } from '../../support/compositor-client.ts';
import { withCompositor, type CompositorFixture } from '../../support/compositor-fixture.ts';
import { fenceOf } from '../../support/fence-of.ts';

interface Shown {
  readonly fixture: CompositorFixture;
  readonly client: TestClient;
  readonly surface: Surface;
  readonly buffer: TestBuffer;
  readonly release: TestTimeline;
  /** Takes the buffer off the surface. */
  detach(): void;
}

function withShown(run: (shown: Shown) => void): void {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const { proxy, surface } = client.createSurface();
    const sync = client.syncobj.getSurface(proxy);
    const acquire = client.timeline();
    const release = client.timeline();
    acquire.signal(1n);
    const buffer = client.shmBuffer();
    sync.setAcquirePoint(acquire.proxy, 0, 1);
    sync.setReleasePoint(release.proxy, 0, 1);
    proxy.attach(buffer.proxy, 0, 0);
    proxy.commit();
    fixture.settle();
    const detach = (): void => {
      proxy.attach(null, 0, 0);
      proxy.commit();
      fixture.settle();
    };
    run({ fixture, client, surface, buffer, release, detach });
  });
}

test('a hold outlives the surface content: nothing is released before it ends, once', () => {
  withShown(({ fixture, surface, buffer, release, detach }) => {
    const use = surface.current.content;
    const hold = use?.hold();
    detach();
    expect([release.signalled, buffer.releases]).toEqual([0n, 0]);
    expect(use?.content.read(() => undefined)).toBe('ok');
    hold?.end();
    hold?.end();
    fixture.settle();
    expect([release.signalled, buffer.releases]).toEqual([1n, 1]);
    expect(use?.ended).toBe(true);
    expect(() => use?.hold()).toThrow('after its use had ended');
  });
});

test('a hold that ends with a fence: the point carries it at once, and signals with it', () => {
  withShown(({ fixture, surface, buffer, release, detach }) => {
    const hold = surface.current.content?.hold();
    detach();
    const fence = fixture.kernel.createFence();
    hold?.end(fence.exportSyncFile());
    fixture.settle();
    expect(release.signalled).toBe(0n);
    // Materialised: the client can take it as a sync_file and go on.
    const syncFile = fenceOf(release.device, release.handle, 1n);
    syncFile.close();
    expect(buffer.releases).toBe(1);
    fence.signal();
    fixture.settle();
    expect(release.signalled).toBe(1n);
  });
});

test('a hold still there when the client goes ends quietly later', () => {
  withShown(({ fixture, client, surface }) => {
    const hold = surface.current.content?.hold();
    client.close();
    fixture.settle();
    hold?.end();
    fixture.settle();
    expect(fixture.core.surfaces.size).toBe(0);
  });
});
