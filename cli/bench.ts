/** `syncline bench`: parse, measure, print. */
import { Command } from 'commander';
import { BENCHES, checkBenchName, runBenches } from '../lab/bench/bench.ts';
import { BenchUnavailableError } from '../lab/bench/errors.ts';
import type { BenchReport } from '../lab/bench/result.ts';
import { renderBenchTable } from '../lab/bench/table.ts';
import { CannotRunError } from './exit-status.ts';
import { JsonOutput } from './json-output.ts';
import { integer, names, positive } from './option-values.ts';

interface BenchFlags {
  json?: string;
  only?: string[];
  rounds?: number;
  scale: number;
  list?: boolean;
}

export function benchCommand(): Command {
  return new Command('bench')
    .description('measure ours against C peers doing the same, as ratios (above 1: ours is better)')
    .option(
      '--only <names>',
      'comma-separated benches or tests (default: all)',
      names(checkBenchName),
    )
    .option('--rounds <n>', 'rounds of alternating order (default: each bench’s own)', integer(1))
    .option(
      '--scale <x>',
      'multiply the work of a round; below 1 is quick and rough',
      positive(),
      1,
    )
    .option('--json <file>', 'write the results as JSON (- for standard output)')
    .option('--list', 'list the benches and their tests')
    .action(async (flags: BenchFlags) => {
      if (flags.list) return list();
      const json = new JsonOutput(flags.json);
      const report = await measure(flags);
      json.human.write(`${renderBenchTable(report.results, json.human.isTTY === true)}\n`);
      json.write(report);
    });
}

async function measure(flags: BenchFlags): Promise<BenchReport> {
  try {
    return await runBenches({
      only: flags.only ?? [],
      scale: flags.scale,
      ...(flags.rounds === undefined ? {} : { rounds: flags.rounds }),
      onResult: ({ name }) => void process.stderr.write(`bench: ${name} done\n`),
    });
  } catch (error) {
    if (error instanceof BenchUnavailableError)
      throw new CannotRunError(error.message, { cause: error });
    throw error;
  }
}

function list(): void {
  for (const { name, description, tests } of BENCHES)
    process.stdout.write(`${name}: ${description}\n${tests.map((test) => `  ${test}\n`).join('')}`);
}
