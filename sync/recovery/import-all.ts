import type { LossPlan, RecoveryContext, RecoveryStrategy } from '../recovery.ts';

/** Eager: every device knows every timeline, so a survivor already has it. No fd is kept; the last device takes all with it. */
export const importAll: RecoveryStrategy = {
  name: 'import-all',
  description:
    'imports into every device and keeps no fd; cannot survive a moment without devices, costs a handle a device and timeline; awaits for ever what its client cannot submit any more',
  keepsFd: false,
  importFailureIsFatal: false,
  exportsEarly: false,
  followsDevices: true,
  placeTimeline: ({ devices }) => devices,
  onWaitLost: (_lost, context) => moveToFirst(context),
  onReleaseLost: (_lost, context) => moveToFirst(context),
};

function moveToFirst({ devices }: RecoveryContext): LossPlan {
  const [device] = devices;
  return device ? { type: 'move', device } : { type: 'park' };
}
