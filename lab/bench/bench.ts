/** All benches, and running those that are asked for. */
import { cpus, release } from 'node:os';
import { BenchUnavailableError } from './errors.ts';
import type { BenchReport, BenchResult } from './result.ts';
import { COMPOSITOR_TEST_NAMES, runCompositorBench } from './compositor/compositor-bench.ts';
import { NESTED_TEST_NAMES, runNestedBench } from './compositor/nested-bench.ts';
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
    description:
      'our compositor against weston, sway and labwc, headless with pixman: commits, frames, start',
    tests: COMPOSITOR_TEST_NAMES,
    rounds: 5,
    run: runCompositorBench,
  },
  {
    name: 'nested',
    description: 'our nested compositor in weston: buffers passed through against composited',
    tests: NESTED_TEST_NAMES,
    rounds: 7,
    run: runNestedBench,
  },
];

/** Throws a RangeError for a name that is neither a bench nor a test. */
export function checkBenchName(name: string): void {
  const known = BENCHES.some((bench) => bench.name === name || bench.tests.includes(name));
  if (!known) throw new RangeError(`no bench or test named ${name}`);
}

/**
 * Plays the chosen benches one after the other; without a choice, all. Of several, one that cannot run here is a result that says why;
 * a BenchUnavailableError when none can.
 */
export async function runBenches(options: BenchOptions): Promise<BenchReport> {
  const results: BenchResult[] = [];
  const report = (result: BenchResult): void => {
    results.push(result);
    options.onResult?.(result);
  };
  const unavailable: BenchUnavailableError[] = [];
  const chosen = BENCHES.map((bench) => ({ bench, tests: testsOf(bench, options.only) })).filter(
    ({ tests }) => tests !== undefined,
  );
  for (const { bench, tests = [] } of chosen) {
    const { rounds = bench.rounds, scale = 1 } = options;
    try {
      await bench.run({ rounds, scale, tests, onResult: report });
    } catch (error) {
      if (!(error instanceof BenchUnavailableError)) throw error;
      unavailable.push(error);
      report(skipped(bench.name, error.message));
    }
  }
  if (unavailable[0] && unavailable.length === chosen.length) throw unavailable[0];
  return { schema: 1, node: process.version, kernel: release(), cpus: cpus().length, results };
}

/** Which of its tests are wanted: none at all (undefined), all (an empty list), or these. */
function testsOf(bench: Bench, only: readonly string[]): readonly string[] | undefined {
  if (only.length === 0 || only.includes(bench.name)) return [];
  const tests = only.filter((name) => bench.tests.includes(name));
  return tests.length === 0 ? undefined : tests;
}

function skipped(name: string, reason: string): BenchResult {
  return {
    name,
    peer: '',
    rounds: 0,
    wallRatio: null,
    cpuRatio: null,
    ours: null,
    theirs: null,
    unit: '',
    note: `skipped: ${reason}`,
  };
}
