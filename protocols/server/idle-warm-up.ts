/** The warm-up for a display that is up already: in the pauses in which nobody wants anything of it. */
import type { Clock, Timer } from '../../native/clock.ts';
import { isSystemError } from '../../native/errors.ts';
import type { Poller } from '../../native/poller.ts';
import { warmUpSteps } from './warm-up.ts';

/** How long nothing has to have happened, and how much is then done at a time. */
const PAUSE_NS = 20_000_000n;
const SLICE_NS = 2_000_000n;
/** A compositor is to be at rest two seconds after its start. */
const TURNS_PER_ROUND = 320;

/**
 * Compiles the hot path (see warmUp) in slices of 2 ms, each after a pause of 20 ms in which `poller` had no turn: a client that comes
 * meanwhile waits for a slice at most. Takes some two seconds when nobody comes, then costs nothing more. Closing ends it early.
 */
export function warmUpWhenIdle(poller: Poller, clock: Clock): Timer {
  const steps = warmUpSteps(undefined, TURNS_PER_ROUND);
  let busy = false;
  const unwatch = poller.onTurnEnd(() => {
    busy = true;
  });
  let timer = clock.at(clock.nowNs() + PAUSE_NS, tick);
  return { close: end };

  function tick(): void {
    const nowNs = clock.nowNs();
    let done = false;
    while (!busy && !done && clock.nowNs() - nowNs < SLICE_NS) done = step();
    busy = false;
    if (done) end();
    else timer = clock.at(nowNs + PAUSE_NS, tick);
  }

  /** Whether it was the last one. Out of descriptors there are better uses for them than this. */
  function step(): boolean {
    try {
      return steps.next().done === true;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      return true;
    }
  }

  function end(): void {
    timer.close();
    unwatch();
    steps.return();
  }
}
