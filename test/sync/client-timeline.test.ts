import { expect, test } from 'vitest';
import { ClientTimeline } from '../../sync/client-timeline.ts';
import { DeviceLostError } from '../../devices/syncobj-device.ts';
import { inWorld, type SyncWorld } from './world.ts';
import { ENODEV } from '../../native/errno.ts';

/** A client on sim:1 that has promised points 1 to 3 and submitted only the first when its device goes. */
function promisedAndLost(world: SyncWorld): {
  client: ClientTimeline;
  outcomes: () => string[];
  failed: () => number;
  end: () => void;
} {
  world.manager('re-import');
  const client = new ClientTimeline(world.clientDevice('sim:1'));
  const timeline = world.owner().importTimeline(client.exportFd());
  const seen = [1n, 2n, 3n].map((point) => {
    client.promise(point);
    return world.wait(timeline, point);
  });
  const fence = world.kernel.createFence({ deviceId: 'sim:1' });
  const syncFile = fence.exportSyncFile();
  client.submit(1n, syncFile.fd);
  world.turn();
  world.unplug('sim:1');
  expect(() => client.signal(2n)).toThrow(DeviceLostError);
  return {
    client,
    outcomes: () => seen.map((wait) => wait.outcomes.map(({ type }) => type).join(' ')),
    failed: () => syncFile.fd,
    end: () => {
      syncFile.close();
      client.dispose();
    },
  };
}

test(
  'what was promised is signalled through another device',
  inWorld((world) => {
    const { client, outcomes, end } = promisedAndLost(world);
    expect(outcomes()).toEqual(['failed', '', '']);
    const rescue = client.rescue(world.clientDevice('sim:0'));
    expect(rescue).toEqual({ points: [2n, 3n], asFailed: false });
    world.turn();
    expect(outcomes()).toEqual(['failed', 'signalled', 'signalled']);
    expect(client.promised).toEqual([]);
    end();
  }),
);

test(
  'with a failed sync_file the waiters see that the work failed',
  inWorld((world) => {
    const { client, outcomes, failed, end } = promisedAndLost(world);
    expect(world.kernel.syncFiles.info(failed()).status).toBe(-ENODEV);
    // One promise is left, so that no later point hides the error.
    client.fulfilled(3n);
    expect(client.rescue(world.clientDevice('sim:0'), failed())).toEqual({
      points: [2n],
      asFailed: true,
    });
    world.turn();
    expect(outcomes()).toEqual(['failed', 'failed', '']);
    client.signal(3n);
    world.turn();
    end();
  }),
);

test(
  'a kernel that loses the error is told by the answer',
  inWorld(
    (world) => {
      const { client, outcomes, failed, end } = promisedAndLost(world);
      expect(client.rescue(world.clientDevice('sim:0'), failed()).asFailed).toBe(false);
      world.turn();
      expect(outcomes()).toEqual(['failed', 'signalled', 'signalled']);
      end();
    },
    2,
    { pointSyncFile: 'transfer' },
  ),
);

test(
  'a survivor that dies meanwhile leaves the promises for the next',
  inWorld((world) => {
    const { client, end } = promisedAndLost(world);
    const dying = world.clientDevice('sim:0');
    world.kernel.removeDevice('sim:0');
    expect(() => client.rescue(dying)).toThrow(DeviceLostError);
    expect(client.promised).toEqual([2n, 3n]);
    expect(client.rescue(world.clientDevice('sim:2')).points).toEqual([2n, 3n]);
    end();
  }, 3),
);
