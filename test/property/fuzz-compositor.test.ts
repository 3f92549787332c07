/** The same against the whole compositor, with input and hot-plug meanwhile. */
import { expect, test } from 'vitest';
import { createCompositorTarget } from '../../lab/fuzz/compositor-target.ts';
import { corpusOf, failuresOf, runFuzz, summaryOf } from './run-fuzz.ts';

const INPUTS = 1500;

test('everything that ever failed in the compositor stays mended', async () => {
  const inputs = corpusOf('compositor');
  const report = await runFuzz(createCompositorTarget, 1, inputs.length, inputs);
  expect(failuresOf(report)).toBe('');
  expect(report.inputs).toBe(inputs.length);
});

test(`${INPUTS} sessions with the compositor do no harm`, async ({ annotate }) => {
  const report = await runFuzz(createCompositorTarget, 1, INPUTS);
  console.log(summaryOf(report));
  await annotate(summaryOf(report));
  expect(failuresOf(report)).toBe('');
  expect(report.reached.size).toBeGreaterThan(300);
}, 120_000);
