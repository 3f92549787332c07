/** What one client may queue, and that nobody else feels it. */
import { expect, test } from 'vitest';
import { MAX_PENDING_UPDATES, SOFT_PENDING_UPDATES } from '../../../compositor/client-state.ts';
import { defaultBudgets } from '../../../sync/budget.ts';
import { withCompositor, type CompositorFixture } from '../../support/compositor-fixture.ts';
import type { TestClient, TestTimeline } from '../../support/compositor-client.ts';
import {
  WlSubcompositorProxy,
  type WlSurfaceProxy,
} from '../../../protocols/generated/wayland.client.ts';

const NO_MEMORY = 2;

/** Commits an update that waits for point 1 of a timeline, then `count` empty ones behind it. */
function block(
  fixture: CompositorFixture,
  client: TestClient,
  count: number,
): { proxy: WlSurfaceProxy; acquire: TestTimeline } {
  const { proxy } = client.createSurface();
  const sync = client.syncobj.getSurface(proxy);
  const acquire = client.timeline();
  sync.setAcquirePoint(acquire.proxy, 0, 1);
  sync.setReleasePoint(client.timeline().proxy, 0, 1);
  proxy.attach(client.shmBuffer().proxy, 0, 0);
  proxy.commit();
  fixture.settle();
  for (let index = 0; index < count; index++) proxy.commit();
  fixture.settle();
  return { proxy, acquire };
}

test('above the soft limit the client is not read any more; others are', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const bystander = fixture.connect();
    block(fixture, client, SOFT_PENDING_UPDATES - 1);
    expect(client.client.paused).toBe(false);
    block(fixture, bystander, 3);
    client.compositor.createSurface();
    fixture.settle();
    expect(client.client.paused).toBe(false);
  });
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const bystander = fixture.connect();
    const { acquire } = block(fixture, client, SOFT_PENDING_UPDATES);
    expect(client.client.paused).toBe(true);
    const { surface } = bystander.createSurface();
    expect(surface.destroyed).toBe(false);
    let answered = false;
    client.display.sync(() => {
      answered = true;
    });
    fixture.settle();
    expect(answered).toBe(false);
    acquire.signal(1n);
    fixture.settle();
    expect(client.client.paused).toBe(false);
    expect(answered).toBe(true);
    expect(fixture.core.stats().clients[0]?.pendingUpdates).toBe(0);
  });
});

test('updates that wait for a request of their own client never stop it from being read', () => {
  withCompositor({ budgets: { cachedUpdates: 600 } }, (fixture) => {
    const client = fixture.connect();
    const root = client.createSurface();
    const subcompositor = client.bind(WlSubcompositorProxy);
    const children = Array.from({ length: 300 }, () => {
      const proxy = client.compositor.createSurface();
      subcompositor.getSubsurface(proxy, root.proxy);
      return proxy;
    });
    for (const child of children) child.commit();
    fixture.settle();
    expect(fixture.core.stats().clients[0]).toMatchObject({
      pendingUpdates: 0,
      cachedUpdates: 300,
    });
    expect(client.client.paused).toBe(false);
    root.proxy.commit();
    fixture.settle();
    expect(fixture.core.stats().clients[0]).toMatchObject({ pendingUpdates: 0, cachedUpdates: 0 });
    expect(client.error).toBeUndefined();
  });
  withCompositor({ budgets: { cachedUpdates: 20 } }, (fixture) => {
    const client = fixture.connect();
    const root = client.createSurface();
    const subcompositor = client.bind(WlSubcompositorProxy);
    for (let count = 0; count < 21; count++) {
      const proxy = client.compositor.createSurface();
      subcompositor.getSubsurface(proxy, root.proxy);
      proxy.commit();
    }
    fixture.settle();
    expect(client.error).toMatchObject({ interface: 'wl_display', code: NO_MEMORY });
  });
});

test('the hard limit is no_memory, for that client alone', () => {
  const budgets = { pendingUpdates: { soft: Infinity, hard: MAX_PENDING_UPDATES } };
  withCompositor({ budgets }, (fixture) => {
    const client = fixture.connect();
    block(fixture, client, MAX_PENDING_UPDATES - 1);
    expect(client.error).toBeUndefined();
  });
  withCompositor({ budgets }, (fixture) => {
    const client = fixture.connect();
    const bystander = fixture.connect();
    block(fixture, client, MAX_PENDING_UPDATES);
    expect(client.error).toMatchObject({ interface: 'wl_display', code: NO_MEMORY });
    expect(bystander.error).toBeUndefined();
    expect(fixture.core.surfaces.size).toBe(0);
  });
});

test('buffers, descriptors and bytes are counted and limited', () => {
  withCompositor({ budgets: { buffers: 2, bufferFds: 8, bufferBytes: 4096 } }, (fixture) => {
    const client = fixture.connect();
    client.shmBuffer(4, 4);
    client.dmabufBuffer(client.dmabufFd(64));
    fixture.settle();
    expect(fixture.core.stats().clients[0]).toMatchObject({
      buffers: 2,
      bufferFds: 1,
      bufferBytes: 128,
    });
    client.shmBuffer(4, 4);
    fixture.settle();
    expect(client.error).toMatchObject({ interface: 'wl_display', code: NO_MEMORY });
  });
  withCompositor({ budgets: { bufferBytes: 4096 } }, (fixture) => {
    const client = fixture.connect();
    client.shm.createPool(client.memfd(8192).fd, 8192);
    fixture.settle();
    expect(client.error).toMatchObject({ interface: 'wl_display', code: NO_MEMORY });
  });
  withCompositor({ budgets: { bufferFds: 1 } }, (fixture) => {
    const client = fixture.connect();
    client.shm.createPool(client.memfd(64).fd, 64);
    client.shm.createPool(client.memfd(64).fd, 64);
    fixture.settle();
    expect(client.error).toMatchObject({ interface: 'wl_display', code: NO_MEMORY });
  });
});

test('what a client gives back is counted back', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const buffers = [client.shmBuffer(), client.dmabufBuffer(client.dmabufFd(64))];
    fixture.settle();
    for (const { proxy } of buffers) proxy.destroy();
    fixture.settle();
    expect(fixture.core.stats().clients[0]).toMatchObject({
      buffers: 0,
      bufferFds: 0,
      bufferBytes: 0,
    });
  });
});

test('never-signalled points on surfaces that are destroyed again: the kernel cannot forget them, so the client is stopped', () => {
  const limits = { ...defaultBudgets(1024).owner, registrations: { soft: 8, hard: 16 } };
  withCompositor({ syncBudgets: { owner: limits } }, (fixture) => {
    const client = fixture.connect();
    const bystander = fixture.connect();
    const timeline = client.timeline();
    const release = client.timeline();
    const buffer = client.shmBuffer(1, 1);
    let rounds = 0;
    for (; rounds < 64 && !client.error && !client.client.paused; rounds++) {
      const surface = client.compositor.createSurface();
      const sync = client.syncobj.getSurface(surface);
      // Descending: one armed for a later point cannot serve an earlier one.
      sync.setAcquirePoint(timeline.proxy, 0, 64 - rounds);
      sync.setReleasePoint(release.proxy, 0, rounds + 1);
      surface.attach(buffer.proxy, 0, 0);
      surface.commit();
      fixture.settle();
      sync.destroy();
      surface.destroy();
      fixture.settle();
    }
    expect(rounds).toBeLessThan(16);
    expect(bystander.client.paused).toBe(false);
    expect(bystander.error).toBeUndefined();
  });
});
