/** Content updates that apply together: a surface and its synchronised subsurfaces. */
import type { ContentUpdate } from './content-update.ts';

/** Applied as a whole, once `unmet` is 0. */
export class UpdateGroup {
  /** Commit order. */
  readonly sequence: number;
  /** Root first. Discarded ones stay in the list with phase "discarded". */
  readonly updates: readonly ContentUpdate[];
  /** Unmet constraints of all updates, each counted once: one event, one decrement. */
  unmet = 0;

  constructor(sequence: number, updates: readonly ContentUpdate[]) {
    this.sequence = sequence;
    this.updates = updates;
  }
}
