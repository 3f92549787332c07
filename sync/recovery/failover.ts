import type { LossPlan, RecoveryContext, RecoveryStrategy } from '../recovery.ts';

/** How long after a device's loss a point may still stay unsubmitted. Wait-before-submit is a matter of frames, not seconds. */
export const FAILOVER_UNSUBMITTED_GRACE_NS = 2_000_000_000n;

/**
 * The default: the best of the others. The fd is kept, the wait prefers a device that cannot go, a survivor takes over, and
 * with no device left waits and release points are debts until one comes.
 */
export const failover: RecoveryStrategy = {
  name: 'failover',
  description:
    'keeps the fd, prefers a container or /dev/syncobj, moves to a survivor, keeps debts while there is no device; survives all',
  keepsFd: true,
  importFailureIsFatal: false,
  exportsEarly: false,
  unsubmittedGraceNs: FAILOVER_UNSUBMITTED_GRACE_NS,
  placeTimeline: (context) => preferred(context).slice(0, 1),
  onWaitLost: (_lost, context) => moveOrPark(context),
  onReleaseLost: (_lost, context) => moveOrPark(context),
};

/** A container with handles costs no descriptor; /dev/syncobj does; a GPU may go again. */
function preferred({
  devices,
  containers,
}: RecoveryContext): readonly RecoveryContext['devices'][number][] {
  if (containers.length === 0) return devices;
  const withHandles = containers.filter((device) => !device.capabilities.importless);
  return withHandles.length > 0 ? withHandles : containers;
}

function moveOrPark(context: RecoveryContext): LossPlan {
  const [device] = preferred(context);
  return device ? { type: 'move', device } : { type: 'park' };
}
