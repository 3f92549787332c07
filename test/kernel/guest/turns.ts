/** Turns of a poller that runs on no loop. */
import type { Poller } from '../../../native/poller.ts';

const QUIET_MS = 100;
/** Of turns: on a machine that stands still in between no time is lost. */
const MAX_TURNS = 300;

/** Handles what is ready until nothing more comes for a moment: for what must not happen. */
export function settle(poller: Poller): void {
  while (poller.dispatch(QUIET_MS) > 0);
}

/** Handles what comes until the condition holds, then what else there is. Throws when it does not come about. */
export function settleUntil(poller: Poller, condition: () => boolean): void {
  for (let turn = 0; !condition(); turn++) {
    if (turn === MAX_TURNS) throw new Error(`did not come about: ${condition.toString()}`);
    poller.dispatch(QUIET_MS);
  }
  settle(poller);
}
