import type { RecoveryStrategy } from '../recovery.ts';

/**
 * Today's common practice, kept as the measure of what it costs: the device that was there at the start is used for good, so
 * that after its loss every new timeline is refused, too.
 */
export const singleImport: RecoveryStrategy = {
  name: 'single-import',
  description:
    'imports into one device for good, drops the fd, waits on the bare eventfd; cannot survive the loss of that device, sees no fence error',
  keepsFd: false,
  importFailureIsFatal: true,
  exportsEarly: false,
  waitsOn: 'eventfd',
  placeTimeline: ({ initial }) => (initial && !initial.lost ? [initial] : []),
  onWaitLost: () => ({ type: 'park' }),
  onReleaseLost: () => ({ type: 'park' }),
};
