import { channel } from 'node:diagnostics_channel';
import { expect, test } from 'vitest';
import type { SyncTraceEvent } from '../../sync/trace.ts';
import { inWorld } from './world.ts';

test(
  'the trace tells a wait from its import to its release, across the loss of its device',
  inWorld((world) => {
    const client = world.client('sim:1');
    const owner = world.owner('app');
    const timeline = owner.importTimeline(client.exportFd());
    world.wait(timeline, 1n);
    const release = timeline.createRelease(2n);
    world.unplug('sim:0');
    client.submit(1n).signal();
    world.turn();
    release.seal();
    expect(world.trace.map(({ type }) => type)).toEqual([
      'device-added',
      'device-added',
      'import',
      'wait',
      'arm',
      'release-created',
      'device-lost',
      'import',
      'moved',
      'available',
      'sync-file',
      'signalled',
      'release-signalled',
    ]);
    expect(world.types('moved')).toMatchObject([
      { owner: 'app', timelineId: timeline.id, from: 'sim:0', to: 'sim:1' },
    ]);
  }),
);

test(
  'diagnostics_channel xsync:wait carries the same events',
  inWorld((world) => {
    const heard: SyncTraceEvent[] = [];
    const listener = (event: unknown): unknown => heard.push(event as SyncTraceEvent);
    channel('xsync:wait').subscribe(listener);
    const client = world.client();
    world.wait(world.owner().importTimeline(client.exportFd()), 1n).unsubscribe();
    channel('xsync:wait').unsubscribe(listener);
    expect(heard).toEqual(world.trace);
    expect(heard.map(({ type }) => type)).toContain('cancelled');
  }),
);
