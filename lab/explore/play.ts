/** One run: plays a trace from an empty stage to an empty stage, judging after every step. */
import type { RecoveryStrategy } from '../../sync/recovery.ts';
import { act } from './act.ts';
import { abstractState, type Coverage } from './coverage.ts';
import { Stage, type Holdings } from './stage.ts';
import type { Step, Trace } from './step.ts';
import type { Violation } from './violation.ts';

/** Time for a policy that waits before it gives a point up, for the longest back-off, and for frames after that. */
const REST_MS = 2600;
const GOODBYE_MS = 100;
const READDED_MS = 300;

export interface PlayOptions {
  readonly strategy: RecoveryStrategy;
  readonly coverage?: Coverage;
}

export interface RunOutcome {
  readonly steps: number;
  readonly violation: Violation | undefined;
}

/** Throws only for a bug in the exploration itself. */
export function play(trace: Trace, { strategy, coverage }: PlayOptions): RunOutcome {
  const stage = new Stage(strategy);
  try {
    const before = stage.holdings();
    let position = 0;
    for (const step of trace.steps) {
      const outcome = guarded(stage, () => act(stage, step));
      coverage?.outcome(step.do, outcome ?? 'threw');
      if (!step.together) rest(stage);
      if (stage.violations.first) return ended(stage, position, position + 1);
      if (!step.together) coverage?.reached(abstractState(stage));
      position++;
    }
    guarded(stage, () => finish(stage, before));
    return ended(stage, trace.steps.length, trace.steps.length);
  } finally {
    stage.dispose();
  }
}

function rest(stage: Stage): void {
  guarded(stage, () => {
    stage.settle();
    stage.check();
  });
}

/** What the compositor throws out of its event loop would have ended it. */
function guarded<T>(stage: Stage, run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    stage.violations.add('internal-error', detail);
    return undefined;
  }
}

function ended(stage: Stage, step: number, steps: number): RunOutcome {
  const { first } = stage.violations;
  return { steps, violation: first && { ...first, step } };
}

/**
 * All is well again: devices are back, all work gets done. Then nothing may be held back any more; when the surfaces go, every
 * release is due; when the clients go, everything is as it was.
 */
function finish(stage: Stage, before: Holdings): void {
  const { gpus, judge, clients } = stage;
  stage.calm();
  for (const gpu of [0, 1]) gpus.plug(gpu, 0);
  stage.advance(READDED_MS);
  for (const client of clients) client?.submitAll();
  gpus.endAll();
  stage.advance(REST_MS);
  stage.check();

  for (const client of clients) {
    for (const surface of client?.window.surfaces ?? []) {
      if (surface.model.alive) client?.destroySurface(surface);
    }
  }
  stage.advance(GOODBYE_MS);
  stage.check();
  judge.audit();

  for (const slot of clients.keys()) stage.kill(slot);
  stage.advance(GOODBYE_MS);
  const left = stage.holdings();
  for (const key of Object.keys(before) as (keyof Holdings)[]) {
    if (left[key] <= before[key]) continue;
    stage.violations.add('left-behind', `${key}: ${before[key]} before, ${left[key]} after`);
  }
}

/** Whether this trace breaks something under this strategy. */
export function violationOf(
  steps: readonly Step[],
  seed: number,
  strategy: RecoveryStrategy,
): Violation | undefined {
  return play({ strategy: strategy.name, seed, steps }, { strategy }).violation;
}
