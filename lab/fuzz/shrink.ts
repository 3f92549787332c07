/** Makes a failing input as small as it stays failing. */
import type { FuzzInput } from './input.ts';
import { renumberInput } from './renumber.ts';
import type { Descriptions } from './session-model.ts';

const MAX_TRIES = 400;

/** Leaves out ever smaller runs of steps, with the ids after them closed up or as they are. `fails` plays a candidate on a fresh server. */
export async function shrinkInput(
  input: FuzzInput,
  descriptions: Descriptions,
  fails: (candidate: FuzzInput) => Promise<boolean>,
): Promise<FuzzInput> {
  let best = input;
  let tries = 0;
  let length = Number.POSITIVE_INFINITY;
  // What made an object can go once what used it is gone, so single steps are gone through until none can.
  for (let run = Math.ceil(best.steps.length / 2); run > 1 || best.steps.length < length;) {
    length = best.steps.length;
    for (let at = 0; at < best.steps.length && tries < MAX_TRIES;) {
      const shorter = { ...best, steps: best.steps.toSpliced(at, run) };
      const candidates = [renumberInput(shorter, descriptions), shorter];
      const smaller = await firstFailing(candidates, fails);
      tries += candidates.length;
      if (smaller === undefined) at += run;
      else best = smaller;
    }
    run = Math.max(1, Math.floor(run / 2));
  }
  return best;
}

async function firstFailing(
  candidates: readonly FuzzInput[],
  fails: (candidate: FuzzInput) => Promise<boolean>,
): Promise<FuzzInput | undefined> {
  for (const candidate of candidates) {
    if (await fails(candidate)) return candidate;
  }
  return undefined;
}
