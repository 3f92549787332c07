import { describe, expect, test } from 'vitest';
import { ImportRefusedError, InvalidTimelineError } from '../../sync/errors.ts';
import { OwnedFd } from '../../native/fd.ts';
import { native } from '../../native/binding.ts';
import { ENODEV } from '../../native/errno.ts';
import { FAILOVER_UNSUBMITTED_GRACE_NS } from '../../sync/recovery/failover.ts';
import { STRATEGIES, strategyByName } from '../../sync/recovery/strategies.ts';
import { MS, SECOND, SyncWorld, inWorld } from './world.ts';

test('strategies are found by name, an unknown one is refused with the list', () => {
  for (const [name, strategy] of STRATEGIES) expect(strategyByName(name)).toBe(strategy);
  expect(() => strategyByName('hope')).toThrow(/unknown strategy "hope".*failover/);
});

/** The import device sim:0 goes while the client on sim:1 has an unsubmitted point; the client submits and signals later. */
function importDeviceGoesWhileWaiting(strategy: string, world: SyncWorld): string[] {
  world.manager(strategy);
  const client = world.client('sim:1');
  const timeline = world.owner().importTimeline(client.exportFd());
  const seen = world.wait(timeline, 1n);
  world.unplug('sim:0');
  client.submit(1n).signal();
  world.turn();
  const next = world.wait(timeline, 2n);
  client.submit(2n).signal();
  world.advance(SECOND);
  const release = timeline.createRelease(3n);
  release.seal();
  world.advance(SECOND);
  return [
    seen.outcomes[0]?.type ?? 'stuck',
    next.outcomes[0]?.type ?? 'stuck',
    client.signalledPoint() === 3n ? 'released' : 'not released',
  ];
}

describe('the import device goes while a point is awaited', () => {
  const expected: Record<string, string[]> = {
    // The registration outlives its device; what needs the device afterwards does not.
    'single-import': ['signalled', 'stuck', 'not released'],
    'ignore-sync': ['signalled', 'signalled', 'not released'],
    're-import': ['signalled', 'signalled', 'released'],
    'import-all': ['signalled', 'signalled', 'released'],
    container: ['stuck', 'stuck', 'not released'],
    'sync-file': ['lost', 'lost', 'not released'],
    failover: ['signalled', 'signalled', 'released'],
  };
  for (const [strategy, outcome] of Object.entries(expected)) {
    test(
      `${strategy}: ${outcome.join(', ')}`,
      inWorld((world) => expect(importDeviceGoesWhileWaiting(strategy, world)).toEqual(outcome)),
    );
  }

  for (const strategy of ['container', 'failover']) {
    test(
      `${strategy} with a container: nothing happens at all`,
      inWorld((world) => {
        world.kernel.addContainer();
        expect(importDeviceGoesWhileWaiting(strategy, world)).toEqual([
          'signalled',
          'signalled',
          'released',
        ]);
        expect(world.types('moved')).toEqual([]);
      }),
    );
  }

  for (const strategy of ['syncobj-device', 'failover']) {
    test(
      `${strategy} with /dev/syncobj: nothing happens at all`,
      inWorld((world) => {
        world.kernel.addSyncobjDevice();
        expect(importDeviceGoesWhileWaiting(strategy, world)).toEqual([
          'signalled',
          'signalled',
          'released',
        ]);
        expect(world.types('moved')).toEqual([]);
      }),
    );
  }
});

test(
  'syncobj-device says why it cannot be offered without /dev/syncobj',
  inWorld((world) => {
    const manager = world.manager('syncobj-device');
    expect(manager.available).toBe(false);
    expect(manager.unavailableReason).toBe('strategy syncobj-device finds no device it can use');
  }),
);

test(
  'without SYNCOBJ_EVENTFD nothing is offered, and the reason says so',
  inWorld(
    (world) => {
      expect(world.manager().available).toBe(false);
      expect(world.manager().unavailableReason).toMatch(
        /SYNCOBJ_EVENTFD \(Linux 6.6\) among sim:0/,
      );
    },
    1,
    { eventfd: false },
  ),
);

