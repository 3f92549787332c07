import { expect, test } from 'vitest';
import { SECOND, inWorld, watch, type Seen } from './world.ts';
import { ENODEV } from '../../native/errno.ts';
import type { LossPlan } from '../../sync/recovery.ts';
import { strategyByName } from '../../sync/recovery/strategies.ts';

for (const pointSyncFile of ['direct', 'transfer'] as const) {
  test(
    `a signalled point answers at once, with its time (${pointSyncFile})`,
    inWorld(
      (world) => {
        const client = world.client();
        const timeline = world.owner().importTimeline(client.exportFd());
        client.signal(3n);
        const seen = world.wait(timeline, 2n);
        expect(seen.outcomes).toMatchObject([{ type: 'signalled', errorsVisible: true }]);
        expect(seen.completed).toBe(true);
      },
      2,
      { pointSyncFile },
    ),
  );

  test(
    `a submitted point is held as a sync_file until its fence signals (${pointSyncFile})`,
    inWorld(
      (world) => {
        const client = world.client();
        const timeline = world.owner().importTimeline(client.exportFd());
        const fence = client.submit(1n);
        const seen = world.wait(timeline, 1n);
        world.advance(SECOND);
        expect(seen.outcomes).toEqual([]);
        fence.signal();
        const signalledNs = world.clock.nowNs();
        world.turn();
        expect(seen.outcomes).toEqual([
          { type: 'signalled', timestampNs: signalledNs, errorsVisible: true },
        ]);
        expect(seen.completed).toBe(true);
      },
      2,
      { pointSyncFile },
    ),
  );

  test(
    `a point awaited before its submission is exported when it becomes available (${pointSyncFile})`,
    inWorld(
      (world) => {
        const client = world.client();
        const timeline = world.owner().importTimeline(client.exportFd());
        const seen = world.wait(timeline, 5n);
        world.advance(SECOND);
        const fence = client.submit(5n);
        world.turn();
        expect(world.types('sync-file')).toHaveLength(1);
        expect(seen.outcomes).toEqual([]);
        fence.signal();
        world.turn();
        expect(seen.outcomes).toMatchObject([{ type: 'signalled', errorsVisible: true }]);
      },
      2,
      { pointSyncFile },
    ),
  );

  test(
    `the error of a fence is seen, also once later points exist (${pointSyncFile})`,
    inWorld(
      (world) => {
        const client = world.client();
        const timeline = world.owner().importTimeline(client.exportFd());
        const seen = world.wait(timeline, 1n);
        const fence = client.submit(1n);
        world.turn();
        client.submit(2n).signal();
        fence.fail(ENODEV);
        world.turn();
        expect(seen.outcomes).toMatchObject([{ type: 'failed', errno: ENODEV }]);
      },
      2,
      { pointSyncFile },
    ),
  );
}

test(
  'a point that is never submitted never ends by itself',
  inWorld((world) => {
    const timeline = world.owner().importTimeline(world.client().exportFd());
    const seen = world.wait(timeline, 1n);
    world.advance(3600n * SECOND);
    expect(seen).toMatchObject({ outcomes: [], completed: false });
    expect(world.manager().stats().waits).toMatchObject([
      { phase: 'unsubmitted', owner: 'client', point: 1n, ageNs: 3600n * SECOND },
    ]);
    seen.unsubscribe();
  }),
);

test(
  'cancelling is possible before and after the submission, and twice',
  inWorld((world) => {
    const client = world.client();
    const owner = world.owner();
    const timeline = owner.importTimeline(client.exportFd());
    const early = world.wait(timeline, 1n);
    early.unsubscribe();
    early.unsubscribe();
    const fence = client.submit(1n);
    const late = world.wait(timeline, 1n);
    late.unsubscribe();
    fence.signal();
    world.turn();
    expect([...early.outcomes, ...late.outcomes]).toEqual([]);
    // The kernel cannot cancel the registration: it is counted until its point is reached.
    expect(owner.stats().counts).toMatchObject({ waits: 0, registrations: 0 });
  }),
);

test(
  'the fence that comes between the export and the arming is not missed',
  inWorld((world) => {
    const client = world.client();
    const timeline = world.owner().importTimeline(client.exportFd());
    const remove = world.kernel.intercept(({ phase, operation }) => {
      if (phase === 'before' && operation === 'arm') client.submit(1n);
    });
    world.wait(timeline, 1n).unsubscribe();
    remove();
    expect(world.types('sync-file')).toHaveLength(1);
  }),
);

