import type { LossPlan, RecoveryContext, RecoveryStrategy } from '../recovery.ts';

/** Everything lives in a node without a GPU (a dummy render node), which no cable can pull. Falls back to the first GPU. */
export const container: RecoveryStrategy = {
  name: 'container',
  description:
    'imports into an always-there syncobj-only render node and drops the fd; without such a node it is as fragile as single-import; awaits for ever what its client cannot submit any more',
  keepsFd: false,
  importFailureIsFatal: false,
  exportsEarly: false,
  placeTimeline: (context) => preferred(context).slice(0, 1),
  onWaitLost: (_lost, context) => move(context),
  onReleaseLost: (_lost, context) => move(context),
};

function preferred({
  devices,
  containers,
}: RecoveryContext): readonly RecoveryContext['devices'][number][] {
  const withHandles = containers.filter((device) => !device.capabilities.importless);
  return withHandles.length > 0 ? withHandles : devices;
}

function move(context: RecoveryContext): LossPlan {
  const [device] = preferred(context);
  return device ? { type: 'move', device } : { type: 'park' };
}
