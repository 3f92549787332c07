/** The nested bench at its smallest: do both modes run in weston, and does the client get its frames from each? */
import { expect, test } from 'vitest';
import { runBenches } from '../../../lab/bench/bench.ts';
import { NESTED_TEST_NAMES } from '../../../lab/bench/compositor/nested-bench.ts';
import { BenchUnavailableError } from '../../../lab/bench/errors.ts';
import type { BenchReport } from '../../../lab/bench/result.ts';

test('frames are measured in both modes', async (context) => {
  let report: BenchReport;
  try {
    report = await runBenches({ only: ['nested'], rounds: 1, scale: 0.1 });
  } catch (error) {
    if (!(error instanceof BenchUnavailableError)) throw error;
    return context.skip(error.message);
  }
  expect(report.results.map(({ name }) => name)).toEqual(NESTED_TEST_NAMES);
  for (const { ours, theirs } of report.results) {
    expect(ours).toBeGreaterThan(0);
    expect(theirs).toBeGreaterThan(0);
  }
}, 180_000);
