/** Makes a trace that breaks a promise as short, and its steps as plain, as it stays breaking it (delta debugging). */
import type { Step } from './step.ts';

export interface ShrinkOptions {
  /** Plays a candidate. True: it still breaks the same promise. */
  readonly breaks: (steps: readonly Step[]) => boolean;
  /** How many candidates are played at most. */
  readonly maxTries?: number;
}

const MAX_TRIES = 3000;

export function shrinkSteps(steps: readonly Step[], options: ShrinkOptions): readonly Step[] {
  let triesLeft = options.maxTries ?? MAX_TRIES;
  const breaks = (candidate: readonly Step[]): boolean =>
    triesLeft-- > 0 && options.breaks(candidate);
  let best = steps;
  for (let before = Number.POSITIVE_INFINITY; weight(best) < before && triesLeft > 0;) {
    before = weight(best);
    best = leaveOut(best, breaks);
    best = simplify(best, breaks);
  }
  return best;
}

/** Ever shorter runs of steps, from the end: what came last was perhaps only on the way to be noticed. */
function leaveOut(
  steps: readonly Step[],
  breaks: (candidate: readonly Step[]) => boolean,
): readonly Step[] {
  let best = steps;
  for (let run = Math.ceil(best.length / 2); run >= 1; run = Math.floor(run / 2)) {
    for (let at = best.length - run; at > -run;) {
      const candidate = best.toSpliced(Math.max(0, at), at < 0 ? run + at : run);
      if (candidate.length < best.length && breaks(candidate)) best = candidate;
      at -= run;
    }
  }
  return best;
}

function simplify(
  steps: readonly Step[],
  breaks: (candidate: readonly Step[]) => boolean,
): readonly Step[] {
  let best = steps;
  for (const key of ['client', 'gpu'] as const) {
    const renumbered = renumber(best, key);
    if (weight(renumbered) < weight(best) && breaks(renumbered)) best = renumbered;
  }
  for (let at = 0; at < best.length; at++) {
    for (const simpler of simplerSteps(best[at])) {
      const candidate = best.with(at, simpler);
      if (weight(candidate) < weight(best) && breaks(candidate)) best = candidate;
    }
  }
  return best;
}

/** Who comes first is number 0, everywhere. */
function renumber(steps: readonly Step[], key: 'client' | 'gpu'): readonly Step[] {
  const numbers = new Map<number, number>();
  return steps.map((step) => {
    const { [key]: number } = step as { readonly client?: number; readonly gpu?: number };
    if (number === undefined) return step;
    const known = numbers.get(number) ?? numbers.size;
    numbers.set(number, known);
    return { ...step, [key]: known };
  });
}

/** One argument at a time at its plainest. */
function simplerSteps(step: Step | undefined): Step[] {
  if (!step) return [];
  const plainer: Step[] = [];
  const { together, ...alone } = step;
  if (together) plainer.push(alone as Step);
  for (const [key, value] of oddities(step)) plainer.push({ ...step, [key]: value } as Step);
  return plainer;
}

/** Arguments that are not at their plainest, each with what that would be. */
function oddities(step: Step): [key: string, plainest: unknown][] {
  const plainest = step.do === 'unplug' ? { ...PLAINEST, work: 'leave' } : PLAINEST;
  return Object.entries(plainest).filter(
    ([key, value]) => key in step && step[key as keyof Step] !== value,
  );
}

const PLAINEST: Readonly<Record<string, unknown>> = {
  client: 0,
  surface: 0,
  surfaces: 1,
  tree: 'chain',
  gpu: 0,
  timelines: 'separate',
  sync: 'explicit',
  work: 'done',
  skip: 0,
  low: false,
  nth: 0,
  errno: 0,
  ueventMs: 25,
  ms: 17,
  times: 1,
};

/** What shrinking makes less: steps first, then arguments that are not at their plainest. */
function weight(steps: readonly Step[]): number {
  let odd = 0;
  for (const step of steps) odd += oddities(step).length + (step.together ? 1 : 0);
  return steps.length * 1000 + odd;
}
