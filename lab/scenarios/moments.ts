/** Waits for the moment a scenario is about, so that it does not hang on where in their frames the clients happen to be. */
import type { SyncClient } from '../clients/sync-client.ts';
import type { Stage } from './scenario.ts';

/** A slow machine in real time may take long to hit such a moment; in virtual time it comes within a few frames. */
const LIMIT_MS = 15_000;
const STUCK_AFTER_MS = 1000;

/**
 * Some frames on: the compositor awaits a frame of every client that its client has not submitted, the last of them since just now. Throws
 * when that never comes.
 */
export async function untilUnsubmitted(stage: Stage): Promise<void> {
  await untilEvery(stage, (client) => client.frameUnsubmitted, 'an unsubmitted frame');
}

/**
 * As {@link untilUnsubmitted} where a loss before may have left clients stuck. Whoever commits nothing for a while will not do so again, and
 * nothing is waited for then.
 */
export async function untilUnsubmittedOrStuck(stage: Stage): Promise<void> {
  const { world } = stage;
  const before = world.ledger.commits.length;
  await world.until(() => world.ledger.commits.length > before, STUCK_AFTER_MS);
  if (world.ledger.commits.length > before) await untilUnsubmitted(stage);
}

/** Some frames on: every client has a frame that the compositor knows of and its GPU works on. Throws when that never comes. */
export async function untilInFlight(stage: Stage): Promise<void> {
  await untilEvery(stage, (client) => client.frameInFlight, 'a frame in flight');
}

/** What has lasted for a while may be about to end: the moment is when it begins. */
async function untilEvery(
  { world, clients }: Stage,
  holds: (client: SyncClient) => boolean,
  what: string,
): Promise<void> {
  await world.advance(310);
  const everyHolds = (): boolean => clients.every(holds);
  if (await world.until(() => !everyHolds(), LIMIT_MS)) {
    if (await world.until(everyHolds, LIMIT_MS)) return;
  }
  throw new Error(`the clients never had ${what} at the same time`);
}
