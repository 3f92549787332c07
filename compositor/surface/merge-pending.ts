/** Two commits of a synchronised subsurface between two commits of its parent become one. */
import { addDamage } from './damage-list.ts';
import type { PendingState } from './pending-state.ts';

/** Folds `older` into `newer`: what newer did not set comes from older. Buffers and points have been taken out of both before. */
export function mergePending(older: PendingState, newer: PendingState): void {
  newer.offsetX += older.offsetX;
  newer.offsetY += older.offsetY;
  newer.bufferScale ??= older.bufferScale;
  newer.bufferTransform ??= older.bufferTransform;
  if (newer.viewportSource === undefined) newer.viewportSource = older.viewportSource;
  if (newer.viewportDestination === undefined) {
    newer.viewportDestination = older.viewportDestination;
  }
  newer.opaqueRegion ??= older.opaqueRegion;
  if (newer.inputRegion === undefined) newer.inputRegion = older.inputRegion;
  for (const rect of older.surfaceDamage) addDamage(newer.surfaceDamage, rect);
  for (const rect of older.bufferDamage) addDamage(newer.bufferDamage, rect);
  newer.frameCallbacks = [...older.frameCallbacks, ...newer.frameCallbacks];
  newer.children ??= older.children;
  newer.setsBarrier ||= older.setsBarrier;
  newer.opacity ??= older.opacity;
  newer.contentType ??= older.contentType;
  newer.tearing ??= older.tearing;
  newer.roleState ??= older.roleState;
  // Superseded: nobody will see exactly that update (presentation-time.xml: wp_presentation_feedback).
  for (const feedback of older.feedbacks) feedback.discarded();
}
