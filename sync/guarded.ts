/** Our own subscriptions keep their mistakes to themselves. */

/** What a subscription is told. */
export interface GuardedObserver<T> {
  next(value: T): void;
  error(error: unknown): void;
  complete?(): void;
}

/**
 * `observer`, of whose mistakes `mistaken` hears. RxJS would hand them to `config.onUnhandledError`, which is one for the process: that of
 * the program we run in, or of nobody, and then the process ends.
 */
export function guarded<T>(
  observer: GuardedObserver<T>,
  mistaken: (error: unknown) => void,
): Required<GuardedObserver<T>> {
  const guard = (tell: () => void): void => {
    try {
      tell();
    } catch (error) {
      mistaken(error);
    }
  };
  return {
    next: (value) => guard(() => observer.next(value)),
    error: (error) => guard(() => observer.error(error)),
    complete: () => guard(() => observer.complete?.()),
  };
}
