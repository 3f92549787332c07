import type { RecoveryStrategy } from '../recovery.ts';

/** Goes on unsynchronised: nothing hangs, unfinished content may be shown, and clients that wait for a release do so in vain. */
export const ignoreSync: RecoveryStrategy = {
  name: 'ignore-sync',
  description:
    'treats waits on a lost device as signalled; shows unfinished buffers and loses the release points of that device',
  keepsFd: false,
  importFailureIsFatal: false,
  exportsEarly: false,
  placeTimeline: ({ devices }) => devices.slice(0, 1),
  onWaitLost: () => ({ type: 'assume-signalled' }),
  onReleaseLost: () => ({ type: 'assume-signalled' }),
};
