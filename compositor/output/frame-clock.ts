/** When an output takes its next frame: latch deadlines and vertical blanks on an injected clock. */
import type { Clock, Timer } from '../../native/clock.ts';

/** What drives one output. Both callbacks come from a timer of the clock or from the backend, never from inside {@link FrameClock.schedule}. */
export interface FrameClockListener {
  /**
   * The last moment to decide what the frame shown at `presentationTimeNs` holds. Answers who tells when it is shown:
   * `timed` the clock itself at that time, `backend` a later call of {@link FrameClock.presented}, `none` nothing is shown.
   */
  latch(presentationTimeNs: bigint): 'timed' | 'backend' | 'none';
  /** The frame latched before is on screen since `timestampNs`; `sequence` counts this output's vertical blanks. */
  presented(timestampNs: bigint, sequence: bigint): void;
}

export type FramePace = 'deadline' | 'asap';

export interface FrameClockOptions {
  readonly clock: Clock;
  /** Millihertz; a period is 10^12 / refreshMhz ns, computed from the base each time, so nothing drifts. */
  readonly refreshMhz: number;
  /** How long before the vertical blank a frame is latched: composing must fit in. Default: 4 ms, at most a third of a period. */
  readonly latchLeadNs?: bigint;
  /**
   * `deadline` (default): a frame is latched as late as possible. `asap`: a moment after it was asked for, when the backend has
   * shown the one before: for a host that has deadlines of its own, however deep compositors are nested.
   */
  readonly pace?: FramePace;
  readonly listener: FrameClockListener;
}

const PS_PER_S = 1_000_000_000_000n;
const DEFAULT_LEAD_NS = 4_000_000n;
/** A backend that never answers (its window is hidden) does not stop clients for ever. */
const BACKEND_PATIENCE_NS = 1_000_000_000n;

/** Commits that come together are latched together. */
const ASAP_BATCH_NS = 1_000_000n;

type Phase = 'idle' | 'armed' | 'latching' | 'shown-timed' | 'shown-backend';

/** At most one frame is in flight; while nothing is scheduled there is no timer at all. */
export class FrameClock {
  readonly #clock: Clock;
  readonly #listener: FrameClockListener;
  readonly #leadOption: bigint | undefined;
  readonly #pace: FramePace;
  #refreshMhz: bigint;
  #leadNs: bigint;
  /** Vertical blank number 0 of the current rate. */
  #baseNs: bigint;
  #baseSequence = 0n;
  #lastPresentedNs: bigint;
  #targetNs = 0n;
  #phase: Phase = 'idle';
  #again = false;
  #wakeNs: bigint | undefined;
  #timer: Timer | undefined;
  #wake: Timer | undefined;
  #disposed = false;

  constructor(options: FrameClockOptions) {
    this.#clock = options.clock;
    this.#listener = options.listener;
    this.#leadOption = options.latchLeadNs;
    this.#pace = options.pace ?? 'deadline';
    this.#refreshMhz = BigInt(options.refreshMhz);
    this.#leadNs = this.#leadFor(this.#refreshMhz);
    this.#baseNs = this.#clock.nowNs();
    this.#lastPresentedNs = this.#baseNs;
  }

  /** Nanoseconds of one refresh, rounded. */
  get periodNs(): bigint {
    return PS_PER_S / this.#refreshMhz;
  }

