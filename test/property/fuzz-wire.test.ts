/** Whatever one client sends: no crash, no hang, nothing left over, and other clients do not notice. Longer: `syncline fuzz`. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { fuzz, type FuzzReport } from '../../lab/fuzz/fuzzer.ts';
import { inputFromText, inputToText, type FuzzInput } from '../../lab/fuzz/input.ts';
import { loadServerInterfaces } from '../../lab/fuzz/interfaces.ts';
import { createWireTarget } from '../../lab/fuzz/wire-target.ts';

const CORPUS = fileURLToPath(new URL('./corpus/wire', import.meta.url));
const INPUTS = 3000;
const types = await loadServerInterfaces();
const descriptions = new Map([...types].map(([name, { description }]) => [name, description]));

function corpus(): FuzzInput[] {
  return readdirSync(CORPUS)
    .filter((name) => name.endsWith('.json'))
    .map((name) => inputFromText(readFileSync(`${CORPUS}/${name}`, 'utf8')));
}

/** Failures as a developer wants to read them. */
function told(report: FuzzReport): string {
  return report.failures
    .map(({ kind, detail, input }) => `${kind}: ${detail}\n${inputToText(input)}`)
    .join('\n');
}

async function run(
  seed: number,
  inputs: number,
  start: readonly FuzzInput[] = [],
): Promise<FuzzReport> {
  return fuzz({
    createTarget: () => createWireTarget(types),
    descriptions,
    seed,
    maxTurnMs: 2000,
    goOn: (report) => report.inputs < inputs && report.failures.length < 3,
    corpus: start,
    breathe: () => new Promise((resolve) => setImmediate(resolve)),
  });
}

test('everything that ever failed on the wire stays mended', async () => {
  const inputs = corpus();
  const report = await run(1, inputs.length, inputs);
  expect(told(report)).toBe('');
  expect(report.inputs).toBe(inputs.length);
});

test(`${INPUTS} sessions over all interfaces do no harm`, async ({ annotate }) => {
  const report = await run(1, INPUTS);
  const said = `${report.inputs} inputs, ${report.requests} requests, ${report.reached.size} outcomes reached, ${report.bystanderRoundTrips} round trips of the bystander, slowest turn ${report.slowestTurnMs.toFixed(1)} ms`;
  console.log(said);
  await annotate(said);
  expect(told(report)).toBe('');
  expect(report.reached.size).toBeGreaterThan(500);
}, 120_000);

test('the same seed plays the same inputs', async () => {
  const [first, second] = [await run(7, 60), await run(7, 60)];
  expect([...first.reached]).toEqual([...second.reached]);
  expect(first.requests).toBe(second.requests);
});
