import type { LossPlan, RecoveryContext, RecoveryStrategy } from '../recovery.ts';

/** Keeps every syncobj's fd and moves what is pending to a survivor. */
export const reImport: RecoveryStrategy = {
  name: 're-import',
  description:
    'keeps the fd and re-imports into a surviving or later device; a point whose client lost its device is awaited for ever',
  keepsFd: true,
  importFailureIsFatal: false,
  exportsEarly: false,
  placeTimeline: ({ devices }) => devices.slice(0, 1),
  onWaitLost: (_lost, context) => moveToFirst(context),
  onReleaseLost: (_lost, context) => moveToFirst(context),
};

function moveToFirst({ devices }: RecoveryContext): LossPlan {
  const [device] = devices;
  return device ? { type: 'move', device } : { type: 'park' };
}
