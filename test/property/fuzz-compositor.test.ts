/** The same against the whole compositor, with input and hot-plug meanwhile. */
import { expect, test } from 'vitest';
import { createCompositorTarget } from '../../lab/fuzz/compositor-target.ts';
import { corpusOf, failuresOf, runFuzz, summaryOf } from './run-fuzz.ts';

const INPUTS = 1500;

test(`${INPUTS} sessions with the compositor do no harm, those that ever failed before all`, async ({
  annotate,
}) => {
  const report = await runFuzz(createCompositorTarget, 1, INPUTS, corpusOf('compositor'));
  console.log(summaryOf(report));
  await annotate(summaryOf(report));
  expect(failuresOf(report)).toBe('');
  expect(report.reached.size).toBeGreaterThan(300);
}, 120_000);