test(
  'equal points share one wait, and the last subscriber ends it',
  inWorld((world) => {
    const client = world.client();
    const owner = world.owner();
    const timeline = owner.importTimeline(client.exportFd());
    const first = world.wait(timeline, 1n);
    const second = world.wait(timeline, 1n);
    expect(owner.stats().counts).toMatchObject({ waits: 1, registrations: 1 });
    first.unsubscribe();
    client.signal(1n);
    world.turn();
    expect(first.outcomes).toEqual([]);
    expect(second.outcomes).toMatchObject([{ type: 'signalled' }]);
  }),
);

test(
  'many unsubmitted points of a timeline need one registration, and end in order',
  inWorld((world) => {
    const client = world.client();
    const owner = world.owner();
    const timeline = owner.importTimeline(client.exportFd());
    const order: bigint[] = [];
    for (let point = 100n; point > 0n; point--)
      timeline.waitForPoint(point).subscribe({ next: () => order.push(point), error: () => {} });
    expect(owner.stats().counts.waits).toBe(100);
    client.signal(40n);
    world.turn();
    expect(order).toEqual(Array.from({ length: 40 }, (_, index) => BigInt(index + 1)));
    client.signal(100n);
    world.turn();
    expect(order).toHaveLength(100);
    expect(owner.stats().counts).toMatchObject({ waits: 0, registrations: 0 });
  }),
);

test(
  'ascending points of a timeline share one registration',
  inWorld((world) => {
    const client = world.client();
    const owner = world.owner();
    const timeline = owner.importTimeline(client.exportFd());
    const waits = Array.from({ length: 50 }, (_, index) => world.wait(timeline, BigInt(index + 1)));
    expect(owner.stats().counts).toMatchObject({ waits: 50, registrations: 1 });
    for (const wait of waits) wait.unsubscribe();
  }),
);

test(
  'a subscriber may dispose the owner from within its callback',
  inWorld((world) => {
    const client = world.client();
    const owner = world.owner();
    const timeline = owner.importTimeline(client.exportFd());
    const others = world.wait(timeline, 2n);
    timeline.waitForPoint(1n).subscribe({ next: () => owner.dispose(), error: () => {} });
    client.signal(5n);
    world.turn();
    expect(others.outcomes).toEqual([]);
  }),
);

test(
  'the destroyed timeline object keeps what its pending waits need',
  inWorld((world) => {
    const client = world.client();
    const owner = world.owner();
    const timeline = owner.importTimeline(client.exportFd());
    const seen = world.wait(timeline, 1n);
    timeline.dispose();
    expect(owner.stats().handles).toBe(1);
    client.signal(1n);
    world.turn();
    expect(seen.outcomes).toMatchObject([{ type: 'signalled' }]);
    expect(owner.stats()).toMatchObject({ handles: 0, counts: { timelines: 0, fds: 0 } });
  }),
);

test(
  'a submitted point costs at most six ioctls on the way to its outcome and release',
  inWorld((world) => {
    const client = world.client();
    const timeline = world.owner().importTimeline(client.exportFd());
    const fence = client.submit(1n);
    const before = world.kernel.ioctlCount;
    const seen = world.wait(timeline, 1n);
    const release = timeline.createRelease(2n);
    release.seal();
    const ioctls = world.kernel.ioctlCount - before;
    expect(seen.outcomes).toEqual([]);
    expect(ioctls).toBeLessThanOrEqual(6);
    fence.signal();
    world.turn();
  }),
);

test(
  'who asks for it is told of the fence as soon as there is one, once, and may then leave',
  inWorld((world) => {
    const client = world.client();
    const timeline = world.owner().importTimeline(client.exportFd());
    const fds: number[] = [];
    const subscription = timeline
      .waitForPoint(1n, (fd) => {
        expect(world.kernel.syncFiles.info(fd).status).toBe(0);
        fds.push(fd);
        subscription.unsubscribe();
      })
      .subscribe();
    world.turn();
    expect(fds).toHaveLength(0);
    const fence = client.submit(1n);
    world.turn();
    expect(fds).toHaveLength(1);
    expect(world.manager().stats().counts).toMatchObject({ waits: 0, fds: 1 });
    fence.signal();
    world.turn();
    expect(fds).toHaveLength(1);
  }),
);