test(
  'a wait that holds a sync_file does not notice any removal',
  inWorld((world) => {
    const client = world.client('sim:1');
    const timeline = world.owner().importTimeline(client.exportFd());
    const fence = world.kernel.createFence();
    world.kernel.submit(client.device, client.handle, 1n, fence);
    const seen = world.wait(timeline, 1n);
    world.unplug('sim:0');
    world.unplug('sim:1');
    fence.signal();
    world.turn();
    expect(seen.outcomes).toMatchObject([{ type: 'signalled', errorsVisible: true }]);
  }),
);

test(
  'the fence that the lost device failed is a failed one',
  inWorld((world) => {
    const client = world.client('sim:1');
    const timeline = world.owner().importTimeline(client.exportFd());
    client.submit(1n);
    const seen = world.wait(timeline, 1n);
    world.unplug('sim:1');
    expect(seen.outcomes).toMatchObject([{ type: 'failed', errno: ENODEV }]);
  }),
);

test(
  'a point its client cannot submit any more is lost after the grace, and others keep waiting',
  inWorld((world) => {
    const owner = world.owner();
    const timeline = owner.importTimeline(world.client('sim:1').exportFd());
    const seen = world.wait(timeline, 1n);
    world.unplug('sim:1');
    world.advance(FAILOVER_UNSUBMITTED_GRACE_NS - 100n * MS);
    expect(seen.outcomes).toEqual([]);
    world.advance(200n * MS);
    expect(seen.outcomes).toEqual([{ type: 'lost', reason: 'never-submitted' }]);

    const later = owner.importTimeline(world.client('sim:0').exportFd());
    const unrelated = world.wait(later, 1n);
    world.advance(100n * SECOND);
    expect(unrelated.outcomes).toEqual([]);
    unrelated.unsubscribe();
  }),
);

test(
  're-import has no grace: such a point is awaited for ever',
  inWorld((world) => {
    world.manager('re-import');
    const timeline = world.owner().importTimeline(world.client('sim:1').exportFd());
    const seen = world.wait(timeline, 1n);
    world.unplug('sim:1');
    world.advance(1000n * SECOND);
    expect(seen.outcomes).toEqual([]);
    seen.unsubscribe();
  }),
);

test(
  'an unplug storm does not prolong the grace of a dead wait',
  inWorld((world) => {
    const timeline = world.owner().importTimeline(world.client('sim:1').exportFd());
    const seen = world.wait(timeline, 1n);
    world.unplug('sim:1');
    for (let round = 0; round < 5; round++) {
      world.plug('sim:1');
      world.advance(SECOND);
      world.unplug('sim:1');
    }
    expect(seen.outcomes).toEqual([{ type: 'lost', reason: 'never-submitted' }]);
  }),
);

describe('no device is left', () => {
  test(
    'waits and releases are debts until one comes',
    inWorld((world) => {
      const client = world.client('sim:0');
      const manager = world.manager();
      const timeline = world.owner().importTimeline(client.exportFd());
      const kept = client.exportFd();
      const release = timeline.createRelease(10n);
      const use = release.use();
      release.seal();
      world.unplug('sim:0');
      const seen = world.wait(timeline, 1n);
      use.end();
      expect(release.state).toBe('owed');
      expect(manager.stats()).toMatchObject({ releasesOwed: 1, waits: [{ parked: true }] });
      expect(manager.available).toBe(true);

      world.plug('sim:0');
      expect(release.state).toBe('signalled');
      const device = world.clientDevice('sim:0');
      const handle = device.importTimeline(kept.fd);
      kept.close();
      const points = new BigUint64Array(1);
      device.query(Uint32Array.of(handle), points, 1, 'signalled');
      expect(points[0]).toBe(10n);
      // The release point was higher than the acquire point, so it reached that too.
      expect(seen.outcomes).toMatchObject([{ type: 'signalled' }]);
    }, 1),
  );

  test(
    'a timeline is taken unseen and found out later',
    inWorld((world) => {
      const client = world.client('sim:0');
      const owner = world.owner();
      const fd = client.exportFd();
      world.unplug('sim:0');
      const timeline = owner.importTimeline(fd);
      const bogus = owner.importTimeline(new OwnedFd(native.eventfd(0)));
      const seen = world.wait(timeline, 1n);
      const seenBogus = world.wait(bogus, 1n);
      const release = timeline.createRelease(1n);
      release.seal();
      expect(release.state).toBe('owed');
      world.plug('sim:0');
      expect(release.state).toBe('signalled');
      expect(seen.outcomes).toMatchObject([{ type: 'signalled' }]);
      expect(seenBogus.outcomes).toEqual([{ type: 'lost', reason: 'timeline-gone' }]);
    }, 1),
  );

  test(
    'single-import refuses, which today disconnects the client',
    inWorld((world) => {
      world.manager('single-import');
      const fd = world.client('sim:0').exportFd();
      const owner = world.owner();
      world.unplug('sim:0');
      expect(() => owner.importTimeline(fd)).toThrow(ImportRefusedError);
      expect(fd.closed).toBe(true);
    }, 1),
  );
});

