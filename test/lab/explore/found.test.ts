/** What explorations have found in failover, as the shortest way there: it stays mended. */
import { expect, test } from 'vitest';
import { violationOf } from '../../../lab/explore/play.ts';
import type { Step } from '../../../lab/explore/step.ts';
import { failover } from '../../../sync/recovery/failover.ts';

const CONNECT: Step = {
  do: 'connect',
  client: 0,
  surfaces: 1,
  tree: 'chain',
  gpu: 0,
  timelines: 'separate',
  sync: 'explicit',
};

const FOUND: readonly (readonly [what: string, steps: readonly Step[]])[] = [
  [
    // Two waits without descriptors for their fences; the later one could not even be armed. When the last device had gone, the one
    // registration there was fired: then every wait of the timeline was taken for signalled.
    'a wait that could not be armed is not over when the others are',
    [
      CONNECT,
      { do: 'unplug', gpu: 1, work: 'leave', ueventMs: 25 },
      { do: 'fault', operation: 'exportSyncFile', code: 'EMFILE', times: 2 },
      { do: 'commit', client: 0, surface: 0, work: 'running', skip: 0, low: false },
      { do: 'fault', operation: 'arm', code: 'ENOMEM', times: 1 },
      { do: 'commit', client: 0, surface: 0, work: 'later', skip: 0, low: false },
      { do: 'unplug', gpu: 0, work: 'fail', ueventMs: 25 },
    ],
  ],
  [
    // The wait had no room for a sync_file. It was tried again while no device was there, which came to nothing, and then never more.
    'a wait without its sync_file asks the device that comes for it',
    [
      { do: 'fault', operation: 'exportSyncFile', code: 'ENOMEM', times: 1 },
      { do: 'unplug', gpu: 0, work: 'leave', ueventMs: 25 },
      CONNECT,
      { do: 'commit', client: 0, surface: 0, work: 'later', skip: 0, low: false },
      { do: 'plug', gpu: 0, ueventMs: 25 },
      { do: 'unplug', gpu: 1, work: 'leave', ueventMs: 25 },
      { do: 'submit', client: 0, nth: 0 },
      { do: 'time', ms: 2100 },
      { do: 'unplug', gpu: 0, work: 'fail', ueventMs: 25 },
    ],
  ],
];

test.each(FOUND)('%s', (_, steps) => {
  expect(violationOf(steps, 0, failover)).toBeUndefined();
});
