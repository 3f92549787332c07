import { expect, test } from 'vitest';
import { runScenario } from '../../lab/compare/run.ts';
import type { RunResult } from '../../lab/compare/result.ts';
import { SCENARIOS, scenarioNamed } from '../../lab/scenarios/scenarios.ts';
import { createSimulatedWorld } from '../../lab/world/simulated-world.ts';

async function play(strategy: string, scenario: string, seed = 1): Promise<RunResult> {
  const world = await createSimulatedWorld({ strategy, seed, stream: scenario });
  return runScenario({ strategy, scenario: scenarioNamed(scenario), seed, world });
}

test.each(SCENARIOS.map(({ name }) => name))(
  'failover keeps every promise: %s',
  async (scenario) => {
    const result = await play('failover', scenario);
    expect(result.reasons).toEqual([]);
    expect(result).toMatchObject({ ok: true });
    expect(result.framesPresented).toBeGreaterThan(10);
  },
);
