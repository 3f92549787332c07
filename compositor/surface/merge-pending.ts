/** Two commits of a synchronised subsurface between two commits of its parent become one. */
import { addDamage } from './damage-list.ts';
import type { PendingState } from './pending-state.ts';
import type { Rect } from './region.ts';

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
  else older.inputRegion?.drop();
  older.inputRegion = undefined;
  newer.surfaceDamage = mergeDamage(older.surfaceDamage, newer.surfaceDamage);
  newer.bufferDamage = mergeDamage(older.bufferDamage, newer.bufferDamage);
  newer.frameCallbacks = appended(older.frameCallbacks, newer.frameCallbacks);
  newer.children ??= older.children;
  newer.setsBarrier ||= older.setsBarrier;
  newer.opacity ??= older.opacity;
  newer.contentType ??= older.contentType;
  newer.tearing ??= older.tearing;
  newer.roleState ??= older.roleState;
  // Superseded: nobody will see exactly that update (presentation-time.xml: wp_presentation_feedback).
  for (const feedback of older.feedbacks ?? []) feedback.discarded();
}

function mergeDamage(older: Rect[] | null, newer: Rect[] | null): Rect[] | null {
  let merged = newer;
  for (const rect of older ?? []) merged = addDamage(merged, rect);
  return merged;
}

/** `older` with `newer` behind it, in place; `newer` itself when there is no older. */
export function appended<T>(older: T[] | null, newer: T[] | null): T[] | null {
  if (!older) return newer;
  for (const item of newer ?? []) older.push(item);
  return older;
}