test(
  'single-import stays with its first device: new timelines are refused although others live, and after its return',
  inWorld((world) => {
    world.manager('single-import');
    const client = world.client('sim:1');
    const owner = world.owner();
    world.unplug('sim:0');
    expect(() => owner.importTimeline(client.exportFd())).toThrow(ImportRefusedError);
    world.plug('sim:0');
    expect(() => owner.importTimeline(client.exportFd())).toThrow(ImportRefusedError);
    expect(world.manager().available).toBe(false);
  }),
);

describe('the device goes during import_timeline, before its uevent', () => {
  for (const [strategy, refused] of [
    ['single-import', true],
    ['ignore-sync', false],
    ['re-import', false],
    ['import-all', false],
    ['failover', false],
  ] as const) {
    test(
      `${strategy}: the client is ${refused ? 'refused' : 'served by the survivor'}`,
      inWorld((world) => {
        world.manager(strategy);
        const client = world.client('sim:1');
        const owner = world.owner();
        world.kernel.removeDevice('sim:0');
        const importing = () => owner.importTimeline(client.exportFd());
        if (refused) expect(importing).toThrow(ImportRefusedError);
        else {
          const seen = world.wait(importing(), 1n);
          client.signal(1n);
          world.turn();
          expect(seen.outcomes).toMatchObject([{ type: 'signalled' }]);
        }
        world.advance(SECOND);
      }),
    );
  }
});

test(
  'what is no syncobj is an invalid timeline, and its descriptor is closed',
  inWorld((world) => {
    const fd = new OwnedFd(native.eventfd(0));
    expect(() => world.owner().importTimeline(fd)).toThrow(InvalidTimelineError);
    expect(fd.closed).toBe(true);
  }),
);

test(
  'an import for which there is no memory is made later',
  inWorld((world) => {
    const client = world.client();
    const restore = world.kernel.injectFault({ operation: 'importTimeline', code: 'ENOMEM' });
    const timeline = world.owner().importTimeline(client.exportFd());
    const seen = world.wait(timeline, 1n);
    client.signal(1n);
    world.advance(SECOND);
    expect(seen.outcomes).toEqual([]);
    restore();
    world.advance(2n * SECOND);
    expect(seen.outcomes).toMatchObject([{ type: 'signalled' }]);
  }),
);

test(
  'a device that dies as the move reaches it is passed over',
  inWorld((world) => {
    const client = world.client('sim:2');
    const timeline = world.owner().importTimeline(client.exportFd());
    const seen = world.wait(timeline, 1n);
    world.kernel.removeDevice('sim:0');
    world.kernel.removeDevice('sim:1');
    world.advance(SECOND);
    client.signal(1n);
    world.turn();
    expect(seen.outcomes).toMatchObject([{ type: 'signalled' }]);
    expect(world.types('moved').at(-1)).toMatchObject({ to: 'sim:2' });
  }, 3),
);

test(
  'sync-file bounds wait-before-submit, and exports what comes within the bound',
  inWorld((world) => {
    world.manager('sync-file');
    const client = world.client('sim:1');
    const timeline = world.owner().importTimeline(client.exportFd());
    const soon = world.wait(timeline, 1n);
    const never = world.wait(timeline, 2n);
    world.advance(50n * MS);
    client.submit(1n).signal();
    world.advance(50n * MS);
    expect(soon.outcomes).toMatchObject([{ type: 'signalled', errorsVisible: true }]);
    world.advance(2n * SECOND);
    expect(never.outcomes).toEqual([{ type: 'lost', reason: 'never-submitted' }]);
  }),
);

