/** The fuzzer as tests run it: bounded, seeded, with the corpus of everything that ever failed. */
import { fileURLToPath } from 'node:url';
import { readCorpus } from '../../lab/fuzz/corpus.ts';
import { fuzz, type FuzzReport } from '../../lab/fuzz/fuzzer.ts';
import { inputToText, type FuzzInput } from '../../lab/fuzz/input.ts';
import { loadServerInterfaces } from '../../lab/fuzz/interfaces.ts';
import type { FuzzTargetFactory } from '../../lab/fuzz/target.ts';

export const types = await loadServerInterfaces();
const descriptions = new Map([...types].map(([name, { description }]) => [name, description]));
/** A turn this long hangs everybody; the machine may be busy with other tests. */
const MAX_TURN_MS = 2000;
const MAX_FAILURES = 3;

/** The stored inputs of a target. */
export function corpusOf(target: string): FuzzInput[] {
  return readCorpus(fileURLToPath(new URL('./corpus', import.meta.url)), target);
}

/** Plays `start`, then made-up inputs until there were `inputs` in all, or three broke something. */
export async function runFuzz(
  createTarget: FuzzTargetFactory,
  seed: number,
  inputs: number,
  start: readonly FuzzInput[] = [],
): Promise<FuzzReport> {
  return fuzz({
    createTarget,
    descriptions,
    seed,
    maxTurnMs: MAX_TURN_MS,
    goOn: (report) => report.inputs < inputs && report.failures.length < MAX_FAILURES,
    corpus: start,
    breathe: () => new Promise((resolve) => setImmediate(resolve)),
  });
}

/** Failures as a developer wants to read them. */
export function failuresOf(report: FuzzReport): string {
  return report.failures
    .map(({ kind, detail, reproduces, input }) => {
      const alone = reproduces ? '' : ' (only after what came before)';
      return `${kind}${alone}: ${detail}\n${inputToText(input)}`;
    })
    .join('\n');
}

/** What was tried, for the test's annotation. */
export function summaryOf(report: FuzzReport): string {
  return `${report.target}: ${report.inputs} inputs, ${report.requests} requests, ${report.reached.size} outcomes reached, ${report.bystanderRoundTrips} round trips of the bystander, slowest turn ${report.slowestTurnMs.toFixed(1)} ms`;
}
