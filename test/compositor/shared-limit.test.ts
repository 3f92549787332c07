/** What all clients together may hold: the shares of those who hold little, through the limit and through the protocol. */
import { expect, test } from 'vitest';
import { SharedLimit } from '../../compositor/shared-limit.ts';
import { DisplayError } from '../../protocols/server/protocol-error.ts';
import { MS, withCompositor } from '../support/compositor-fixture.ts';
import type { TestClient } from '../support/compositor-client.ts';

const NO_MEMORY = { interface: 'wl_display', object: 1, code: DisplayError.noMemory };

test('who comes first takes what there is, and no share of anybody else', () => {
  const limit = new SharedLimit(250, () => 4);
  const takeAll = (most: number): number => {
    let held = 0;
    for (; held < most && limit.hasRoom(held); held++) limit.add(1);
    return held;
  };
  expect([100, 100, 100, 100].map(takeAll)).toEqual([100, 100, 63, 63]);
  expect(limit.held).toBe(326);
  limit.add(-100);
  expect(limit.hasRoom(63)).toBe(true);
  expect(limit.hasRoom(63, 25)).toBe(false);
});

/** As many of them as the compositor lets it have. */
function takeUntilCut(client: TestClient, take: () => void, most = 200): number {
  for (let count = 0; count < most; count++) {
    take();
    if (client.settle()) return count;
  }
  throw new Error(`still served after ${most}`);
}

test('buffers, of all clients', () => {
  withCompositor({ totalBudgets: { buffers: 20 } }, (fixture) => {
    const modest = fixture.connect();
    const hog = fixture.connect();
    for (let count = 0; count < 3; count++) modest.shmBuffer();
    expect(takeUntilCut(hog, () => hog.shmBuffer())).toBe(17);
    expect(hog.error).toEqual(NO_MEMORY);
    const second = fixture.connect();
    expect(fixture.core.stats().totals.buffers).toBe(3);
    for (let count = 0; count < 17; count++) second.shmBuffer();
    second.settle();
    // All are taken, of which a half is the modest one's.
    for (let count = 3; count < 10; count++) modest.shmBuffer();
    expect(modest.settle()).toBeUndefined();
    expect(fixture.core.stats().totals.buffers).toBe(27);
    modest.shmBuffer();
    expect(modest.settle()).toEqual(NO_MEMORY);
    expect(second.error).toBeUndefined();
  });
});

test('surfaces, of one client and of all', () => {
  const budgets = { budgets: { surfaces: 15 }, totalBudgets: { surfaces: 20 } };
  withCompositor(budgets, (fixture) => {
    const hog = fixture.connect();
    const held = Array.from({ length: 15 }, () => hog.compositor.createSurface());
    expect(hog.settle()).toBeUndefined();
    held.pop()?.destroy();
    hog.compositor.createSurface();
    expect(hog.settle()).toBeUndefined();
    const modest = fixture.connect();
    for (let count = 0; count < 10; count++) modest.compositor.createSurface();
    expect(modest.settle()).toBeUndefined();
    expect(fixture.core.stats().totals.surfaces).toBe(25);
    hog.compositor.createSurface();
    expect(hog.settle()).toEqual(NO_MEMORY);
    expect(fixture.core.stats().totals.surfaces).toBe(10);
    expect(modest.settle()).toBeUndefined();
  });
});

test('rectangles of regions, given back with them', () => {
  withCompositor({ budgets: { regionRects: 12 } }, (fixture) => {
    const client = fixture.connect();
    const regions = [0, 1].map(() => {
      const region = client.compositor.createRegion();
      for (let row = 0; row < 6; row++) region.add(0, 2 * row, 1, 1);
      return region;
    });
    expect(client.settle()).toBeUndefined();
    expect(fixture.core.stats().clients[0]?.regionRects).toBe(12);
    regions[0]?.subtract(0, 0, 1, 6);
    regions[1]?.add(0, 20, 1, 1);
    expect(client.settle()).toBeUndefined();
    regions[0]?.destroy();
    client.settle();
    expect(fixture.core.stats().clients[0]?.regionRects).toBe(7);
    for (let row = 0; row < 6; row++) regions[1]?.add(0, 30 + 2 * row, 1, 1);
    expect(client.settle()).toEqual(NO_MEMORY);
  });
});

test('bytes of buffers, of all clients', () => {
  withCompositor({ totalBudgets: { bufferBytes: 10_000 } }, (fixture) => {
    const modest = fixture.connect();
    const hog = fixture.connect();
    modest.shm.createPool(modest.memfd(1000).fd, 1000);
    hog.shm.createPool(hog.memfd(9000).fd, 9000);
    expect(hog.settle()).toBeUndefined();
    expect(fixture.core.stats().totals.bufferBytes).toBe(10_000);
    hog.shm.createPool(hog.memfd(1).fd, 1);
    modest.shm.createPool(modest.memfd(4000).fd, 4000);
    expect(hog.settle()).toEqual(NO_MEMORY);
    expect(modest.settle()).toBeUndefined();
    expect(fixture.core.stats().totals.bufferBytes).toBe(5000);
  });
});

test('updates that wait, of all clients', () => {
  withCompositor({ totalBudgets: { updates: 20 } }, (fixture) => {
    const modest = fixture.connect();
    const hog = fixture.connect();
    const commitUnsubmitted = (client: TestClient): (() => void) => {
      const { proxy } = client.createSurface();
      const timeline = client.timeline();
      const sync = client.syncobj.getSurface(proxy);
      let point = 0n;
      return () => {
        const buffer = client.dmabufBuffer(client.dmabufFd(64));
        point++;
        sync.setAcquirePoint(timeline.proxy, 0, Number(2n * point - 1n));
        sync.setReleasePoint(timeline.proxy, 0, Number(2n * point));
        proxy.attach(buffer.proxy, 0, 0);
        proxy.commit();
        client.settle();
      };
    };
    const commitModest = commitUnsubmitted(modest);
    const commitHog = commitUnsubmitted(hog);
    commitModest();
    expect(takeUntilCut(hog, commitHog)).toBe(19);
    expect(hog.error).toEqual(NO_MEMORY);
    commitModest();
    fixture.advance(20n * MS);
    expect(modest.error).toBeUndefined();
    expect(fixture.core.stats().totals.updates).toBe(2);
  });
});

test('requests on large regions take a larger part of the turn', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const region = client.compositor.createRegion();
    for (let row = 0; row < 1000; row++) region.add(0, 2 * row, 1, 1);
    client.settle();
    const rects = (): number => fixture.core.stats().clients[0]?.regionRects ?? 0;
    expect(rects()).toBe(1000);
    const requests = 300;
    for (let row = 0; row < requests; row++) region.subtract(0, 2 * row, 1, 1);
    client.display.flush();
    const perTurn: number[] = [];
    for (let before = rects(); before > 1000 - requests; before = rects()) {
      fixture.poller.dispatch();
      if (rects() < before) perTurn.push(before - rects());
    }
    expect(perTurn.length).toBeGreaterThan(3);
    expect(Math.max(...perTurn)).toBeLessThan(100);
    expect(client.settle()).toBeUndefined();
  });
});
