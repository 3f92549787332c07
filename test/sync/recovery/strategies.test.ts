/** What each strategy does when the device goes that timelines are imported into. */
import { describe, expect, test } from 'vitest';
import { ENODEV } from '../../../native/errno.ts';
import { ImportRefusedError } from '../../../sync/errors.ts';
import { STRATEGIES, strategyByName } from '../../../sync/recovery/strategies.ts';
import { MS, SECOND, inWorld, type SyncWorld } from '../world.ts';

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
