/** Why strategies fail where they fail (docs/strategies.md), and what a commit costs in syscalls. */
import { expect, test } from 'vitest';
import { runScenario } from '../../lab/compare/run.ts';
import type { RunResult } from '../../lab/compare/result.ts';
import type { Scenario } from '../../lab/scenarios/scenario.ts';
import { scenarioNamed } from '../../lab/scenarios/scenarios.ts';
import { createSimulatedWorld } from '../../lab/world/simulated-world.ts';
import type { RecoveryStrategy } from '../../sync/recovery.ts';
import { FAILOVER_UNSUBMITTED_GRACE_NS } from '../../sync/recovery/failover.ts';
import { strategyByName } from '../../sync/recovery/strategies.ts';

const LIMIT_MS = 120_000;

async function play(strategy: RecoveryStrategy, scenario: Scenario): Promise<RunResult> {
  const world = await createSimulatedWorld({ strategy, seed: 1, stream: scenario.name });
  return runScenario({ strategy: strategy.name, scenario, seed: 1, world });
}

const WHERE_CLIENTS_LOSE_THEIR_GPU = [
  'client-device-removed-never-submitted',
  'client-device-removed-no-kept-fd',
  'buffer-and-timeline-apart',
  'last-device-removed',
  'unplug-storm',
  'replug-rounds',
];

test.each(
  ['re-import', 'container', 'syncobj-device'].flatMap((strategy) =>
    WHERE_CLIENTS_LOSE_THEIR_GPU.map((scenario) => [strategy, scenario] as const),
  ),
)(
  '%s lacks nothing but an end to waiting for what nobody can submit any more: %s',
  async (name, scenario) => {
    const strategy = strategyByName(name);
    const patient = { ...strategy, unsubmittedGraceNs: FAILOVER_UNSUBMITTED_GRACE_NS };
    expect((await play(patient, scenarioNamed(scenario))).reasons).toEqual([]);
  },
  LIMIT_MS,
);

test.each<[what: string, submitDelayMs: [number, number], most: number]>([
  ['submitted before it is committed', [0, 0], 4.5],
  // One of them tells the driver by when the frame needs it.
  ['committed before it is submitted', [2, 6], 7.5],
])(
  'syscalls of a commit %s',
  async (_what, submitDelayMs, most) => {
    const scenario: Scenario = {
      name: 'drawing',
      description: 'three clients draw',
      play: async ({ startClient, world }) => {
        for (let index = 0; index < 3; index++) (await startClient({ submitDelayMs })).draw();
        await world.advance(2000);
      },
    };
    const result = await play(strategyByName('failover'), scenario);
    expect(result.reasons).toEqual([]);
    expect(result.framesPresented).toBeGreaterThan(100);
    expect(result.syscallsPerCommit).toBeLessThan(most);
    expect(result.syscallsPerCommit).toBeGreaterThan(2);
  },
  LIMIT_MS,
);
