/** The GPU goes that the clients render on; the compositor's import device stays. */
import type { Scenario } from './scenario.ts';

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
    await world.advance(2000);
  },
};

export const clientRemovedNeverSubmitted: Scenario = {
  name: 'client-device-removed-never-submitted',
  description: "the clients' GPU goes with frames committed and not submitted, the clients move on",
  play: async ({ startClient, world }) => {
    for (let index = 0; index < 2; index++) {
      (await startClient({ submitDelayMs: [30, 50] })).draw();
    }
    await world.advance(310);
    await world.clientGpu.remove();
    await world.advance(4000);
  },
};

export const clientRemovedNoKeptFd: Scenario = {
  name: 'client-device-removed-no-kept-fd',
  description: 'as before, and the clients kept no fd through which anything could be rescued',
  play: async ({ startClient, world }) => {
    (await startClient({ submitDelayMs: [30, 50], keepsTimelineFds: false })).draw();
    await world.advance(310);
    await world.clientGpu.remove();
    await world.advance(4000);
  },
};

export const clientRemovedRescued: Scenario = {
  name: 'client-device-removed-rescued',
  description: 'as before, but the clients fail their unsubmitted points through another GPU',
  needs: ['error fences'],
  play: async ({ startClient, world }) => {
    (await startClient({ submitDelayMs: [30, 50], rescuesTimelines: true })).draw();
    await world.advance(310);
    await world.clientGpu.remove();
    await world.advance(2000);
  },
};
