/** Tries again to send what the kernel does not take now and never tells when it would. */
import type { Clock, Timer } from '../../native/clock.ts';

const RETRY_NS = 10_000_000n;

/** Of all connections of one end, on one timer. */
export class SendRetry {
  readonly #clock: Clock;
  readonly #senders = new Set<{ flush(): void }>();
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `sender` is flushed once, a moment from now. One that is gone by then does nothing. */
  add(sender: { flush(): void }): void {
    this.#senders.add(sender);
    this.#timer ??= this.#clock.at(this.#clock.nowNs() + RETRY_NS, () => this.#retry());
  }

  /** Forgets them all. */
  close(): void {
    this.#timer?.close();
    this.#timer = undefined;
    this.#senders.clear();
  }

  #retry(): void {
    this.#timer = undefined;
    const senders = [...this.#senders];
    this.#senders.clear();
    for (const sender of senders) sender.flush();
  }
}
