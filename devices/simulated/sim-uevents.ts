/** Removal and addition events of the simulated kernel: late, as uevents are, and in order. */
import type { Clock, Timer } from '../../native/clock.ts';
import type { HotplugEvent, HotplugSource } from '../sync-kernel.ts';

/** See the file comment. */
export class SimUevents implements HotplugSource {
  readonly #clock: Clock;
  readonly #listeners = new Set<(event: HotplugEvent) => void>();
  readonly #timers = new Set<Timer>();
  #lastNs = 0n;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Events not delivered yet. */
  get pending(): number {
    return this.#timers.size;
  }

  listen(onEvent: (event: HotplugEvent) => void): () => void {
    // A wrapper of its own, so that the same function can listen twice.
    const listener = (event: HotplugEvent): void => onEvent(event);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Delivers `event` after `delayNs`, but never before an event sent earlier. `before` runs at that time, just ahead of it. */
  send(
    event: HotplugEvent,
    delayNs: bigint,
    hooks: { before?: () => void; after?: () => void },
  ): void {
    const dueNs = this.#clock.nowNs() + delayNs;
    this.#lastNs = dueNs > this.#lastNs ? dueNs : this.#lastNs;
    const timer = this.#clock.at(this.#lastNs, () => {
      this.#timers.delete(timer);
      hooks.before?.();
      for (const listener of this.#listeners) listener(event);
      hooks.after?.();
    });
    this.#timers.add(timer);
  }

  dispose(): void {
    for (const timer of this.#timers) timer.close();
    this.#timers.clear();
    this.#listeners.clear();
  }
}
