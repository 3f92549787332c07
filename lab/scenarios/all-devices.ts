/** Every GPU goes, and what comes later. */
import type { Scenario } from './scenario.ts';

export const lastDeviceRemoved: Scenario = {
  name: 'last-device-removed',
  description: 'both GPUs go, half a second later one comes back and the clients move to it',
  play: async ({ startClient, clients, world }) => {
    for (let index = 0; index < 2; index++) (await startClient()).draw();
    await world.advance(300);
    await world.importGpu.remove();
    await world.clientGpu.remove();
    await world.advance(500);
    await world.importGpu.add();
    await world.advance(100);
    for (const client of clients) if (client.homeless) client.moveTo(world.importGpu);
    await world.advance(4000);
  },
};

export const unplugStorm: Scenario = {
  name: 'unplug-storm',
  description: 'clients come and go while the GPUs are pulled and plugged in turn',
  play: async ({ startClient, world }) => {
    for (let round = 0; round < 6; round++) {
      const gpu = round % 2 === 0 ? world.importGpu : world.clientGpu;
      for (let index = 0; index < 3; index++) {
        (await startClient({ submitDelayMs: [0, 20] })).draw();
      }
      await world.advance(150);
      await gpu.remove();
      await world.advance(150);
      await gpu.add();
      await world.advance(150);
    }
    await world.advance(3000);
  },
};
