/** All benches, and running those that are asked for. */
import { cpus, release } from 'node:os';
import type { BenchReport, BenchResult } from './result.ts';
import { COMPOSITOR_TEST_NAMES, runCompositorBench } from './compositor/compositor-bench.ts';
import { runSyncBench, SYNC_TEST_NAMES } from './sync/sync-bench.ts';
import { runWireBench, WIRE_TEST_NAMES } from './wire/wire-bench.ts';

export interface BenchOptions {
  /** Names of benches or of single tests. */
  readonly only: readonly string[];
  /** Default: each bench's own. */
  readonly rounds?: number;
  /** Multiplies iterations and counts; default 1. */
  readonly scale?: number;
  onResult?(result: BenchResult): void;
}

/** A group of tests that share their peers. */
interface Bench {
  readonly name: string;
  readonly description: string;
  readonly tests: readonly string[];
  readonly rounds: number;
  run(options: {
    rounds: number;
    scale: number;
    tests: readonly string[];
    onResult(result: BenchResult): void;
  }): Promise<void>;
}

export const BENCHES: readonly Bench[] = [
  {
    name: 'wire',
    description: 'our server against libwayland-server: messages, connections, memory',
    tests: WIRE_TEST_NAMES,
    rounds: 9,
    run: runWireBench,
  },
  {
    name: 'sync',
    description:
      'waiting for points: against a C loop with the same ioctls, many waits, unplugging',
    tests: SYNC_TEST_NAMES,
    rounds: 7,
    run: runSyncBench,
  },
  {
    name: 'compositor',
    description: 'our compositor against weston, both headless with pixman: commits, frames, start',
    tests: COMPOSITOR_TEST_NAMES,
    rounds: 5,
    run: runCompositorBench,
  },
];

/** Throws a RangeError for a name that is neither a bench nor a test. */
export function checkBenchName(name: string): void {
  const known = BENCHES.some((bench) => bench.name === name || bench.tests.includes(name));
  if (!known) throw new RangeError(`no bench or test named ${name}`);
}

/** Plays the chosen benches one after the other; without a choice, all. */
export async function runBenches(options: BenchOptions): Promise<BenchReport> {
  const results: BenchResult[] = [];
  for (const bench of BENCHES) {
    const whole = options.only.length === 0 || options.only.includes(bench.name);
    const tests = whole ? [] : options.only.filter((name) => bench.tests.includes(name));
    if (!whole && tests.length === 0) continue;
    await bench.run({
      rounds: options.rounds ?? bench.rounds,
      scale: options.scale ?? 1,
      tests,
      onResult: (result) => {
        results.push(result);
        options.onResult?.(result);
      },
    });
  }
  return { schema: 1, node: process.version, kernel: release(), cpus: cpus().length, results };
}
