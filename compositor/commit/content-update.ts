/** One committed, not yet applied change of one surface. */
import type { FenceOutcome } from '../../sync/fence.ts';
import type { BufferUse } from '../buffer/buffer-use.ts';
import type { PendingState } from '../surface/pending-state.ts';
import type { Surface } from '../surface/surface.ts';
import type { AcquireConstraint } from './constraint.ts';
import type { TracedPoint } from '../trace.ts';
import type { UpdateGroup } from './update-group.ts';

/** Where an update is: kept for the parent's commit, in its group's queue, or at its end. */
export type UpdatePhase = 'cached' | 'queued' | 'applied' | 'discarded';

/**
 * The frozen pending state of one surface, plus what it waits for.
 *
 * The update owns its buffer use, callbacks and feedbacks until it is applied or discarded.
 */
export class ContentUpdate {
  /** Unique in the compositor, in commit order. */
  readonly number: number;
  readonly surface: Surface;
  /** Written by nobody any more, save by merging while cached. */
  readonly changes: PendingState;
  /** 0n for one that was applied at once while nobody traced: it is not asked for then, and reading the clock is dear. */
  committedNs: bigint;
  /** undefined: no attach; null: attach(NULL). */
  content: BufferUse | null | undefined;
  /** The buffer part was dropped because its fence failed. */
  contentDropped = false;
  acquire: AcquireConstraint | null = null;
  /** For reports: the acquire point it waits for. */
  acquirePoint: TracedPoint | null = null;
  outcome: FenceOutcome | null = null;
  /** Updates of synchronised subsurfaces committed since this surface's previous commit. */
  dependents: ContentUpdate[] | null = null;
  group: UpdateGroup | null = null;
  phase: UpdatePhase = 'cached';
  /** Unmet: fifo is judged while it is the head of its surface's queue, time at a latch. */
  waitsForBarrier = false;
  waitsForTimeNs: bigint | null = null;
  waitsForHead = false;

  constructor(number: number, surface: Surface, changes: PendingState, committedNs: bigint) {
    this.number = number;
    this.surface = surface;
    this.changes = changes;
    this.committedNs = committedNs;
  }

  /** How many things keep it from being applied. */
  get unmet(): number {
    return (
      Number(this.waitsForHead) +
      Number(this.acquire !== null) +
      Number(this.waitsForBarrier) +
      Number(this.waitsForTimeNs !== null)
    );
  }
}
