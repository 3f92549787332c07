/** Who is told of applied updates. */
import type { CompositorLog } from '../log.ts';
import type { AppliedUpdate } from '../surface/surface-state.ts';

export type AppliedListener = (update: AppliedUpdate) => void;

export class AppliedListeners {
  readonly #log: CompositorLog;
  readonly #listeners = new Set<AppliedListener>();

  constructor(log: CompositorLog) {
    this.#log = log;
  }

  /** Returns the remover. */
  add(listener: AppliedListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells the surface, which tells everybody. A mistake must not keep the other surfaces of the group, or later groups, from theirs. */
  tellSurface(applied: AppliedUpdate): void {
    try {
      if (!applied.surface.destroyed) applied.surface.notifyApplied(applied);
    } catch (error) {
      this.#log.error(`wl_surface@${applied.surface.id}: after an update was applied`, error);
    }
  }

  tellUpdate(update: AppliedUpdate): void {
    for (const listener of this.#listeners) listener(update);
  }

  clear(): void {
    this.#listeners.clear();
  }
}
