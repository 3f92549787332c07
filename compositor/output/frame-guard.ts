/** Keeps an output going when a frame of it cannot be made. */
import type { Clock } from '../../native/clock.ts';
import type { CompositorLog } from '../log.ts';
import type { FrameClockListener } from './frame-clock.ts';
import type { Output } from './output.ts';

export interface FrameGuardOptions {
  readonly output: Output;
  readonly clock: Clock;
  readonly log: CompositorLog;
  /** Makes a frame. */
  readonly latch: FrameClockListener['latch'];
  /** After a frame that failed: nobody knows what of it was done. */
  readonly failed: () => void;
}

const LONGEST_PAUSE_NS = 1_000_000_000n;
const MAX_DOUBLINGS = 10;

/**
 * A mistake (ours, or of a function of the user's) costs the output that frame: it is logged, and the next one is tried after a pause
 * that doubles up to a second. Of failures in a row the 1st, 2nd, 4th, 8th… are logged.
 */
export class FrameGuard {
  readonly #options: FrameGuardOptions;
  #failures = 0;

  constructor(options: FrameGuardOptions) {
    this.#options = options;
  }

  /** `none` when it failed. */
  latch(presentationTimeNs: bigint): 'timed' | 'backend' | 'none' {
    try {
      const shown = this.#options.latch(presentationTimeNs);
      this.#failures = 0;
      return shown;
    } catch (error) {
      this.#failed(error);
      return 'none';
    }
  }

  #failed(error: unknown): void {
    const { output, clock, log, failed } = this.#options;
    this.#failures++;
    const count = this.#failures;
    if ((count & (count - 1)) === 0) {
      const times = count === 1 ? '' : ` ${count} times in a row`;
      log.error(`output ${output.name}: its frame failed${times}`, error);
    }
    if (output.removed) return;
    failed();
    const pauseNs = output.refreshNs << BigInt(Math.min(count, MAX_DOUBLINGS));
    output.clock.scheduleAt(
      clock.nowNs() + (pauseNs < LONGEST_PAUSE_NS ? pauseNs : LONGEST_PAUSE_NS),
    );
  }
}
