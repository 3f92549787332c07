/** Cached updates of a synchronised subsurface: several between two commits of the parent apply as one. */
import { mergePending } from '../surface/merge-pending.ts';
import type { SurfaceChild } from '../surface/surface-state.ts';
import type { ContentUpdate } from './content-update.ts';

/**
 * Folds `older` into `newer` and marks it discarded. A buffer that newer replaces is let go at once, its fence no longer waited
 * for; else newer takes buffer and wait over. Returns the updates that ended by it.
 */
export function mergeUpdates(older: ContentUpdate, newer: ContentUpdate): ContentUpdate[] {
  const ended: ContentUpdate[] = [];
  const open: [older: ContentUpdate, newer: ContentUpdate][] = [[older, newer]];
  for (let pair = open.pop(); pair; pair = open.pop()) {
    const [from, into] = pair;
    mergeOne(from, into);
    ended.push(from);
    for (const dependent of from.dependents ?? []) {
      if (dependent.phase === 'discarded') continue;
      const twin = into.dependents?.find(({ surface }) => surface === dependent.surface);
      if (twin) open.push([dependent, twin]);
      else (into.dependents ??= []).push(dependent);
    }
    from.dependents = null;
  }
  return ended;
}

function mergeOne(older: ContentUpdate, newer: ContentUpdate): void {
  older.phase = 'discarded';
  if (newer.content !== undefined || newer.contentDropped) {
    older.acquire?.close();
    older.content?.drop();
  } else {
    newer.content = older.content;
    newer.contentDropped = older.contentDropped;
    newer.acquire = older.acquire;
    newer.acquirePoint = older.acquirePoint;
    newer.outcome = older.outcome;
    if (newer.acquire) newer.acquire.update = newer;
  }
  older.acquire = null;
  older.content = undefined;
  mergePending(older.changes, newer.changes);
}

/** Takes what synchronised subsurfaces among `children` have cached: it applies together with `update`. */
export function adoptCached(update: ContentUpdate, children: readonly SurfaceChild[]): void {
  for (const { surface: child } of children) {
    if (child === update.surface || !child.cached || !child.synchronized) continue;
    (update.dependents ??= []).push(child.cached);
    child.cached = null;
  }
}

/** The update and, recursively, its dependents that are still alive: parents before children. */
export function flattenUpdate(update: ContentUpdate): ContentUpdate[] {
  const flat: ContentUpdate[] = [];
  const open = [update];
  for (let next = open.pop(); next; next = open.pop()) {
    if (next.phase === 'discarded') continue;
    flat.push(next);
    if (next.dependents) open.push(...next.dependents);
    next.dependents = null;
  }
  return flat;
}
