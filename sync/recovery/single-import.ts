import type { RecoveryStrategy } from '../recovery.ts';

/** Today's common practice, kept as the measure of what it costs. */
export const singleImport: RecoveryStrategy = {
  name: 'single-import',
  description:
    'imports into one device, drops the fd, waits on the bare eventfd; cannot survive the loss of that device, sees no fence error',
  keepsFd: false,
  importFailureIsFatal: true,
  exportsEarly: false,
  waitsOn: 'eventfd',
  placeTimeline: ({ devices }) => devices.slice(0, 1),
  onWaitLost: () => ({ type: 'park' }),
  onReleaseLost: () => ({ type: 'park' }),
};
