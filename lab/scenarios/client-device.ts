/** The GPU goes that the clients render on; the compositor's import device stays. */
import { untilInFlight, untilUnsubmitted } from './moments.ts';
import type { Scenario } from './scenario.ts';

export const clientRemovedFailing: Scenario = {
  name: 'client-device-removed-failing-fence',
  description:
    "the clients' GPU goes with work in flight, its fences end with ENODEV, the clients move on",
  needs: ['error fences'],
  play: async (stage) => {
    const { startClient, world } = stage;
    world.clientGpu.failsPendingWork = true;
    for (let index = 0; index < 2; index++) {
      (await startClient({ workMs: [30, 50], submitDelayMs: [0, 0] })).draw();
    }
    await untilInFlight(stage);
    await world.clientGpu.remove();
    await world.advance(600);
  },
};

export const clientRemovedNeverSubmitted: Scenario = {
  name: 'client-device-removed-never-submitted',
  description: "the clients' GPU goes with frames committed and not submitted, the clients move on",
  play: async (stage) => {
    const { startClient, world } = stage;
    for (let index = 0; index < 2; index++) {
      (await startClient({ submitDelayMs: [30, 50] })).draw();
    }
    await untilUnsubmitted(stage);
    await world.clientGpu.remove();
    await world.advance(2400);
  },
};

export const clientRemovedNoKeptFd: Scenario = {
  name: 'client-device-removed-no-kept-fd',
  description: 'as before, and the client kept no fd through which anything could be rescued',
  play: async (stage) => {
    const { startClient, world } = stage;
    (await startClient({ submitDelayMs: [30, 50], keepsTimelineFds: false })).draw();
    await untilUnsubmitted(stage);
    await world.clientGpu.remove();
    await world.advance(2400);
  },
};

export const clientRemovedRescued: Scenario = {
  name: 'client-device-removed-rescued',
  description: 'as before, but the client fails its unsubmitted points through another GPU',
  needs: ['error fences'],
  play: async (stage) => {
    const { startClient, world } = stage;
    (await startClient({ submitDelayMs: [30, 50], rescuesTimelines: true })).draw();
    await untilUnsubmitted(stage);
    await world.clientGpu.remove();
    await world.advance(600);
  },
};
