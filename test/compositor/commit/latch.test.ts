/** What is judged at an output's latch: fifo barriers and target times; and what keeps hidden surfaces going. */
import { expect, test } from 'vitest';
import {
  WpCommitTimerV1Error,
  WpCommitTimingManagerV1Error,
} from '../../../protocols/generated/commit-timing-v1.interfaces.ts';
import { WpCommitTimingManagerV1Proxy } from '../../../protocols/generated/commit-timing-v1.client.ts';
import {
  WpFifoManagerV1Error,
  WpFifoV1Error,
} from '../../../protocols/generated/fifo-v1.interfaces.ts';
import {
  WpFifoManagerV1Proxy,
  type WpFifoV1Proxy,
} from '../../../protocols/generated/fifo-v1.client.ts';
import type { WlSurfaceProxy } from '../../../protocols/generated/wayland.client.ts';
import type { Surface } from '../../../compositor/surface/surface.ts';
import type { TestClient } from '../../support/compositor-client.ts';
import {
  MS,
  REFRESH_NS,
  withCompositor,
  type CompositorFixture,
} from '../../support/compositor-fixture.ts';

const NS_PER_SECOND = 1_000_000_000n;

interface Parts {
  readonly fixture: CompositorFixture;
  readonly client: TestClient;
  readonly proxy: WlSurfaceProxy;
  readonly surface: Surface;
  readonly fifo: WpFifoV1Proxy;
  readonly shown: number[];
}

function withParts(run: (parts: Parts) => void): void {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const { proxy, surface } = client.createSurface();
    const fifo = client.bind(WpFifoManagerV1Proxy).getFifo(proxy);
    const shown: number[] = [];
    surface.onApplied(({ state }) => shown.push(state.width));
    run({ fixture, client, proxy, surface, fifo, shown });
  });
}

/** One frame of a fifo client: waits for the frame before it to have been on screen. */
function commitFifo({ client, proxy, fifo }: Parts, width: number): void {
  fifo.setBarrier();
  fifo.waitBarrier();
  proxy.attach(client.shmBuffer(width, 1).proxy, 0, 0);
  proxy.commit();
}

test('fifo: each update is on screen for one refresh cycle', () => {
  withParts((parts) => {
    const { fixture, shown, surface } = parts;
    for (const width of [1, 2, 3]) commitFifo(parts, width);
    fixture.settle();
    expect(shown).toEqual([1]);
    expect(surface.waiting).toEqual([{ type: 'fifo' }]);
    const perFrame: (number | undefined)[] = [];
    for (let frame = 0; frame < 4; frame++) {
      fixture.frame();
      perFrame.push(shown.at(-1));
    }
    expect(perFrame).toEqual([1, 2, 3, 3]);
    expect(surface.framesPresented).toBe(4);
  });
});

test('fifo: an output without damage is asked to run for a waiting update', () => {
  withParts((parts) => {
    const { fixture } = parts;
    commitFifo(parts, 1);
    fixture.frame();
    fixture.latchesWanted.length = 0;
    commitFifo(parts, 2);
    fixture.settle();
    expect(fixture.latchesWanted).toEqual([0n]);
  });
});

test('fifo: a barrier nobody waits for holds nobody back', () => {
  withParts(({ fixture, client, proxy, fifo, shown }) => {
    fifo.setBarrier();
    proxy.attach(client.shmBuffer(1, 1).proxy, 0, 0);
    proxy.commit();
    proxy.attach(client.shmBuffer(2, 1).proxy, 0, 0);
    proxy.commit();
    fixture.settle();
    expect(shown).toEqual([1, 2]);
  });
});

test('fifo: waiting without a barrier is no wait', () => {
  withParts(({ fixture, client, proxy, fifo, shown }) => {
    fifo.waitBarrier();
    proxy.attach(client.shmBuffer(1, 1).proxy, 0, 0);
    proxy.commit();
    fixture.settle();
    expect(shown).toEqual([1]);
  });
});

test('fifo: a hidden surface goes on by the fallback timer, at its pace', () => {
  withParts((parts) => {
    const { fixture, surface, shown } = parts;
    fixture.hidden.add(surface);
    for (const width of [1, 2, 3]) commitFifo(parts, width);
    fixture.settle();
    expect(shown).toEqual([1]);
    fixture.advance(32n * MS);
    expect(shown).toEqual([1]);
    fixture.advance(2n * MS);
    expect(shown).toEqual([1, 2]);
    fixture.advance(34n * MS);
    expect(shown).toEqual([1, 2, 3]);
  });
});

test('fifo: a visible surface is not let through by the timer but by a latch', () => {
  withParts((parts) => {
    const { fixture, shown } = parts;
    commitFifo(parts, 1);
    fixture.frame();
    commitFifo(parts, 2);
    fixture.advance(200n * MS);
    expect(shown).toEqual([1]);
    expect(fixture.latchesWanted.length).toBeGreaterThan(2);
    fixture.frame();
    expect(shown).toEqual([1, 2]);
  });
});

