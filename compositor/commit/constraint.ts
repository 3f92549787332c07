/** Where RxJS meets the commit queue: the Observable of a fence's outcome becomes one callback. */
import type { Observable, Subscription } from 'rxjs';
import type { FenceOutcome } from '../../sync/fence.ts';
import type { ContentUpdate } from './content-update.ts';

/** What settles when an acquire fence comes to its end. */
export interface AcquireListener {
  /** At most once, and never from within the constraint's construction. */
  settled(constraint: AcquireConstraint, outcome: FenceOutcome): void;
  /** The wait itself failed: what to make of it, so that nothing waits for ever. */
  outcomeOfError(error: unknown): FenceOutcome;
}

/** An update's wait for its buffer. Merging updates moves it: `update` is whose buffer it guards now. */
export class AcquireConstraint {
  update: ContentUpdate;
  #outcome: FenceOutcome | null = null;
  #closed = false;
  #subscription: Subscription | undefined;

  /** Subscribes at once: a fence that had signalled already is seen in {@link AcquireConstraint.outcome} and not told. */
  constructor(update: ContentUpdate, source: Observable<FenceOutcome>, listener: AcquireListener) {
    this.update = update;
    let constructed = false;
    const settle = (outcome: FenceOutcome): void => {
      if (this.#outcome !== null || this.#closed) return;
      this.#outcome = outcome;
      if (constructed) listener.settled(this, outcome);
    };
    this.#subscription = source.subscribe({
      next: settle,
      error: (error: unknown) => settle(listener.outcomeOfError(error)),
      complete: () => settle({ type: 'lost', reason: 'timeline-gone' }),
    });
    constructed = true;
  }

  /** Null while it waits. */
  get outcome(): FenceOutcome | null {
    return this.#outcome;
  }

  /** Cancels the wait; nobody is told any more. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
  }
}
