/** The GPU goes that the clients render on; the compositor's import device stays. */
import type { SyncClient } from '../clients/sync-client.ts';
import type { World } from '../world/world.ts';
import type { Scenario } from './scenario.ts';

/** A slow machine in real time may take long to hit such a moment; in virtual time it comes within a few frames. */
const UNSUBMITTED_LIMIT_MS = 15_000;

export const clientRemovedFailing: Scenario = {
  name: 'client-device-removed-failing-fence',
  description:
    "the clients' GPU goes with work in flight, its fences end with ENODEV, the clients move on",
  needs: ['error fences'],
  play: async ({ startClient, world }) => {
    world.clientGpu.failsPendingWork = true;
    for (let index = 0; index < 2; index++) {
      (await startClient({ workMs: [30, 50], submitDelayMs: [0, 0] })).draw();
    }
    await world.advance(310);
    await world.clientGpu.remove();
    await world.advance(600);
  },
};

export const clientRemovedNeverSubmitted: Scenario = {
  name: 'client-device-removed-never-submitted',
  description: "the clients' GPU goes with frames committed and not submitted, the clients move on",
  play: async ({ startClient, world, clients }) => {
    for (let index = 0; index < 2; index++) {
      (await startClient({ submitDelayMs: [30, 50] })).draw();
    }
    await untilUnsubmitted(world, clients);
    await world.clientGpu.remove();
    await world.advance(2400);
  },
};

export const clientRemovedNoKeptFd: Scenario = {
  name: 'client-device-removed-no-kept-fd',
  description: 'as before, and the client kept no fd through which anything could be rescued',
  play: async ({ startClient, world, clients }) => {
    (await startClient({ submitDelayMs: [30, 50], keepsTimelineFds: false })).draw();
    await untilUnsubmitted(world, clients);
    await world.clientGpu.remove();
    await world.advance(2400);
  },
};

export const clientRemovedRescued: Scenario = {
  name: 'client-device-removed-rescued',
  description: 'as before, but the client fails its unsubmitted points through another GPU',
  needs: ['error fences'],
  play: async ({ startClient, world, clients }) => {
    (await startClient({ submitDelayMs: [30, 50], rescuesTimelines: true })).draw();
    await untilUnsubmitted(world, clients);
    await world.clientGpu.remove();
    await world.advance(600);
  },
};

/** Some frames on, at a moment when every client has committed a frame it has not submitted. */
async function untilUnsubmitted(world: World, clients: readonly SyncClient[]): Promise<void> {
  await world.advance(310);
  const reached = await world.until(
    () => clients.every((client) => client.unsubmittedFrames > 0),
    UNSUBMITTED_LIMIT_MS,
  );
  if (!reached) throw new Error('the clients never had an unsubmitted frame at the same time');
}
