/** `syncline explore`: random interleavings against every promise. */
import { Command, Option } from 'commander';
import { Findings, playSeeds, type ExploreReport } from '../lab/explore/explore.ts';
import { describeStep } from '../lab/explore/step.ts';
import { exploreInWorkers } from '../lab/explore/workers.ts';
import { SystemClock } from '../native/clock.ts';
import { DEFAULT_STRATEGY } from '../sync/recovery/default-strategy.ts';
import { STRATEGIES, strategyByName } from '../sync/recovery/strategies.ts';
import { EXIT_CASE_FAILED } from './exit-status.ts';
import { JsonOutput } from './json-output.ts';
import { integer, positive, usage } from './option-values.ts';

interface ExploreFlags {
  seeds?: number;
  from: number;
  seed?: number;
  minutes?: number;
  strategy: string;
  json?: string;
}

const DEFAULT_SEEDS = 1000;

export function exploreCommand(): Command {
  return new Command('explore')
    .description(
      'play random interleavings of commits, fences, unplugs and failures; judge every promise after every step',
    )
    .option(
      '--seeds <n>',
      `how many runs (default: ${DEFAULT_SEEDS}, or what --minutes allow)`,
      integer(1),
    )
    .option('--from <seed>', 'the first seed', integer(0), 1)
    .addOption(
      new Option('--seed <seed>', 'this one seed alone, in this process')
        .argParser(integer(0))
        .conflicts(['seeds', 'from', 'minutes']),
    )
    .option('--minutes <m>', 'how long', positive())
    .option(
      '--strategy <name>',
      `one of ${[...STRATEGIES.keys()].join(', ')}`,
      (name: string) => usage(() => strategyByName(name).name),
      DEFAULT_STRATEGY.name,
    )
    .option('--json <file>', 'write the result as JSON (- for standard output)')
    .action(run);
}

async function run(flags: ExploreFlags): Promise<void> {
  const json = new JsonOutput(flags.json);
  const report = await explore(flags);
  json.human.write(describe(report));
  json.write(report);
  if (report.violations.length > 0) process.exitCode = EXIT_CASE_FAILED;
}

async function explore({
  seed,
  seeds,
  from,
  minutes,
  strategy,
}: ExploreFlags): Promise<ExploreReport> {
  if (seed !== undefined) {
    const findings = new Findings(strategy, seed);
    findings.add(playSeeds(strategyByName(strategy), seed, 1));
    return findings.report();
  }
  const { isTTY } = process.stderr;
  const limits = {
    ...(minutes !== undefined && { minutes }),
    ...(seeds !== undefined && { seeds }),
    ...(seeds === undefined && minutes === undefined && { seeds: DEFAULT_SEEDS }),
  };
  const report = await exploreInWorkers({
    strategy,
    firstSeed: from,
    clock: new SystemClock({ ref: false }),
    ...limits,
    ...(isTTY && {
      onProgress: (soFar: ExploreReport) => process.stderr.write(`\r${figures(soFar)} `),
    }),
  });
  if (isTTY) process.stderr.write('\r\u001b[K');
  return report;
}

function figures({ seeds, steps, states, violations, stepsPerCpuSecond }: ExploreReport): string {
  const broken = violations.length === 1 ? '1 violation' : `${violations.length} violations`;
  return `${seeds} seeds, ${steps} steps, ${states} states, ${broken} (${stepsPerCpuSecond} steps per CPU second)`;
}

/** What was found, then what was reached, for people. */
function describe(report: ExploreReport): string {
  const lines: string[] = [];
  for (const { seed, invariant, detail, trace, foundAtStep } of report.violations) {
    lines.push(`seed ${seed}: ${invariant}: ${detail}`);
    for (const step of trace) lines.push(`  ${describeStep(step)}`);
    lines.push(
      `  shrunk to ${trace.length} of ${foundAtStep} steps; again: syncline explore --strategy ${report.strategy} --seed ${seed}`,
    );
  }
  const outcomes = Object.entries(report.outcomes).map(([outcome, count]) => `${outcome} ${count}`);
  lines.push(`steps and what came of them: ${outcomes.join(', ')}`);
  lines.push(`${report.strategy}: ${figures(report)}`);
  return `${lines.join('\n')}\n`;
}
