/** Where RxJS meets the commit queue: an Observable of an outcome becomes one callback. */
import type { Observable, Subscription } from 'rxjs';
import type { FenceOutcome } from '../../sync/fence.ts';

/** A running wait for an acquire fence. */
export interface AcquireWait {
  /** Null while it runs. */
  readonly outcome: FenceOutcome | null;
  /** Cancels it; the callback does not come any more. Idempotent. */
  close(): void;
}

/**
 * Subscribes at once. `done` is called at most once, never before this returns: a fence that had signalled already is seen in
 * `outcome`. An error of the source is an outcome too (`onError` says which), so that nothing waits for ever.
 */
export function awaitOutcome(
  source: Observable<FenceOutcome>,
  done: (outcome: FenceOutcome) => void,
  onError: (error: unknown) => FenceOutcome,
): AcquireWait {
  let outcome: FenceOutcome | null = null;
  let started = false;
  let closed = false;
  let subscription: Subscription | undefined;
  const settle = (result: FenceOutcome): void => {
    if (outcome !== null || closed) return;
    outcome = result;
    if (started) done(result);
  };
  subscription = source.subscribe({
    next: settle,
    error: (error: unknown) => settle(onError(error)),
    complete: () => settle({ type: 'lost', reason: 'timeline-gone' }),
  });
  started = true;
  return {
    get outcome() {
      return outcome;
    },
    close: () => {
      closed = true;
      subscription?.unsubscribe();
    },
  };
}
