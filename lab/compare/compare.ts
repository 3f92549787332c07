/** `compare`: plays strategies × scenarios × seeds and gathers the report. */
import { availableParallelism } from 'node:os';
import type { DrmWorld } from '../world/drm-world.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import type { CompareReport, RunResult, SkippedRun } from './result.ts';
import type { Shard } from '../shard.ts';
import { planRuns, type RunSpec } from './plan.ts';
import { runScenario } from './run.ts';
import type { RunTimeline } from './timeline.ts';
import { playInWorkers } from './workers.ts';
import { scenarioNamed } from '../scenarios/scenarios.ts';

export interface CompareOptions {
  readonly strategies: readonly string[];
  readonly scenarios: readonly string[];
  readonly seeds: number;
  readonly gpus: 'sim' | 'drm';
  readonly shard?: Shard;
  /** Called as each run ends, `total` runs in all. */
  readonly onResult?: (result: RunResult, done: number, total: number) => void;
  /** Called for a selection of runs (every failed one, and the first seed's) with what became of each commit. */
  readonly onTimeline?: (timeline: RunTimeline) => void;
}

/** Rejects with a CannotPlayError when `gpus` is 'drm' and there are no two capable GPUs. */
export async function compare(options: CompareOptions): Promise<CompareReport> {
  const runs = planRuns(options.strategies, options.scenarios, options.seeds, options.shard);
  let done = 0;
  const onResult = (result: RunResult): void => options.onResult?.(result, ++done, runs.length);
  const { results, skipped } =
    options.gpus === 'sim'
      ? {
          results: await playInWorkers(runs, availableParallelism(), onResult, options.onTimeline),
          skipped: [],
        }
      : await playOnKernel(runs, onResult, options.onTimeline);
  return {
    schema: 1,
    gpus: options.gpus,
    kernel: options.gpus === 'sim' ? 'simulated' : await kernelRelease(),
    node: process.version,
    results,
    skipped,
  };
}

/** One after the other, in this process: there is one machine to unplug. */
async function playOnKernel(
  runs: readonly RunSpec[],
  onResult: (result: RunResult) => void,
  onTimeline: (timeline: RunTimeline) => void = () => {},
): Promise<{ results: RunResult[]; skipped: SkippedRun[] }> {
  const { createDrmWorld } = await import('../world/drm-world.ts');
  const results: RunResult[] = [];
  const skipped: SkippedRun[] = [];
  for (const spec of runs) {
    const scenario = scenarioNamed(spec.scenario);
    const world = await createDrmWorld({ ...spec, stream: spec.scenario });
    const reason = whyNot(world, scenario);
    if (reason !== undefined) {
      skipped.push({ ...spec, reason });
      await world.dispose();
      continue;
    }
    const result = await runScenario({ ...spec, scenario, world, onTimeline });
    results.push(result);
    onResult(result);
  }
  return { results, skipped };
}

function whyNot(world: DrmWorld, scenario: Scenario): string | undefined {
  if (!world.compositor.sync.available) return world.compositor.sync.unavailableReason;
  if (scenario.needs?.includes('error fences') && !world.fencesCanFail) {
    return 'needs fences that can fail: run the VM with --modules';
  }
  return undefined;
}

async function kernelRelease(): Promise<string> {
  const { release } = await import('node:os');
  return `Linux ${release()}`;
}