test('fifo: a fence that comes late costs no further cycle', () => {
  withParts((parts) => {
    const { fixture, client, proxy, shown } = parts;
    commitFifo(parts, 1);
    const sync = client.syncobj.getSurface(proxy);
    const acquire = client.timeline();
    sync.setAcquirePoint(acquire.proxy, 0, 1);
    sync.setReleasePoint(client.timeline().proxy, 0, 1);
    commitFifo(parts, 2);
    fixture.frame();
    fixture.frame();
    expect(shown).toEqual([1]);
    acquire.signal(1n);
    fixture.settle();
    expect(shown).toEqual([1, 2]);
  });
});

test('fifo errors: two objects, and requests after the surface was destroyed', () => {
  withParts(({ fixture, client, proxy }) => {
    const manager = client.bind(WpFifoManagerV1Proxy);
    manager.getFifo(proxy);
    fixture.settle();
    expect(client.error).toEqual({
      interface: 'wp_fifo_manager_v1',
      object: manager.id,
      code: WpFifoManagerV1Error.alreadyExists,
    });
  });
  for (const request of ['setBarrier', 'waitBarrier'] as const) {
    withParts(({ fixture, client, proxy, fifo }) => {
      proxy.destroy();
      fifo[request]();
      fixture.settle();
      expect(client.error).toMatchObject({ object: fifo.id, code: WpFifoV1Error.surfaceDestroyed });
    });
  }
});

test('fifo: a surface destroyed with a barrier and waiting updates leaves nothing', () => {
  withParts((parts) => {
    for (const width of [1, 2, 3]) commitFifo(parts, width);
    parts.fixture.settle();
    parts.fifo.destroy();
    parts.proxy.destroy();
    parts.fixture.settle();
    expect(parts.fixture.core.stats().clients[0]?.pendingUpdates).toBe(0);
    expect(parts.fixture.core.stats().updates.pendingGroups).toBe(0);
  });
});

/** Commits `width` for presentation at `targetNs`. */
function commitAt(
  { client, proxy }: Parts,
  manager: WpCommitTimingManagerV1Proxy,
  width: number,
  targetNs: bigint,
): void {
  const timer = manager.getTimer(proxy);
  const seconds = targetNs / NS_PER_SECOND;
  timer.setTimestamp(
    Number(seconds >> 32n),
    Number(seconds & 0xffff_ffffn),
    Number(targetNs % NS_PER_SECOND),
  );
  timer.destroy();
  proxy.attach(client.shmBuffer(width, 1).proxy, 0, 0);
  proxy.commit();
}

test('commit timing: applied by the first latch whose frame is not before the target', () => {
  withParts((parts) => {
    const { fixture, client, proxy, surface, shown } = parts;
    const manager = client.bind(WpCommitTimingManagerV1Proxy);
    proxy.attach(client.shmBuffer(1, 1).proxy, 0, 0);
    proxy.commit();
    fixture.frame();
    const targetNs = fixture.clock.nowNs() + 2n * REFRESH_NS + 5n * MS;
    commitAt(parts, manager, 2, targetNs);
    fixture.settle();
    expect(fixture.latchesWanted).toEqual([targetNs]);
    expect(surface.waiting).toEqual([{ type: 'time', targetNs }]);
    const perFrame: (number | undefined)[] = [];
    for (let frame = 0; frame < 4; frame++) {
      fixture.frame();
      perFrame.push(shown.at(-1));
    }
    expect(perFrame).toEqual([1, 1, 2, 2]);
  });
});

test('commit timing: updates stay in order, also those without a time', () => {
  withParts((parts) => {
    const { fixture, client, proxy, shown } = parts;
    proxy.attach(client.shmBuffer(1, 1).proxy, 0, 0);
    proxy.commit();
    fixture.frame();
    commitAt(parts, client.bind(WpCommitTimingManagerV1Proxy), 2, fixture.clock.nowNs() + 40n * MS);
    proxy.attach(client.shmBuffer(3, 1).proxy, 0, 0);
    proxy.commit();
    fixture.frame();
    expect(shown).toEqual([1]);
    for (let frame = 0; frame < 3; frame++) fixture.frame();
    expect(shown).toEqual([1, 2, 3]);
  });
});

test('commit timing: a hidden surface is updated at the time itself', () => {
  withParts((parts) => {
    const { fixture, client, surface, shown } = parts;
    fixture.hidden.add(surface);
    commitAt(parts, client.bind(WpCommitTimingManagerV1Proxy), 2, fixture.clock.nowNs() + 40n * MS);
    fixture.advance(39n * MS);
    expect(shown).toEqual([]);
    fixture.advance(2n * MS);
    expect(shown).toEqual([2]);
  });
});

test('commit timing: a time of centuries is waited for, and gone with the surface', () => {
  withParts((parts) => {
    const { fixture, client, proxy, shown } = parts;
    commitAt(parts, client.bind(WpCommitTimingManagerV1Proxy), 2, (1n << 63n) * NS_PER_SECOND);
    fixture.advance(3n * 3600n * NS_PER_SECOND);
    expect(shown).toEqual([]);
    proxy.attach(null, 0, 0);
    proxy.destroy();
    fixture.settle();
    expect(fixture.core.stats().updates.pendingGroups).toBe(0);
  });
});

