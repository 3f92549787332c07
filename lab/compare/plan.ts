/** Which runs a comparison consists of. */
import { shardOf, type Shard } from '../shard.ts';

export const FIRST_SEED = 1;

export interface RunSpec {
  readonly strategy: string;
  readonly scenario: string;
  readonly seed: number;
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
  return shardOf(runs, shard);
}
