/** Where explicit sync meets the commit queue: the end of an acquire fence becomes one call. */
import type { Observable, Subscription } from 'rxjs';
import type { FenceOutcome } from '../../sync/fence.ts';
import { guarded } from '../../sync/guarded.ts';
import type { PendingPoint } from '../../sync/timeline.ts';
import type { WaitObserver } from '../../sync/wait.ts';
import type { SyncPoint } from '../buffer/sync-point.ts';
import type { ContentUpdate } from './content-update.ts';

/** What settles when an acquire fence comes to its end. */
export interface AcquireListener {
  /** At most once, and never while the wait is begun. */
  settled(constraint: AcquireConstraint, outcome: FenceOutcome): void;
  /** A mistake of ours when it settled. */
  failed(error: unknown): void;
  /** The wait itself failed: what to make of it, so that nothing waits for ever. */
  outcomeOfError(constraint: AcquireConstraint, error: unknown): FenceOutcome;
}

/** An update's wait for its buffer. Merging updates moves it: `update` is whose buffer it guards now. */
export class AcquireConstraint implements WaitObserver {
  update: ContentUpdate;
  readonly #listener: AcquireListener;
  #outcome: FenceOutcome | null = null;
  #begun = false;
  #closed = false;
  #pending: PendingPoint | undefined;
  #subscription: Subscription | undefined;

  /** Waits for nothing yet: one of the next two begins, and has seen the end of a fence that had signalled in {@link outcome}. */
  constructor(update: ContentUpdate, listener: AcquireListener) {
    this.update = update;
    this.#listener = listener;
  }

  /** Null while it waits. */
  get outcome(): FenceOutcome | null {
    return this.#outcome;
  }

  beginPoint({ timeline, point }: SyncPoint): void {
    try {
      this.#pending = timeline.observePoint(point, this);
    } catch (error) {
      this.error(error);
    }
    this.#begun = true;
  }

  begin(source: Observable<FenceOutcome>): void {
    this.#subscription = source.subscribe(guarded(this, (error) => this.#listener.failed(error)));
    this.#begun = true;
  }

  next(outcome: FenceOutcome): void {
    if (this.#outcome !== null || this.#closed) return;
    this.#outcome = outcome;
    if (this.#begun) this.#listener.settled(this, outcome);
  }

  error(error: unknown): void {
    if (this.#outcome === null) this.next(this.#listener.outcomeOfError(this, error));
  }

  complete(): void {
    if (this.#outcome === null) this.next({ type: 'lost', reason: 'timeline-gone' });
  }

  /** Before the next latch of an output that shows the surface. */
  neededByNs(): bigint | undefined {
    let earliestNs: bigint | undefined;
    for (const { nextLatchNs } of this.update.surface.visibleOn)
      if (earliestNs === undefined || nextLatchNs < earliestNs) earliestNs = nextLatchNs;
    return earliestNs;
  }

  /** Cancels the wait; nobody is told any more. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#pending?.cancel();
    this.#pending = undefined;
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
  }
}
