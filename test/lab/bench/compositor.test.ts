/** The compositor bench at its smallest: do the compositors run, and does the client get its frames from each? */
import { expect, test } from 'vitest';
import { runBenches } from '../../../lab/bench/bench.ts';
import { COMPOSITOR_TEST_NAMES } from '../../../lab/bench/compositor/compositor-bench.ts';
import { BenchUnavailableError } from '../../../lab/bench/errors.ts';
import type { BenchReport } from '../../../lab/bench/result.ts';

test('commits and frames are measured on all compositors that are there', async (context) => {
  let report: BenchReport | undefined;
  const only = COMPOSITOR_TEST_NAMES.filter((name) => name !== 'compositor-idle');
  try {
    report = await runBenches({ only, rounds: 1, scale: 0.1 });
  } catch (error) {
    if (!(error instanceof BenchUnavailableError)) throw error;
    return context.skip(error.message);
  }
  const results = report.results.filter(({ note }) => note === undefined);
  const peers = [...new Set(results.map(({ peer }) => peer))];
  expect(peers[0]).toMatch(/^weston \d/);
  for (const peer of peers) {
    const against = results.filter((result) => result.peer === peer);
    expect(against.map(({ name }) => name)).toEqual(only);
    for (const { ours, theirs } of against) {
      expect(ours).toBeGreaterThan(0);
      expect(theirs).toBeGreaterThan(0);
    }
  }
  // Whoever is not installed is said to be skipped.
  expect(peers.length + report.results.length - results.length).toBe(3);
}, 180_000);
