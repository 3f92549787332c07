/** Who is told of applied updates, and when a group of them is through. */
import type { CompositorLog } from '../log.ts';
import type { AppliedUpdate } from '../surface/surface-state.ts';

export type AppliedListener = (update: AppliedUpdate) => void;

export class AppliedListeners {
  readonly #log: CompositorLog;
  readonly #ofUpdates = new Set<AppliedListener>();
  readonly #ofGroups = new Set<() => void>();

  constructor(log: CompositorLog) {
    this.#log = log;
  }

  /** Returns the remover. */
  addForUpdates(listener: AppliedListener): () => void {
    this.#ofUpdates.add(listener);
    return () => this.#ofUpdates.delete(listener);
  }

  /** Returns the remover. */
  addForGroups(listener: () => void): () => void {
    this.#ofGroups.add(listener);
    return () => this.#ofGroups.delete(listener);
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
    for (const listener of this.#ofUpdates) listener(update);
  }

  /** All updates of a group were told of. */
  tellGroup(): void {
    try {
      for (const listener of this.#ofGroups) listener();
    } catch (error) {
      this.#log.error('after a group was applied', error);
    }
  }

  clear(): void {
    this.#ofUpdates.clear();
    this.#ofGroups.clear();
  }
}
