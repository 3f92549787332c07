/** Time, injected everywhere: one seed = one run. CLOCK_MONOTONIC nanoseconds as bigint. */
import { native } from './binding.ts';

export interface Timer {
  /** Cancels it. Idempotent. */
  close(): void;
}

export interface Clock {
  nowNs(): bigint;
  /** Calls back once, at or after the deadline, never synchronously from here. */
  at(deadlineNs: bigint, callback: () => void): Timer;
}

const NS_PER_MS = 1_000_000n;

/** setTimeout takes a longer delay for 1 ms. */
const MAX_DELAY_MS = 0x7fff_ffffn;

/** The machine's clock. Resolution of timers is libuv's millisecond; a timer does not keep the process alive when `ref` is false. */
export class SystemClock implements Clock {
  readonly #ref: boolean;

  constructor(options: { ref?: boolean } = {}) {
    this.#ref = options.ref ?? true;
  }

  nowNs(): bigint {
    return native.monotonicNs();
  }

  at(deadlineNs: bigint, callback: () => void): Timer {
    let timeout: NodeJS.Timeout;
    const arm = (): void => {
      timeout = setTimeout(fire, this.#delayMs(deadlineNs));
      if (!this.#ref) timeout.unref();
    };
    // libuv rounds its own time down, so a timeout may come a fraction of a millisecond early.
    const fire = (): void => {
      if (this.nowNs() < deadlineNs) arm();
      else callback();
    };
    arm();
    return { close: () => clearTimeout(timeout) };
  }

  #delayMs(deadlineNs: bigint): number {
    const delayNs = deadlineNs - this.nowNs();
    if (delayNs <= 0n) return 0;
    const delayMs = (delayNs + NS_PER_MS - 1n) / NS_PER_MS;
    return Number(delayMs < MAX_DELAY_MS ? delayMs : MAX_DELAY_MS);
  }
}

interface ManualTimer {
  readonly deadlineNs: bigint;
  readonly sequence: number;
  readonly callback: () => void;
  live: boolean;
}

/** Virtual time: stands still until advanced; timers fire in deadline order, then in order of creation. */
export class ManualClock implements Clock {
  #nowNs: bigint;
  #sequence = 0;
  #timers: ManualTimer[] = [];

  constructor(startNs = 1_000_000_000n) {
    this.#nowNs = startNs;
  }

  nowNs(): bigint {
    return this.#nowNs;
  }

  at(deadlineNs: bigint, callback: () => void): Timer {
    const timer: ManualTimer = { deadlineNs, sequence: this.#sequence++, callback, live: true };
    this.#timers.push(timer);
    return { close: () => this.#drop(timer) };
  }

  /** Deadline of the next timer, or undefined when none is set. */
  nextDeadlineNs(): bigint | undefined {
    return this.#next()?.deadlineNs;
  }

  /** Moves time forward to `targetNs`, firing every timer due on the way (also those set meanwhile). */
  advanceTo(targetNs: bigint): void {
    for (let timer = this.#next(); timer && timer.deadlineNs <= targetNs; timer = this.#next()) {
      this.#drop(timer);
      if (timer.deadlineNs > this.#nowNs) this.#nowNs = timer.deadlineNs;
      timer.callback();
    }
    if (targetNs > this.#nowNs) this.#nowNs = targetNs;
  }

  advanceBy(durationNs: bigint): void {
    this.advanceTo(this.#nowNs + durationNs);
  }

  get pendingTimers(): number {
    return this.#timers.length;
  }

  #next(): ManualTimer | undefined {
    let next: ManualTimer | undefined;
    for (const timer of this.#timers) {
      if (!next || timer.deadlineNs < next.deadlineNs) next = timer;
      else if (timer.deadlineNs === next.deadlineNs && timer.sequence < next.sequence) next = timer;
    }
    return next;
  }

  #drop(timer: ManualTimer): void {
    if (!timer.live) return;
    timer.live = false;
    this.#timers.splice(this.#timers.indexOf(timer), 1);
  }
}
