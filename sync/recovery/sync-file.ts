import type { RecoveryStrategy } from '../recovery.ts';

/** Lives on sync_files: what is submitted at the commit, or soon after, is held independently of any device. */
export const syncFile: RecoveryStrategy = {
  name: 'sync-file',
  description:
    'turns each point into a sync_file at once or by polling for a moment; bounds wait-before-submit and loses releases with the device',
  keepsFd: false,
  importFailureIsFatal: false,
  exportsEarly: true,
  placeTimeline: ({ devices }) => devices.slice(0, 1),
  onWaitLost: () => ({ type: 'give-up' }),
  onReleaseLost: () => ({ type: 'give-up' }),
};
