/** The GPU goes that the compositor imports timelines into; the clients' own GPU stays. */
import { untilUnsubmitted, untilUnsubmittedOrStuck } from './moments.ts';
import type { Scenario } from './scenario.ts';

export const importRemovedIdle: Scenario = {
  name: 'import-device-removed-idle',
  description: 'the import device goes while no wait is pending, then the clients draw on',
  play: async ({ startClient, world }) => {
    const client = await startClient();
    client.draw();
    await world.advance(300);
    client.stop();
    await world.advance(200);
    await world.importGpu.remove();
    await world.advance(200);
    client.draw();
    await world.advance(500);
  },
};

export const importRemovedWaiting: Scenario = {
  name: 'import-device-removed-while-waiting',
  description: 'the import device goes while acquire points are awaited that are not submitted yet',
  play: async (stage) => {
    const { startClient, world } = stage;
    for (let index = 0; index < 2; index++) {
      (await startClient({ submitDelayMs: [20, 40] })).draw();
    }
    await untilUnsubmitted(stage);
    await world.importGpu.remove();
    await world.advance(600);
  },
};

export const importRemovedDuringImport: Scenario = {
  name: 'removed-during-import',
  description:
    'clients with unsubmitted frames ask for imports between the removal in the kernel and its uevent',
  play: async (stage) => {
    const { startClient, clients, world } = stage;
    for (let index = 0; index < 2; index++)
      (await startClient({ submitDelayMs: [100, 140] })).draw();
    await untilUnsubmitted(stage);
    await world.importGpu.remove({
      betweenKernelAndUevent: () => clients.forEach((client) => client.renewSwapchain()),
    });
    await world.advance(500);
  },
};

export const importRemovedReadded: Scenario = {
  name: 'import-device-re-added',
  description: 'the import device goes while points are awaited and comes back later',
  play: async (stage) => {
    const { startClient, world } = stage;
    (await startClient({ submitDelayMs: [10, 30] })).draw();
    await untilUnsubmitted(stage);
    await world.importGpu.remove();
    await world.advance(300);
    await world.importGpu.add();
    await world.advance(500);
  },
};

export const releasePendingAtRemoval: Scenario = {
  name: 'release-pending-at-removal',
  description: 'the import device goes while a buffer is on screen, then its surface is destroyed',
  play: async ({ startClient, world }) => {
    const client = await startClient();
    client.draw();
    await world.advance(300);
    client.stop();
    await world.advance(200);
    await world.importGpu.remove();
    await world.advance(100);
    client.destroySurface();
    await world.advance(500);
  },
};

export const memoryAndTimelineApart: Scenario = {
  name: 'buffer-and-timeline-apart',
  description:
    'buffers of the import device, timelines of another: first the one goes, later the other, each with a frame not submitted yet',
  play: async (stage) => {
    const { startClient, world } = stage;
    (await startClient({ buffersOf: 'other GPU', submitDelayMs: [60, 80] })).draw();
    await untilUnsubmitted(stage);
    await world.importGpu.remove();
    await world.advance(500);
    await world.importGpu.add();
    await world.advance(300);
    await untilUnsubmittedOrStuck(stage);
    await world.clientGpu.remove();
    await world.advance(500);
  },
};
