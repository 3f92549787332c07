import type { LossPlan, RecoveryContext, RecoveryStrategy } from '../recovery.ts';

/** Works on syncobj fds themselves through /dev/syncobj, as proposed on dri-devel in May 2026: there is nothing to import. */
export const syncobjDevice: RecoveryStrategy = {
  name: 'syncobj-device',
  description:
    'uses /dev/syncobj, which needs no GPU; not in any released kernel, costs a descriptor a timeline; awaits for ever what its client cannot submit any more',
  keepsFd: false,
  importFailureIsFatal: false,
  exportsEarly: false,
  placeTimeline: (context) => importless(context).slice(0, 1),
  onWaitLost: (_lost, context) => move(context),
  onReleaseLost: (_lost, context) => move(context),
};

function importless({ devices }: RecoveryContext): readonly RecoveryContext['devices'][number][] {
  return devices.filter((device) => device.capabilities.importless);
}

function move(context: RecoveryContext): LossPlan {
  const [device] = importless(context);
  return device ? { type: 'move', device } : { type: 'park' };
}
