/** Every GPU goes, and what comes later. */
import { untilUnsubmitted } from './moments.ts';
import type { Scenario } from './scenario.ts';

export const DEFAULT_REPLUG_ROUNDS = 10;

export const lastDeviceRemoved: Scenario = {
  name: 'last-device-removed',
  description:
    'both GPUs go at once with frames committed and not submitted, half a second later one comes back and the clients move to it',
  play: async (stage) => {
    const { startClient, clients, world } = stage;
    for (let index = 0; index < 2; index++) (await startClient({ submitDelayMs: [40, 60] })).draw();
    await untilUnsubmitted(stage);
    await Promise.all([world.importGpu.remove(), world.clientGpu.remove()]);
    await world.advance(500);
    await world.importGpu.add();
    await world.advance(100);
    for (const client of clients) if (client.homeless) client.moveTo(world.importGpu);
    await world.advance(2400);
  },
};

export const unplugStorm: Scenario = {
  name: 'unplug-storm',
  description: 'clients come and go while the GPUs are pulled and plugged in turn',
  play: async ({ startClient, world }) => {
    for (let round = 0; round < 6; round++) {
      const gpu = round % 2 === 0 ? world.importGpu : world.clientGpu;
      for (let index = 0; index < 2; index++) {
        (await startClient({ submitDelayMs: [0, 20] })).draw();
      }
      await world.advance(150);
      await gpu.remove();
      await world.advance(150);
      await gpu.add();
      await world.advance(150);
    }
    await world.advance(800);
  },
};

export const clientChurn: Scenario = {
  name: 'client-churn',
  description: '200 clients come, draw a little and vanish while the GPUs are pulled in turn',
  play: async ({ startClient, world }) => {
    for (let round = 0; round < 20; round++) {
      const gpu = round % 2 === 0 ? world.importGpu : world.clientGpu;
      const clients = [];
      for (let index = 0; index < 10; index++) {
        const client = await startClient({ images: 2, submitDelayMs: [0, 20] });
        client.draw();
        clients.push(client);
      }
      await world.advance(30);
      await gpu.remove();
      await world.advance(30);
      for (const client of clients) client.vanish();
      await gpu.add();
    }
  },
};

/** The same GPU over and over, as with a loose dock: `rounds` times out and in under two drawing clients. */
export function replugRounds(rounds: number): Scenario {
  return {
    name: rounds === DEFAULT_REPLUG_ROUNDS ? 'replug-rounds' : `replug-rounds:${rounds}`,
    description: `the GPUs are pulled and plugged in again in turn, ${rounds} times, under two clients`,
    play: async ({ startClient, world }) => {
      for (let index = 0; index < 2; index++) {
        (await startClient({ submitDelayMs: [0, 20] })).draw();
      }
      for (let round = 0; round < rounds; round++) {
        const gpu = round % 2 === 0 ? world.importGpu : world.clientGpu;
        await world.advance(20);
        await gpu.remove();
        await world.advance(20);
        await gpu.add();
      }
      await world.advance(800);
    },
  };
}
