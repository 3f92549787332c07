/** Makes a failing input as small as it stays failing. */
import type { FuzzInput } from './input.ts';

const MAX_TRIES = 300;

/** Leaves out ever smaller runs of steps. `fails` plays a candidate on a fresh server. */
export async function shrinkInput(
  input: FuzzInput,
  fails: (candidate: FuzzInput) => Promise<boolean>,
): Promise<FuzzInput> {
  let best = input;
  let tries = 0;
  for (let run = Math.ceil(best.steps.length / 2); run >= 1; run = Math.floor(run / 2)) {
    for (let at = 0; at < best.steps.length && tries < MAX_TRIES;) {
      const candidate = { ...best, steps: best.steps.toSpliced(at, run) };
      tries++;
      if (await fails(candidate)) best = candidate;
      else at += run;
    }
  }
  return best;
}
