/**
 * Polls unsubmitted points until they can be exported, for a while: all that a strategy without armed eventfds can do about
 * wait-before-submit.
 */
import type { Clock, Timer } from '../native/clock.ts';

export const EXPORT_POLL_INTERVAL_NS = 2_000_000n;
/** Then the wait ends as lost('never-submitted'): this is the bound on wait-before-submit. */
export const EXPORT_POLL_LIMIT_NS = 1_000_000_000n;

export interface ExportPolled {
  /** Tries the export once more. True: no longer needed. */
  pollExport(): boolean;
  /** The limit was reached. */
  exportTimedOut(): void;
}

export class ExportPoll {
  readonly #clock: Clock;
  /** item → when its time is over; in that order, all having the same limit. */
  readonly #polled = new Map<ExportPolled, bigint>();
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(item: ExportPolled): void {
    this.#polled.set(item, this.#clock.nowNs() + EXPORT_POLL_LIMIT_NS);
    this.#schedule();
  }

  dispose(): void {
    this.#polled.clear();
    this.#rest();
  }

  #schedule(): void {
    this.#timer ??= this.#clock.at(this.#clock.nowNs() + EXPORT_POLL_INTERVAL_NS, () => {
      this.#timer = undefined;
      this.#pollAll();
    });
  }

  #pollAll(): void {
    const nowNs = this.#clock.nowNs();
    for (const [item, deadlineNs] of Array.from(this.#polled)) {
      if (!this.#polled.has(item)) continue;
      if (item.pollExport()) this.#polled.delete(item);
      else if (nowNs >= deadlineNs) {
        this.#polled.delete(item);
        item.exportTimedOut();
      }
    }
    if (this.#polled.size > 0) this.#schedule();
    else this.#rest();
  }

  #rest(): void {
    this.#timer?.close();
    this.#timer = undefined;
  }
}
