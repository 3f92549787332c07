/** `syncline fuzz`: hostile clients against our own server, for as long as one likes. */
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { Command, Option } from 'commander';
import { EXIT_CASE_FAILED } from './exit-status.ts';
import { JsonOutput } from './json-output.ts';
import { integer, positive } from './option-values.ts';
import { supervise, type SuperviseResult } from '../lab/fuzz/supervisor.ts';
import { FUZZ_TARGETS, type FuzzTargetName } from '../lab/fuzz/worker.ts';
import { SystemClock } from '../native/clock.ts';

interface FuzzCliOptions {
  minutes: number;
  target: FuzzTargetName | 'all';
  seed: number;
  corpus: string;
  json?: string;
}

const MAX_TURN_MS = 1000;
/** Compiled, this file is dist/cli/fuzz.js. */
const CORPUS = fileURLToPath(new URL('../../test/property/corpus', import.meta.url));

export function fuzzCommand(): Command {
  return new Command('fuzz')
    .description(
      'send our server whatever a client may come up with; nothing must crash, hang, leak or disturb others',
    )
    .option('--minutes <m>', 'how long, all targets together', positive(), 1)
    .addOption(
      new Option('--target <name>', 'the wire alone, or the whole compositor')
        .choices([...FUZZ_TARGETS, 'all'])
        .default('all'),
    )
    .option('--seed <n>', 'where randomness begins', integer(0), 1)
    .addOption(
      new Option('--corpus <dir>', 'inputs to begin with; failures are added').default(
        CORPUS,
        'that of the tests',
      ),
    )
    .option('--json <file>', 'write the result as JSON (- for standard output)')
    .action(run);
}

async function run({ minutes, target, seed, corpus, json }: FuzzCliOptions): Promise<void> {
  const output = new JsonOutput(json);
  const targets = target === 'all' ? FUZZ_TARGETS : [target];
  const seconds = Math.ceil((minutes * 60) / targets.length);
  const clock = new SystemClock();
  const results: SuperviseResult[] = [];
  for (const name of targets) {
    const result = await supervise({
      target: name,
      seed,
      seconds,
      maxTurnMs: MAX_TURN_MS,
      corpus,
      clock,
      onProgress: ({ inputs, reached }) => {
        if (process.stderr.isTTY)
          process.stderr.write(`\r${name}: ${inputs} inputs, ${reached} outcomes `);
      },
      onFailure: ({ kind, detail, file }) => {
        process.stderr.write(`\n${name}: ${kind}: ${detail}\n  ${file}\n`);
      },
    });
    if (process.stderr.isTTY) process.stderr.write('\n');
    results.push(result);
  }
  output.human.write(`${asTable(results)}\n`);
  output.write(asJson(results, seconds));
  if (results.some(({ failures }) => failures.length > 0)) process.exitCode = EXIT_CASE_FAILED;
}

function asJson(results: readonly SuperviseResult[], seconds: number): object {
  return {
    schema: 1,
    targets: results.map(({ counts, failures }) => ({ ...counts, seconds, failures })),
  };
}

function asTable(results: readonly SuperviseResult[]): string {
  const table = new Table({
    head: [
      'target',
      'inputs',
      'requests',
      'outcomes',
      'others’ round trips',
      'slowest turn',
      'failures',
    ],
    style: { head: [], border: [] },
  });
  for (const { counts, failures } of results) {
    table.push([
      counts.target,
      counts.inputs,
      counts.requests,
      counts.reached,
      counts.bystanderRoundTrips,
      `${counts.slowestTurnMs.toFixed(1)} ms`,
      failures.length,
    ]);
  }
  return table.toString();
}
