/** Gives back what a pending state holds, without applying it. */
import type { PendingState } from './pending-state.ts';

/** Drops buffer reference, points, input region, callbacks and feedbacks. The state must not be used afterwards. */
export function discardPending(pending: PendingState): void {
  pending.buffer?.unref();
  pending.buffer = undefined;
  pending.acquirePoint?.drop();
  pending.releasePoint?.drop();
  pending.acquirePoint = null;
  pending.releasePoint = null;
  pending.inputRegion?.drop();
  pending.inputRegion = undefined;
  for (const callback of pending.frameCallbacks ?? []) callback.destroy();
  pending.frameCallbacks = null;
  for (const callback of pending.releaseCallbacks ?? []) callback.destroy();
  pending.releaseCallbacks = null;
  for (const feedback of pending.feedbacks ?? []) feedback.discarded();
  pending.feedbacks = null;
}
