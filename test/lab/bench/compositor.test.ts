/** The compositor bench at its smallest: do both compositors run, and does the client get its frames from both? */
import { expect, test } from 'vitest';
import { runBenches } from '../../../lab/bench/bench.ts';
import { COMPOSITOR_TEST_NAMES } from '../../../lab/bench/compositor/compositor-bench.ts';
import { BenchUnavailableError } from '../../../lab/bench/errors.ts';
import type { BenchReport } from '../../../lab/bench/result.ts';

test('commits and frames are measured on both compositors', async (context) => {
  let report: BenchReport | undefined;
  const only = COMPOSITOR_TEST_NAMES.filter((name) => name !== 'compositor-idle');
  try {
    report = await runBenches({ only, rounds: 1, scale: 0.02 });
  } catch (error) {
    if (!(error instanceof BenchUnavailableError)) throw error;
    return context.skip(error.message);
  }
  expect(report.results.map(({ name }) => name)).toEqual(only);
  for (const { peer, ours, theirs } of report.results) {
    expect(peer).toMatch(/^weston \d/);
    expect(ours).toBeGreaterThan(0);
    expect(theirs).toBeGreaterThan(0);
  }
}, 180_000);