  get refreshMhz(): number {
    return Number(this.#refreshMhz);
  }

  /** Whether nothing is armed: an idle output costs nothing. */
  get idle(): boolean {
    return this.#phase === 'idle' && this.#wake === undefined;
  }

  /** A new rate, from the next frame on. */
  setRefresh(refreshMhz: number): void {
    this.#baseSequence = this.#sequenceAt(this.#lastPresentedNs);
    this.#baseNs = this.#lastPresentedNs;
    this.#refreshMhz = BigInt(refreshMhz);
    this.#leadNs = this.#leadFor(this.#refreshMhz);
  }

  /** Asks for a frame at the next vertical blank that can still be met. Cheap and idempotent. */
  schedule(): void {
    if (this.#disposed) return;
    if (this.#phase === 'idle') this.#arm();
    else if (this.#phase !== 'armed') this.#again = true;
  }

  /** Asks for a frame that is shown at `timeNs` or later (commit-timing); the earliest of several wins. */
  scheduleAt(timeNs: bigint): void {
    if (this.#disposed) return;
    const latchNs = timeNs - this.periodNs;
    if (latchNs <= this.#clock.nowNs()) {
      this.schedule();
      return;
    }
    if (this.#wakeNs !== undefined && this.#wakeNs <= latchNs) return;
    this.#wake?.close();
    this.#wakeNs = latchNs;
    this.#wake = this.#clock.at(latchNs, () => {
      this.#wake = undefined;
      this.#wakeNs = undefined;
      this.schedule();
    });
  }

  /** When what is asked for now would be latched: its fences should have signalled by then. */
  get nextLatchNs(): bigint {
    const targetNs = this.#phase === 'idle' ? this.#nextTargetNs() : this.#targetNs;
    const latchNs = targetNs - this.#leadNs;
    return latchNs > this.#clock.nowNs() ? latchNs : latchNs + this.periodNs;
  }

  /** The backend's answer to a latch that returned `backend`. Later vertical blanks follow `timestampNs`. */
  presented(timestampNs: bigint): void {
    if (this.#phase !== 'shown-backend') return;
    this.alignTo(timestampNs);
    this.done(timestampNs);
  }

  /** As {@link presented}, from a backend that tells vertical blanks by {@link alignTo}: this is none. */
  done(timestampNs: bigint): void {
    if (this.#phase !== 'shown-backend') return;
    this.#timer?.close();
    this.#finish(timestampNs, this.#sequenceAt(timestampNs));
  }

  /** There was a vertical blank at `timestampNs`: later ones follow it. */
  alignTo(timestampNs: bigint): void {
    const sequence = this.#sequenceAt(timestampNs);
    this.#baseNs = timestampNs;
    this.#baseSequence = sequence;
  }

  dispose(): void {
    this.#disposed = true;
    this.#timer?.close();
    this.#wake?.close();
    this.#timer = undefined;
    this.#wake = undefined;
    this.#phase = 'idle';
  }

  #arm(): void {
    this.#phase = 'armed';
    this.#targetNs = this.#nextTargetNs();
    const latchNs =
      this.#pace === 'asap' ? this.#clock.nowNs() + ASAP_BATCH_NS : this.#targetNs - this.#leadNs;
    this.#timer = this.#clock.at(latchNs, () => this.#latch());
  }

  #latch(): void {
    this.#timer = undefined;
    // The loop may have been busy past the deadline: then the frame belongs to a later vertical blank.
    if (this.#clock.nowNs() > this.#targetNs)
      this.#targetNs = this.#blankAfter(this.#clock.nowNs());
    this.#phase = 'latching';
    this.#again = false;
    const shown = this.#listener.latch(this.#targetNs);
    if (this.#disposed) return;
    if (shown === 'none') {
      this.#phase = 'idle';
      if (this.#again) this.#arm();
    } else if (shown === 'timed') {
      this.#phase = 'shown-timed';
      const target = this.#targetNs;
      this.#timer = this.#clock.at(target, () => this.#finish(target, this.#sequenceAt(target)));
    } else {
      this.#phase = 'shown-backend';
      this.#timer = this.#clock.at(this.#targetNs + BACKEND_PATIENCE_NS, () => {
        const now = this.#clock.nowNs();
        this.#finish(now, this.#sequenceAt(now));
      });
    }
  }

  #finish(timestampNs: bigint, sequence: bigint): void {
    this.#timer = undefined;
    this.#phase = 'idle';
    this.#lastPresentedNs = timestampNs;
    const again = this.#again;
    this.#again = false;
    this.#listener.presented(timestampNs, sequence);
    if (again && !this.#disposed && this.#phase === 'idle') this.#arm();
  }

  /** The first vertical blank after the last one shown whose deadline is not over. */
  #nextTargetNs(): bigint {
    if (this.#pace === 'asap') return this.#blankAfter(this.#clock.nowNs());
    const earliest = this.#clock.nowNs() + this.#leadNs - 1n;
    return this.#blankAfter(earliest > this.#lastPresentedNs ? earliest : this.#lastPresentedNs);
  }

  #blankAfter(timeNs: bigint): bigint {
    const elapsed = timeNs - this.#baseNs;
    let count = (elapsed * this.#refreshMhz) / PS_PER_S;
    if (elapsed < 0n) count -= 1n;
    let blank = this.#blank(count);
    while (blank <= timeNs) blank = this.#blank(++count);
    return blank;
  }

  #blank(count: bigint): bigint {
    return this.#baseNs + (count * PS_PER_S) / this.#refreshMhz;
  }

  #sequenceAt(timeNs: bigint): bigint {
    const half = this.periodNs / 2n;
    return this.#baseSequence + ((timeNs - this.#baseNs + half) * this.#refreshMhz) / PS_PER_S;
  }

  #leadFor(refreshMhz: bigint): bigint {
    const third = PS_PER_S / refreshMhz / 3n;
    const lead = this.#leadOption ?? DEFAULT_LEAD_NS;
    return lead < third ? lead : third;
  }
}