test(
  'a fence that is there already is told at once; of one that has signalled only the outcome is',
  inWorld((world) => {
    const client = world.client();
    const timeline = world.owner().importTimeline(client.exportFd());
    const told: string[] = [];
    const wait = (point: bigint): { unsubscribe(): void } =>
      timeline
        .waitForPoint(point, () => told.push(`fence ${point}`))
        .subscribe({ next: ({ type }) => told.push(`${type} ${point}`) });
    client.signal(1n);
    wait(1n);
    expect(told).toEqual(['signalled 1']);
    const fence = client.submit(2n);
    wait(2n);
    wait(2n);
    expect(told.slice(1)).toEqual(['fence 2', 'fence 2']);
    fence.signal();
    world.turn();
    expect(told.slice(3)).toEqual(['signalled 2', 'signalled 2']);
  }),
);

test(
  'who has left is not told of the fence that others still wait for',
  inWorld((world) => {
    const client = world.client();
    const timeline = world.owner().importTimeline(client.exportFd());
    const told: string[] = [];
    const left = timeline.waitForPoint(1n, () => told.push('left')).subscribe();
    const waits = timeline.waitForPoint(1n, () => told.push('waits')).subscribe();
    left.unsubscribe();
    const fence = client.submit(1n);
    world.turn();
    expect(told).toEqual(['waits']);
    waits.unsubscribe();
    fence.signal();
  }),
);

test(
  'who is told of the fence and fails ends its own wait with that error, nobody else',
  inWorld((world) => {
    const client = world.client();
    const timeline = world.owner().importTimeline(client.exportFd());
    const failing = (): never => {
      throw new Error('bug');
    };
    const early = watch(timeline.waitForPoint(1n, failing));
    const others = world.wait(timeline, 1n);
    const fence = client.submit(1n);
    world.turn();
    const late = watch(timeline.waitForPoint(1n, failing));
    for (const seen of [early, late]) expect(seen.error).toMatchObject({ message: 'bug' });
    fence.signal();
    world.turn();
    expect(others.outcomes).toMatchObject([{ type: 'signalled' }]);
    expect(world.manager().stats().counts.waits).toBe(0);
  }),
);

test(
  'a point asked for again while its device turns out to be gone is one wait',
  inWorld((world) => {
    let asked = 0;
    const onWaitLost = (): LossPlan => ({ type: asked++ === 0 ? 'give-up' : 'park' });
    world.manager('failover', { strategy: { ...strategyByName('failover'), onWaitLost } });
    const client = world.client('sim:1');
    const timeline = world.owner().importTimeline(client.exportFd());
    const again: Seen[] = [];
    const lost = timeline.waitForPoint(9n).subscribe((outcome) => {
      expect(outcome).toMatchObject({ type: 'lost' });
      again.push(world.wait(timeline, 2n));
    });
    client.signal(1n);
    expect(world.wait(timeline, 1n).outcomes).toMatchObject([{ type: 'signalled' }]);
    world.kernel.removeDevice('sim:0');
    again.push(world.wait(timeline, 2n));
    expect(again).toHaveLength(2);
    expect(lost.closed).toBe(true);
    expect(world.manager().stats().counts.waits).toBe(1);
    for (const seen of again) seen.unsubscribe();
  }),
);

test(
  'whose registration has fired is asked with a query, unless only one can have',
  inWorld((world) => {
    const owner = world.owner();
    const clients = [world.client(), world.client()];
    const timelines = clients.map((client) => owner.importTimeline(client.exportFd()));
    const ioctlsOf = (act: () => void): number => {
      const before = world.kernel.ioctlCount;
      act();
      world.turn();
      return world.kernel.ioctlCount - before;
    };
    const [first, second] = timelines.map((timeline) => world.wait(timeline, 1n));
    world.turn();
    const withQuery = ioctlsOf(() => clients[0]?.signal(1n));
    expect([first?.completed, second?.completed]).toEqual([true, false]);
    expect(ioctlsOf(() => clients[1]?.signal(1n))).toBe(withQuery - 1);
    expect(second?.outcomes).toMatchObject([{ type: 'signalled', errorsVisible: true }]);
  }),
);

test(
  'a registration of a wait that was given up may be the one that fired',
  inWorld((world) => {
    const client = world.client();
    const timeline = world.owner().importTimeline(client.exportFd());
    const given = world.wait(timeline, 1n);
    given.unsubscribe();
    const seen = world.wait(timeline, 3n);
    client.submit(1n).signal();
    world.turn();
    expect(seen.outcomes).toEqual([]);
    client.submit(3n).fail(ENODEV);
    world.turn();
    expect(seen.outcomes).toMatchObject([{ type: 'failed', errno: ENODEV }]);
    expect(world.manager().stats().counts.registrations).toBe(0);
  }),
);
