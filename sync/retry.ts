/** Things that could not be done now (EMFILE, ENOMEM) and are tried again, on a bounded back-off, until they can. */
import type { Clock, Timer } from '../native/clock.ts';

export interface Retryable {
  /** Tries once more. True: done, or no longer needed. Must not throw. */
  retry(): boolean;
}

export const FIRST_RETRY_NS = 5_000_000n;
/** The interval doubles up to this one, unless the queue is made with another. Attempts are not limited: a debt stays a debt. */
export const LONGEST_RETRY_NS = 1_000_000_000n;

export class RetryQueue {
  readonly #clock: Clock;
  readonly #longestNs: bigint;
  readonly #waiting = new Set<Retryable>();
  #intervalNs = FIRST_RETRY_NS;
  #timer: Timer | undefined;

  constructor(clock: Clock, longestNs: bigint = LONGEST_RETRY_NS) {
    this.#clock = clock;
    this.#longestNs = longestNs;
  }

  get size(): number {
    return this.#waiting.size;
  }

  add(item: Retryable): void {
    this.#waiting.add(item);
    this.#timer ??= this.#clock.at(this.#clock.nowNs() + this.#intervalNs, () => this.#onTimer());
  }

  remove(item: Retryable): void {
    if (this.#waiting.delete(item) && this.#waiting.size === 0) this.#rest();
  }

  /** Circumstances changed (a device came, descriptors were freed): tries all now. */
  kick(): void {
    this.#intervalNs = FIRST_RETRY_NS;
    this.#tryAll();
  }

  dispose(): void {
    this.#waiting.clear();
    this.#rest();
  }

  #onTimer(): void {
    this.#timer = undefined;
    this.#intervalNs *= 2n;
    if (this.#intervalNs > this.#longestNs) this.#intervalNs = this.#longestNs;
    this.#tryAll();
    if (this.#waiting.size > 0) {
      this.#timer ??= this.#clock.at(this.#clock.nowNs() + this.#intervalNs, () => this.#onTimer());
    }
  }

  #tryAll(): void {
    for (const item of Array.from(this.#waiting)) {
      // An earlier item's success may have made this one unnecessary.
      if (this.#waiting.has(item) && item.retry()) this.#waiting.delete(item);
    }
    if (this.#waiting.size === 0) this.#rest();
  }

  #rest(): void {
    this.#timer?.close();
    this.#timer = undefined;
    this.#intervalNs = FIRST_RETRY_NS;
  }
}
