/** Compares two recovery strategies in a scenario of one's own, on simulated GPUs in virtual time. */
import { createSimulatedWorld, renderTable, runScenario, type Scenario } from '../lab/public.ts';

const dockPulledTwice: Scenario = {
  name: 'dock-pulled-twice',
  description:
    'the GPU the compositor imports into goes, comes back and goes again under two clients',
  play: async ({ world, startClient }) => {
    for (let index = 0; index < 2; index++) (await startClient({ submitDelayMs: [5, 20] })).draw();
    for (let round = 0; round < 2; round++) {
      await world.advance(250);
      await world.importGpu.remove();
      await world.advance(250);
      await world.importGpu.add();
    }
    await world.advance(500);
  },
};

const results = [];
for (const strategy of ['single-import', 'failover']) {
  const world = await createSimulatedWorld({ strategy, seed: 1 });
  results.push(await runScenario({ strategy, scenario: dockPulledTwice, seed: 1, world }));
}
console.log(renderTable(results, false));
