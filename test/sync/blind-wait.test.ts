/** Waits with no room for a sync_file, or for what they are armed with: they end all the same, and see how. */
import { expect, test } from 'vitest';
import { MS, SECOND, inWorld } from './world.ts';
import { ENODEV } from '../../native/errno.ts';

test(
  'a fence that signals while the descriptor table is full is told when there is room to see how it ended',
  inWorld((world) => {
    const client = world.client();
    const timeline = world.owner().importTimeline(client.exportFd());
    const fence = client.submit(1n);
    const restore = world.kernel.injectFault({ operation: 'exportSyncFile', code: 'EMFILE' });
    const seen = world.wait(timeline, 1n);
    expect(seen.outcomes).toEqual([]);
    fence.fail(ENODEV);
    world.turn();
    world.advance(SECOND);
    expect(seen.outcomes).toEqual([]);
    restore();
    world.advance(2n * SECOND);
    expect(seen.outcomes).toMatchObject([{ type: 'failed', errno: ENODEV }]);
  }),
);

test(
  'a wait that had no room for a sync_file gets one later, and needs no device any more',
  inWorld((world) => {
    const client = world.client();
    const timeline = world.owner().importTimeline(client.exportFd());
    const fence = client.submit(1n);
    world.kernel.injectFault({ operation: 'exportSyncFile', code: 'EMFILE', times: 2 });
    const seen = world.wait(timeline, 1n);
    world.advance(SECOND);
    for (const { id } of world.kernel.listNodes())
      world.kernel.removeDevice(id, { pendingFences: 'leave' });
    fence.fail(ENODEV);
    world.advance(SECOND);
    expect(seen.outcomes).toMatchObject([{ type: 'failed', errno: ENODEV }]);
  }),
);

test(
  'a wait that had no room for a sync_file while the last device went gets one from the next, before its fence fails',
  inWorld((world) => {
    const client = world.client();
    const timeline = world.owner().importTimeline(client.exportFd());
    const fence = client.submit(1n);
    world.kernel.injectFault({ operation: 'exportSyncFile', code: 'ENOMEM', times: 2 });
    const seen = world.wait(timeline, 1n);
    const removeAll = (): void => {
      for (const { id } of world.kernel.listNodes())
        world.kernel.removeDevice(id, { pendingFences: 'leave' });
    };
    removeAll();
    world.advance(SECOND);
    world.kernel.addDevice({ id: 'sim:2' });
    world.advance(SECOND);
    removeAll();
    fence.fail(ENODEV);
    world.advance(SECOND);
    expect(seen.outcomes).toMatchObject([{ type: 'failed', errno: ENODEV }]);
  }),
);

test(
  'a device that goes at the very signal of a blind wait does not hide the failure from the survivor',
  inWorld((world) => {
    const client = world.client();
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
    fence.fail(ENODEV);
    world.advance(SECOND);
    expect(seen.outcomes).toMatchObject([{ type: 'failed', errno: ENODEV }]);
  }),
);

test(
  'a blind wait sees the error after all when there is room again at its end',
  inWorld((world) => {
    const client = world.client();
    const timeline = world.owner().importTimeline(client.exportFd());
    const fence = client.submit(1n);
    const restore = world.kernel.injectFault({ operation: 'exportSyncFile', code: 'EMFILE' });
    const seen = world.wait(timeline, 1n);
    restore();
    fence.fail(ENODEV);
    world.turn();
    expect(seen.outcomes).toMatchObject([{ type: 'failed', errno: ENODEV }]);
  }),
);

test(
  'arming that finds no memory is tried again',
  inWorld((world) => {
    const client = world.client();
    const timeline = world.owner().importTimeline(client.exportFd());
    const restore = world.kernel.injectFault({ operation: 'arm', code: 'ENOMEM' });
    const seen = world.wait(timeline, 1n);
    world.advance(200n * MS);
    restore();
    client.signal(1n);
    world.advance(SECOND);
    expect(seen.outcomes).toMatchObject([{ type: 'signalled' }]);
  }),
);

test(
  'a descriptor table that is full when the point becomes available leaves the wait blind, and the poller at rest',
  inWorld((world) => {
    const client = world.client();
    const owner = world.owner();
    const timeline = owner.importTimeline(client.exportFd());
    const seen = world.wait(timeline, 1n);
    const restore = world.kernel.injectFault({ operation: 'exportSyncFile', code: 'EMFILE' });
    const fence = client.submit(1n);
    world.turn();
    expect(owner.stats().waits).toMatchObject([{ phase: 'submitted' }]);
    fence.signal();
    world.turn();
    restore();
    world.advance(SECOND);
    expect(seen.outcomes).toMatchObject([{ type: 'signalled', errorsVisible: true }]);
  }),
);
