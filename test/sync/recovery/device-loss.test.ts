/** What becomes of waits and releases when devices go, under the default strategy. */
import { expect, test } from 'vitest';
import { ENODEV } from '../../../native/errno.ts';
import { FAILOVER_UNSUBMITTED_GRACE_NS } from '../../../sync/recovery/failover.ts';
import { MS, SECOND, inWorld } from '../world.ts';

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
