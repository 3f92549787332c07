/** No device goes: steady drawing, a client that never submits, a GPU that hangs. */
import type { Scenario } from './scenario.ts';

export const steady: Scenario = {
  name: 'steady',
  description: 'three clients draw, nothing happens to any device',
  play: async ({ startClient, world }) => {
    for (let index = 0; index < 3; index++) (await startClient()).draw();
    await world.advance(800);
  },
};

export const neverSignalling: Scenario = {
  name: 'never-signalling-client',
  description: 'one client stops submitting its points, two others go on beside it',
  play: async ({ startClient, world }) => {
    const mute = await startClient({ neverSubmitsFrom: 8 });
    mute.draw();
    for (let index = 0; index < 2; index++) (await startClient()).draw();
    await world.advance(1200);
  },
};

export const gpuHang: Scenario = {
  name: 'gpu-hang',
  description: 'one frame takes two seconds of GPU time, other clients go on beside it',
  play: async ({ startClient, world }) => {
    const slow = await startClient({ workMs: [2000, 2000], submitDelayMs: [0, 0], frames: 2 });
    slow.draw();
    (await startClient()).draw();
    await world.advance(2500);
  },
};

export const fdExhaustion: Scenario = {
  name: 'fd-exhaustion',
  description: 'the compositor is out of file descriptors for half a second, and while a GPU goes',
  play: async ({ startClient, world }) => {
    for (let index = 0; index < 2; index++) (await startClient()).draw();
    await world.advance(300);
    const restore = world.exhaustFds();
    await world.advance(250);
    await world.importGpu.remove();
    await world.advance(250);
    restore();
    await world.advance(500);
  },
};
