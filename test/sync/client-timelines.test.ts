/** A client that leaves nobody waiting, without a hand of its own. */
import { expect, test } from 'vitest';
import { DeviceRegistry } from '../../devices/registry.ts';
import { DeviceLostError, type Point } from '../../devices/syncobj-device.ts';
import type { ClientTimeline, Rescue } from '../../sync/client-timeline.ts';
import { ClientTimelines, type ClientTimelinesOptions } from '../../sync/client-timelines.ts';
import { ENODEV } from '../../native/errno.ts';
import { MS, inWorld, type Seen, type SyncWorld } from './world.ts';

interface Program {
  readonly timelines: ClientTimelines;
  readonly timeline: ClientTimeline;
  readonly rescues: Rescue[];
  /** Awaits a point as a compositor does, which promises it. */
  await(point: Point): Seen;
  end(): void;
}

/** A client program on sim:1, and a compositor on whatever there is. */
function program(world: SyncWorld, options: Partial<ClientTimelinesOptions> = {}): Program {
  world.manager('failover');
  const registry = new DeviceRegistry(world);
  const rescues: Rescue[] = [];
  const onRescue = (_timeline: ClientTimeline, rescue: Rescue): unknown => rescues.push(rescue);
  const timelines = new ClientTimelines({ registry, onRescue, ...options });
  const timeline = timelines.create(world.clientDevice('sim:1'));
  const awaited = world.owner().importTimeline(timeline.exportFd());
  return {
    timelines,
    timeline,
    rescues,
    await: (point) => {
      timeline.promise(point);
      return world.wait(awaited, point);
    },
    end: () => {
      timelines.dispose();
      registry.dispose();
    },
  };
}

function typesOf({ outcomes }: Seen): string[] {
  return outcomes.map(({ type }) => type);
}

test(
  'what was promised on a device that goes is ended through another one, which takes later points too',
  inWorld((world) => {
    const client = program(world);
    const [first, second] = [client.await(1n), client.await(2n)];
    world.unplug('sim:1');
    expect([first, second].map(typesOf)).toEqual([['signalled'], ['signalled']]);
    expect(client.rescues).toEqual([{ points: [1n, 2n], asFailed: false }]);
    expect(client.timeline.at.device.id).toBe('sim:0');
    const third = client.await(3n);
    client.timeline.signal(3n);
    world.turn();
    expect(typesOf(third)).toEqual(['signalled']);
    client.end();
  }),
);

test(
  'ENODEV from a submission is enough: nobody waits for the uevent',
  inWorld((world) => {
    const client = program(world);
    const seen = client.await(1n);
    world.kernel.removeDevice('sim:1');
    expect(() => client.timeline.signal(1n)).toThrow(DeviceLostError);
    world.turn();
    expect(typesOf(seen)).toEqual(['signalled']);
    client.end();
  }),
);

test(
  'a loss elsewhere moves nothing',
  inWorld((world) => {
    const client = program(world);
    const seen = client.await(1n);
    world.unplug('sim:0');
    expect(client.rescues).toEqual([]);
    expect(typesOf(seen)).toEqual([]);
    client.timeline.signal(1n);
    world.turn();
    expect(typesOf(seen)).toEqual(['signalled']);
    client.end();
  }),
);

test(
  'without any device left the next one that comes is used',
  inWorld((world) => {
    const client = program(world);
    const seen = client.await(1n);
    world.unplug('sim:0');
    world.unplug('sim:1');
    expect(typesOf(seen)).toEqual([]);
    expect(client.timeline.promised).toEqual([1n]);
    world.plug('sim:1');
    expect(typesOf(seen)).toEqual(['signalled']);
    expect(client.rescues).toHaveLength(1);
    client.end();
  }),
);

test(
  'a survivor that goes meanwhile leaves the promises to the next',
  inWorld((world) => {
    const client = program(world);
    const seen = client.await(1n);
    world.kernel.removeDevice('sim:0');
    world.kernel.removeDevice('sim:1');
    expect(() => client.timeline.signal(1n)).toThrow(DeviceLostError);
    world.turn();
    expect(typesOf(seen)).toEqual(['signalled']);
    expect(client.timeline.at.device.id).toBe('sim:2');
    world.advance(50n * MS);
    client.end();
  }, 3),
);

test(
  'with the sync_file of a job that the lost device failed the waiters see an error',
  inWorld((world) => {
    const fence = world.kernel.createFence({ deviceId: 'sim:1' });
    using syncFile = fence.exportSyncFile();
    const client = program(world, {
      failedSyncFile: (lost) => (lost.id === 'sim:1' ? syncFile.fd : undefined),
    });
    const seen = client.await(1n);
    world.unplug('sim:1');
    expect(seen.outcomes).toMatchObject([{ type: 'failed', errno: ENODEV }]);
    expect(client.rescues).toEqual([{ points: [1n], asFailed: true }]);
    client.end();
  }),
);

test(
  'a timeline that was disposed of is not followed, and disposal comes twice without harm',
  inWorld((world) => {
    const client = program(world);
    client.timeline.dispose();
    client.timeline.dispose();
    world.unplug('sim:1');
    expect(client.rescues).toEqual([]);
    client.timelines.dispose();
    client.end();
  }),
);

test(
  'after the disposal of all, what was promised stays unsubmitted',
  inWorld((world) => {
    const client = program(world);
    const seen = client.await(1n);
    client.end();
    world.unplug('sim:1');
    expect(typesOf(seen)).toEqual([]);
    seen.unsubscribe();
  }),
);
