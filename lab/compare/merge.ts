/** Puts together what the machines of a fleet played, each its shard, as if one had played it all. */
import { SCENARIOS } from '../scenarios/scenarios.ts';
import { STRATEGIES } from '../../sync/recovery/strategies.ts';
import type { RunSpec } from './plan.ts';
import type { CompareReport } from './result.ts';
import type { RunTimeline } from './timeline.ts';

/** What `compare --shard` writes: a part of the whole, with the timelines the report of the whole is to show. */
export interface ShardReport extends CompareReport {
  readonly timelines: readonly RunTimeline[];
}

/** Checks the shape that {@link mergeShards} relies on. Throws a RangeError. */
export function asShard(value: unknown): ShardReport {
  const part = value as Partial<ShardReport> | null;
  const lists = [part?.results, part?.skipped, part?.timelines];
  if (part?.schema !== 1 || !lists.every(Array.isArray)) {
    throw new RangeError('not written by syncline compare --shard');
  }
  return part as ShardReport;
}

/**
 * The whole, in the order one machine would have played it. Throws a RangeError when the parts do not belong together: other GPUs,
 * another kernel or Node, or the same run twice.
 */
export function mergeShards(parts: readonly ShardReport[]): ShardReport {
  const [first] = parts;
  if (!first) throw new RangeError('nothing to merge');
  for (const part of parts) {
    for (const key of ['schema', 'gpus', 'kernel', 'node'] as const) {
      if (part[key] === first[key]) continue;
      throw new RangeError(`parts do not belong together: ${key} ${first[key]} and ${part[key]}`);
    }
  }
  const { schema, gpus, kernel, node } = first;
  const results = inOrder(parts.flatMap((part) => part.results));
  const skipped = inOrder(parts.flatMap((part) => part.skipped));
  const seen = new Set<string>();
  for (const name of [...results, ...skipped].map(nameOf)) {
    if (seen.has(name)) throw new RangeError(`in two parts: ${name}`);
    seen.add(name);
  }
  const timelines = inOrder(parts.flatMap((part) => part.timelines));
  return { schema, gpus, kernel, node, results, skipped, timelines };
}

/** Scenarios and strategies as they are listed, others (users' own, "replug-rounds:200") after them by name. */
function inOrder<Run extends RunSpec>(runs: readonly Run[]): Run[] {
  const scenarios = SCENARIOS.map(({ name }) => name);
  const strategies = [...STRATEGIES.keys()];
  return runs.toSorted(
    (a, b) =>
      compareNames(scenarios, a.scenario, b.scenario) ||
      compareNames(strategies, a.strategy, b.strategy) ||
      a.seed - b.seed,
  );
}

function compareNames(known: readonly string[], a: string, b: string): number {
  const place = (name: string): number => (known.includes(name) ? known.indexOf(name) : Infinity);
  if (place(a) !== place(b)) return place(a) - place(b);
  return a < b ? -1 : Number(a > b);
}

function nameOf({ scenario, strategy, seed }: RunSpec): string {
  return `${scenario} under ${strategy}, seed ${seed}`;
}
