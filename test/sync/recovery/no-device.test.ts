/** No device is left: waits and releases are debts. */
import { describe, expect, test } from 'vitest';
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { ENODEV } from '../../../native/errno.ts';
import { SECOND, inWorld } from '../world.ts';

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
});

test(
  'what has signalled, and could not be read for want of descriptors, ends when nobody is left to read it from',
  inWorld((world) => {
    const client = world.client('sim:1');
    const timeline = world.owner().importTimeline(client.exportFd());
    const fence = client.submit(1n);
    const running = client.submit(2n);
    const restore = world.kernel.injectFault({ operation: 'exportSyncFile', code: 'EMFILE' });
    const seen = world.wait(timeline, 1n);
    const seenRunning = world.wait(timeline, 2n);
    fence.signal();
    world.advance(SECOND);
    expect(seen.outcomes).toEqual([]);
    world.kernel.removeDevice('sim:1', { pendingFences: 'leave' });
    world.advance(SECOND);
    expect(seen.outcomes).toEqual([]);
    world.kernel.removeDevice('sim:0', { pendingFences: 'leave' });
    world.advance(SECOND);
    expect(seen.outcomes).toMatchObject([{ type: 'signalled', errorsVisible: false }]);
    expect(seenRunning.outcomes).toEqual([]);
    restore();
    running.signal();
    world.advance(SECOND);
    expect(seenRunning.outcomes).toHaveLength(1);
  }),
);

test(
  'what has signalled and could not be read is read from another device when there is one',
  inWorld((world) => {
    const client = world.client('sim:1');
    const timeline = world.owner().importTimeline(client.exportFd());
    const fence = client.submit(1n);
    const restore = world.kernel.injectFault({ operation: 'exportSyncFile', code: 'EMFILE' });
    const seen = world.wait(timeline, 1n);
    fence.fail(ENODEV);
    world.advance(SECOND);
    world.kernel.removeDevice('sim:0', { pendingFences: 'leave' });
    world.advance(SECOND);
    expect(seen.outcomes).toEqual([]);
    restore();
    world.advance(2n * SECOND);
    expect(seen.outcomes).toMatchObject([{ type: 'failed', errno: ENODEV }]);
  }),
);

test(
  'the last device goes when it is asked how a wait without a sync_file ended: the wait ends',
  inWorld((world) => {
    const client = world.client('sim:0');
    const timeline = world.owner().importTimeline(client.exportFd());
    const fence = client.submit(1n);
    const restore = world.kernel.injectFault({ operation: 'exportSyncFile', code: 'EMFILE' });
    const seen = world.wait(timeline, 1n);
    restore();
    const stop = world.kernel.intercept(({ operation, phase, device }) => {
      if (operation !== 'exportSyncFile' || phase !== 'before') return;
      stop();
      world.kernel.removeDevice(device.id, { pendingFences: 'leave' });
    });
    fence.signal();
    world.advance(SECOND);
    expect(seen.outcomes).toMatchObject([{ type: 'signalled', errorsVisible: false }]);
  }, 1),
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
