/** `compare`: plays strategies × scenarios × seeds and gathers the report. */
import { availableParallelism } from 'node:os';
import type { CompareReport, RunResult } from './result.ts';
import { planRuns, type RunSpec, type Shard } from './plan.ts';
import { runScenario } from './run.ts';
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
}

/** Rejects with a CannotRunHereError when `gpus` is 'drm' and there are no two capable GPUs. */
export async function compare(options: CompareOptions): Promise<CompareReport> {
  const runs = planRuns(options.strategies, options.scenarios, options.seeds, options.shard);
  let done = 0;
  const onResult = (result: RunResult): void => options.onResult?.(result, ++done, runs.length);
  const results =
    options.gpus === 'sim'
      ? await playInWorkers(runs, availableParallelism(), onResult)
      : await playOnKernel(runs, onResult);
  return {
    schema: 1,
    gpus: options.gpus,
    kernel: options.gpus === 'sim' ? 'simulated' : await kernelRelease(),
    node: process.version,
    results,
  };
}

/** One after the other, in this process: there is one machine to unplug. */
async function playOnKernel(
  runs: readonly RunSpec[],
  onResult: (result: RunResult) => void,
): Promise<RunResult[]> {
  const { createDrmWorld } = await import('../world/drm-world.ts');
  const results: RunResult[] = [];
  for (const spec of runs) {
    const world = await createDrmWorld({
      strategy: spec.strategy,
      seed: spec.seed,
      stream: spec.scenario,
    });
    const result = await runScenario({ ...spec, scenario: scenarioNamed(spec.scenario), world });
    results.push(result);
    onResult(result);
  }
  return results;
}

async function kernelRelease(): Promise<string> {
  const { release } = await import('node:os');
  return `Linux ${release()}`;
}
