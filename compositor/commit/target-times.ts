/** commit-timing-v1: an update that is not to be seen before its target time. */
import type { Clock, Timer } from '../../native/clock.ts';
import type { SurfaceOutput } from '../surface/surface-output.ts';
import type { ContentUpdate } from './content-update.ts';
import type { LatchListener } from './fifo-barriers.ts';

/** How long after its target a visible update asks again for a latch. */
const RETRY_NS = 33_333_333n;

/** A client may ask for any u64 of seconds; timers of the system end at 2^31 ms. */
const LONGEST_TIMER_NS = 3_600_000_000_000n;

/** Updates with a target time: met by the first latch whose presentation is not before it; by time alone while hidden. */
export class TargetTimes {
  readonly #clock: Clock;
  readonly #listener: LatchListener;
  readonly #timers = new Map<ContentUpdate, Timer>();

  constructor(clock: Clock, listener: LatchListener) {
    this.#clock = clock;
    this.#listener = listener;
  }

  /** Starts to watch an update whose `waitsForTimeNs` is set. */
  add(update: ContentUpdate): void {
    const targetNs = update.waitsForTimeNs;
    if (targetNs === null) return;
    this.#listener.latchWanted(update.surface, targetNs);
    this.#arm(update, targetNs, targetNs);
  }

  /** A latch: its frame will be seen at `presentationNs`. */
  latch(output: SurfaceOutput, presentationNs: bigint): void {
    for (const update of this.#timers.keys()) {
      const targetNs = update.waitsForTimeNs;
      const shown = update.surface.visibleOn.has(output);
      if (shown && targetNs !== null && targetNs <= presentationNs) this.#pass(update);
    }
  }

  forget(update: ContentUpdate): void {
    this.#timers.get(update)?.close();
    this.#timers.delete(update);
  }

  dispose(): void {
    for (const timer of this.#timers.values()) timer.close();
    this.#timers.clear();
  }

  #arm(update: ContentUpdate, targetNs: bigint, deadlineNs: bigint): void {
    const latestNs = this.#clock.nowNs() + LONGEST_TIMER_NS;
    const timer = this.#clock.at(deadlineNs < latestNs ? deadlineNs : latestNs, () => {
      if (deadlineNs > latestNs) {
        this.#arm(update, targetNs, deadlineNs);
      } else if (update.surface.visibleOn.size === 0) {
        this.#pass(update);
        this.#listener.drain();
      } else {
        this.#listener.latchWanted(update.surface, targetNs);
        this.#arm(update, targetNs, deadlineNs + RETRY_NS);
      }
    });
    this.#timers.set(update, timer);
  }

  #pass(update: ContentUpdate): void {
    this.forget(update);
    update.waitsForTimeNs = null;
    this.#listener.met(update);
  }
}
