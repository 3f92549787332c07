/** A worker process of a comparison on simulated devices: answers each RunSpec with a result. */
import { scenarioNamed } from '../scenarios/scenarios.ts';
import { createSimulatedWorld } from '../world/simulated-world.ts';
import type { RunSpec } from './plan.ts';
import type { RunResult } from './result.ts';
import { runScenario } from './run.ts';
import type { WorkerAnswer } from './workers.ts';

process.on('message', (spec: RunSpec) => {
  play(spec).then(
    (result) => answer({ type: 'result', result }),
    (error: unknown) =>
      answer({
        type: 'error',
        message: error instanceof Error ? (error.stack ?? '') : String(error),
      }),
  );
});

function answer(message: WorkerAnswer): void {
  process.send?.(message);
}

async function play(spec: RunSpec): Promise<RunResult> {
  const world = await createSimulatedWorld({
    strategy: spec.strategy,
    seed: spec.seed,
    stream: spec.scenario,
  });
  return runScenario({ ...spec, scenario: scenarioNamed(spec.scenario), world });
}