test('commit timing errors', () => {
  const fails = (
    prepare: (parts: Parts, manager: WpCommitTimingManagerV1Proxy) => void,
    code: number,
  ): void => {
    withParts((parts) => {
      prepare(parts, parts.client.bind(WpCommitTimingManagerV1Proxy));
      parts.fixture.settle();
      expect(parts.client.error?.code).toBe(code);
    });
  };
  fails(({ proxy }, manager) => {
    manager.getTimer(proxy);
    manager.getTimer(proxy);
  }, WpCommitTimingManagerV1Error.commitTimerExists);
  fails(
    ({ proxy }, manager) => manager.getTimer(proxy).setTimestamp(0, 1, 1_000_000_000),
    WpCommitTimerV1Error.invalidTimestamp,
  );
  fails(({ proxy }, manager) => {
    const timer = manager.getTimer(proxy);
    timer.setTimestamp(0, 1, 0);
    timer.setTimestamp(0, 2, 0);
  }, WpCommitTimerV1Error.timestampExists);
  fails(({ proxy }, manager) => {
    const timer = manager.getTimer(proxy);
    proxy.destroy();
    timer.setTimestamp(0, 1, 0);
  }, WpCommitTimerV1Error.surfaceDestroyed);
});

test('the driver is told by when a visible surface needs its fence, once, whether it runs at the commit or is submitted later', () => {
  withParts(({ fixture, client, proxy, surface }) => {
    proxy.attach(client.shmBuffer(1, 1).proxy, 0, 0);
    proxy.commit();
    fixture.frame();
    expect(surface.visibleOn.size).toBe(1);
    const sync = client.syncobj.getSurface(proxy);
    const acquire = client.timeline();
    const release = client.timeline();
    // A hint changes nothing in the simulated kernel: all that can be seen is the call.
    const hints: bigint[] = [];
    fixture.kernel.syncFiles.setDeadline = (_fd?: number, deadlineNs = 0n) =>
      hints.push(deadlineNs);
    const committedNs = fixture.clock.nowNs();
    acquire.submit(1n);
    for (const point of [1, 2]) {
      sync.setAcquirePoint(acquire.proxy, 0, point);
      sync.setReleasePoint(release.proxy, 0, point);
      proxy.attach(client.shmBuffer(2, 1).proxy, 0, 0);
      proxy.commit();
    }
    fixture.settle();
    expect(hints).toEqual([committedNs + REFRESH_NS]);
    // Nothing is latched meanwhile: the output is idle.
    fixture.advance(5n * MS);
    acquire.submit(2n);
    fixture.settle();
    expect(hints.slice(1)).toEqual([committedNs + 5n * MS + REFRESH_NS]);
    fixture.frame();
    fixture.frame();
    expect(hints).toHaveLength(2);
  });
});

test('a fence of a surface nobody sees is of no hurry, until an output shows it', () => {
  withParts(({ fixture, client, proxy, surface }) => {
    fixture.hidden.add(surface);
    proxy.attach(client.shmBuffer(1, 1).proxy, 0, 0);
    proxy.commit();
    fixture.frame();
    const sync = client.syncobj.getSurface(proxy);
    const timeline = client.timeline();
    const hints: bigint[] = [];
    fixture.kernel.syncFiles.setDeadline = (_fd?: number, deadlineNs = 0n) =>
      hints.push(deadlineNs);
    timeline.submit(1n);
    sync.setAcquirePoint(timeline.proxy, 0, 1);
    sync.setReleasePoint(timeline.proxy, 0, 2);
    proxy.attach(client.shmBuffer(2, 1).proxy, 0, 0);
    proxy.commit();
    fixture.settle();
    expect(hints).toEqual([]);
    fixture.hidden.delete(surface);
    fixture.frame();
    expect(hints).toEqual([fixture.clock.nowNs()]);
  });
});

test('the implicit fences of a dma-buf are needed by the same time', () => {
  withParts(({ fixture, client, proxy }) => {
    proxy.attach(client.shmBuffer(1, 1).proxy, 0, 0);
    proxy.commit();
    fixture.frame();
    const hints: bigint[] = [];
    fixture.kernel.syncFiles.setDeadline = (_fd?: number, deadlineNs = 0n) =>
      hints.push(deadlineNs);
    const fd = client.dmabufFd(64);
    const fence = fixture.kernel.createFence();
    const syncFile = fence.exportSyncFile();
    fixture.kernel.dmabufs.importSyncFile(fd, syncFile.fd, 'write');
    syncFile.close();
    proxy.attach(client.dmabufBuffer(fd).proxy, 0, 0);
    proxy.commit();
    fixture.settle();
    expect(hints).toEqual([fixture.clock.nowNs() + REFRESH_NS]);
    fence.signal();
  });
});
