/** Which runs a comparison consists of, and how a fleet of machines shares them. */

export const FIRST_SEED = 1;

export interface RunSpec {
  readonly strategy: string;
  readonly scenario: string;
  readonly seed: number;
}

export interface Shard {
  /** From 1. */
  readonly index: number;
  readonly of: number;
}

export function planRuns(
  strategies: readonly string[],
  scenarios: readonly string[],
  seeds: number,
  shard: Shard = { index: 1, of: 1 },
): RunSpec[] {
  const runs: RunSpec[] = [];
  for (const scenario of scenarios) {
    for (const strategy of strategies) {
      for (let seed = FIRST_SEED; seed <= seeds; seed++) runs.push({ strategy, scenario, seed });
    }
  }
  return runs.filter((_, position) => position % shard.of === shard.index - 1);
}

/** "2/5" → {index: 2, of: 5}. Throws a RangeError otherwise. */
export function parseShard(text: string): Shard {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  const [index, of] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || index < 1 || index > of) throw new RangeError(`not a shard: "${text}", want i/n`);
  return { index, of };
}
