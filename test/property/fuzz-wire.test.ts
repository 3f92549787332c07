/** Whatever one client sends: no crash, no hang, nothing left over, and other clients do not notice. Longer: `syncline fuzz`. */
import { expect, test } from 'vitest';
import { createWireTarget } from '../../lab/fuzz/wire-target.ts';
import { corpusOf, failuresOf, runFuzz, summaryOf, types } from './run-fuzz.ts';

const INPUTS = 3000;
const createTarget = () => createWireTarget(types);

test('everything that ever failed on the wire stays mended', async () => {
  const inputs = corpusOf('wire');
  const report = await runFuzz(createTarget, 1, inputs.length, inputs);
  expect(failuresOf(report)).toBe('');
  expect(report.inputs).toBe(inputs.length);
});

test(`${INPUTS} sessions over all interfaces do no harm`, async ({ annotate }) => {
  const report = await runFuzz(createTarget, 1, INPUTS);
  console.log(summaryOf(report));
  await annotate(summaryOf(report));
  expect(failuresOf(report)).toBe('');
  expect(report.reached.size).toBeGreaterThan(500);
}, 120_000);

test('the same seed plays the same inputs', async () => {
  const first = await runFuzz(createTarget, 7, 60);
  const second = await runFuzz(createTarget, 7, 60);
  expect([...first.reached]).toEqual([...second.reached]);
  expect(first.requests).toBe(second.requests);
});