test(
  'single-import, as is done today, does not see that a fence failed',
  inWorld((world) => {
    world.manager('single-import');
    const client = world.client('sim:1');
    const timeline = world.owner().importTimeline(client.exportFd());
    const fence = client.submit(1n);
    const seen = world.wait(timeline, 1n);
    fence.fail(ENODEV);
    world.turn();
    expect(seen.outcomes).toMatchObject([{ type: 'signalled', errorsVisible: false }]);
  }),
);

test(
  'import-all takes its timelines along to a device that comes later',
  inWorld((world) => {
    world.manager('import-all');
    const client = world.client('sim:1');
    const timeline = world.owner().importTimeline(client.exportFd());
    world.unplug('sim:0');
    world.plug('sim:0');
    const seen = world.wait(timeline, 1n);
    world.kernel.removeDevice('sim:1');
    world.advance(SECOND);
    expect(world.manager().stats().waits).toMatchObject([{ parked: false }]);
    seen.unsubscribe();
  }),
);

test('devices$ tells the current devices, then each change, and completes', () => {
  const world = new SyncWorld();
  const manager = world.manager();
  const seen: string[] = [];
  let completed = false;
  const subscription = manager.devices$.subscribe({
    next: (devices) => seen.push(devices.map((device) => device.id).join(' ')),
    error: () => {},
    complete: () => (completed = true),
  });
  world.unplug('sim:0');
  world.plug('sim:0');
  world.end();
  expect(seen).toEqual(['sim:0 sim:1', 'sim:1', 'sim:1 sim:0']);
  expect(completed).toBe(true);
  subscription.unsubscribe();
});

test(
  'two hundred unplug rounds under load leave nothing stuck, lost or held',
  inWorld((world) => {
    const owner = world.owner();
    const manager = world.manager();
    const clients = ['sim:0', 'sim:1'].flatMap((id) => [id, id]);
    for (let round = 0; round < 200; round++) {
      const gone = `sim:${round % 2}`;
      const running = clients.map((id) => {
        const client = world.client(id);
        const timeline = owner.importTimeline(client.exportFd());
        const seen = world.wait(timeline, 1n);
        const release = timeline.createRelease(2n);
        const use = release.use();
        release.seal();
        return { id, client, timeline, seen, release, use };
      });
      world.unplug(gone);
      for (const { id, client } of running) if (id !== gone) client.signal(1n);
      world.turn();
      for (const { use, timeline } of running) {
        use.end();
        timeline.dispose();
      }
      world.advance(FAILOVER_UNSUBMITTED_GRACE_NS);
      for (const { seen, release } of running) {
        expect(seen.completed).toBe(true);
        expect(release.state).toBe('signalled');
      }
      world.plug(gone);
    }
    expect(manager.stats()).toMatchObject({
      counts: { timelines: 0, waits: 0, registrations: 0, releases: 0, fds: 0 },
      counters: { releasesAbandoned: 0, devicesLost: 200 },
    });
  }),
);

test(
  'an eventfd that fired while no device could be asked does not stand for later points',
  inWorld((world) => {
    const client = world.client();
    const timeline = world.owner().importTimeline(client.exportFd());
    world.wait(timeline, 1n).unsubscribe();
    world.kernel.removeDevice('sim:0');
    // The removal is met by another timeline, so that this one has no import when its eventfd fires.
    const other = world.owner('other').importTimeline(client.exportFd());
    const seenByOther = world.wait(other, 1n);
    client.signal(1n);
    world.turn();
    expect(seenByOther.outcomes).toMatchObject([{ type: 'signalled' }]);
    const seen = world.wait(timeline, 2n);
    expect(seen.outcomes).toEqual([]);
    client.signal(2n);
    world.turn();
    expect(seen.outcomes).toMatchObject([{ type: 'signalled' }]);
  }),
);
