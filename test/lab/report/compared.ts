/** A small comparison on simulated devices, played in this process. */
import { planRuns } from '../../../lab/compare/plan.ts';
import type { CompareReport, RunResult } from '../../../lab/compare/result.ts';
import { runScenario } from '../../../lab/compare/run.ts';
import { TimelineSelection } from '../../../lab/compare/timeline.ts';
import { scenarioNamed } from '../../../lab/scenarios/scenarios.ts';
import { createSimulatedWorld } from '../../../lab/world/simulated-world.ts';

export interface Compared {
  readonly report: CompareReport;
  readonly timelines: TimelineSelection;
}

/** `backwards`: plays the last run first, and gives the results in the order of the plan all the same. */
export async function compared(
  strategies: readonly string[],
  scenarios: readonly string[],
  seeds: number,
  { backwards = false } = {},
): Promise<Compared> {
  const timelines = new TimelineSelection();
  const runs = planRuns(strategies, scenarios, seeds);
  const results: RunResult[] = [];
  for (const spec of backwards ? runs.toReversed() : runs) {
    const { strategy, seed } = spec;
    const scenario = scenarioNamed(spec.scenario);
    const world = await createSimulatedWorld({ strategy, seed, stream: spec.scenario });
    results.push(await runScenario({ strategy, scenario, seed, world, onTimeline: timelines.add }));
  }
  if (backwards) results.reverse();
  const report = {
    schema: 1,
    gpus: 'sim',
    kernel: 'simulated',
    node: process.version,
    results,
    skipped: [],
  } as const;
  return { report, timelines };
}
