/** A worker process of a comparison on simulated devices: answers each RunSpec with a result and what it consists of. */
import { scenarioNamed } from '../scenarios/scenarios.ts';
import { answerQuestions } from '../worker-process.ts';
import { createSimulatedWorld } from '../world/simulated-world.ts';
import { FIRST_SEED, type RunSpec } from './plan.ts';
import { runScenario } from './run.ts';
import type { RunTimeline } from './timeline.ts';
import type { PlayedRun } from './workers.ts';

answerQuestions(play);

async function play(spec: RunSpec): Promise<PlayedRun> {
  const world = await createSimulatedWorld({
    strategy: spec.strategy,
    seed: spec.seed,
    stream: spec.scenario,
  });
  let timeline: RunTimeline | undefined;
  const result = await runScenario({
    ...spec,
    scenario: scenarioNamed(spec.scenario),
    world,
    onTimeline: (made) => {
      timeline = made;
    },
  });
  // Of the runs that went well the first seed's is shown.
  return timeline && (!result.ok || spec.seed === FIRST_SEED) ? { result, timeline } : { result };
}
