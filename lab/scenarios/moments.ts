/** Waits for the moment a scenario is about, so that it does not hang on where in their frames the clients happen to be. */
import type { SyncClient } from '../clients/sync-client.ts';
import type { Stage } from './scenario.ts';

/** A slow machine in real time may take long to hit such a moment; in virtual time it comes within a few frames. */
const LIMIT_MS = 15_000;

/** Some frames on: every client has committed a frame that it has not submitted. Throws when that never comes. */
export async function untilUnsubmitted(stage: Stage): Promise<void> {
  await untilEvery(stage, (client) => client.unsubmittedFrames > 0, 'an unsubmitted frame');
}

/** Some frames on: every client has a frame that the compositor knows of and its GPU works on. Throws when that never comes. */
export async function untilInFlight(stage: Stage): Promise<void> {
  await untilEvery(stage, (client) => client.frameInFlight, 'a frame in flight');
}

async function untilEvery(
  { world, clients }: Stage,
  holds: (client: SyncClient) => boolean,
  what: string,
): Promise<void> {
  await world.advance(310);
  if (await world.until(() => clients.every(holds), LIMIT_MS)) return;
  throw new Error(`the clients never had ${what} at the same time`);
}
