/** `syncline compare`: parse, call, print. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { compare, type CompareOptions } from '../lab/compare/compare.ts';
import { asShard, mergeShards, type ShardReport } from '../lab/compare/merge.ts';
import type { CompareReport, RunResult } from '../lab/compare/result.ts';
import { renderTable } from '../lab/compare/table.ts';
import { TimelineSelection } from '../lab/compare/timeline.ts';
import { parseShard, type Shard } from '../lab/shard.ts';
import { SCENARIOS, scenarioNamed } from '../lab/scenarios/scenarios.ts';
import { CannotPlayError } from '../lab/world/cannot-play-error.ts';
import { STRATEGIES, strategyByName } from '../sync/recovery/strategies.ts';
import { CannotRunError, EXIT_CASE_FAILED } from './exit-status.ts';
import { JsonOutput } from './json-output.ts';
import { integer, names, usage } from './option-values.ts';
import { makeFolder } from './output-file.ts';

interface CompareFlags {
  strategies: string;
  scenarios: string;
  gpus: 'sim' | 'drm';
  seeds: number;
  json?: string;
  report?: string;
  list?: boolean;
  shard?: Shard;
  merge?: string[];
}

const DEFAULT_STRATEGIES = 'single-import,ignore-sync,re-import,failover';

export function compareCommand(): Command {
  return new Command('compare')
    .description('play scenarios under recovery strategies and compare what becomes of the clients')
    .option('--strategies <names>', 'comma-separated names, or all', DEFAULT_STRATEGIES)
    .option('--scenarios <names>', 'comma-separated names, or all', 'all')
    .addOption(
      new Option('--gpus <kind>', 'devices to play on').choices(['sim', 'drm']).default('sim'),
    )
    .option('--seeds <n>', 'seeds per scenario', integer(1), 1)
    .option('--json <file>', 'write the results as JSON (- for standard output)')
    .option(
      '--report <dir>',
      'write report.html there (default: syncline-report, without --json - only)',
    )
    .option(
      '--shard <i/n>',
      'play only this part of the runs; its JSON has the timelines too',
      (text) => usage(() => parseShard(text)),
    )
    .addOption(
      new Option(
        '--merge <files...>',
        'play nothing: put the JSON of all shards together',
      ).conflicts(['strategies', 'scenarios', 'gpus', 'seeds', 'shard']),
    )
    .option('--list', 'list strategies and scenarios')
    .action(async (flags: CompareFlags) => {
      if (flags.list) return list();
      const output = outputOf(flags);
      if (flags.merge) return merge(flags.merge, output);
      const strategies = chosen(flags.strategies, [...STRATEGIES.values()], strategyByName);
      const scenarios = chosen(flags.scenarios, SCENARIOS, scenarioNamed);
      const timelines = new TimelineSelection();
      const report = await withProgress((onResult) =>
        compareHere({
          strategies,
          scenarios,
          seeds: flags.seeds,
          gpus: flags.gpus,
          onResult,
          onTimeline: timelines.add,
          ...(flags.shard === undefined ? {} : { shard: flags.shard }),
        }),
      );
      await print(report, timelines, output);
      if (report.results.length === 0 && report.skipped.length > 0) {
        throw new CannotRunError('nothing could be played here');
      }
    });
}

interface Output {
  readonly json: JsonOutput;
  /** Where report.html goes; undefined: none is wanted. */
  readonly folder: string | undefined;
  /** The JSON is a part, for `--merge`. */
  readonly isShard: boolean;
}

/** Throws a CannotRunError when something of it cannot be written. */
function outputOf({ json, report, shard }: CompareFlags): Output {
  const folder = report ?? (json === '-' ? undefined : 'syncline-report');
  if (folder !== undefined) makeFolder(folder);
  return {
    json: new JsonOutput(json),
    folder,
    isShard: shard !== undefined,
  };
}

async function merge(files: readonly string[], output: Output): Promise<void> {
  const parts = await Promise.all(files.map(readShard));
  const { timelines, ...report } = usage(() => mergeShards(parts));
  const selection = new TimelineSelection();
  for (const timeline of timelines) selection.add(timeline);
  await print(report, selection, output);
}

async function readShard(file: string): Promise<ShardReport> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new InvalidArgumentError(`${file}: ${message(error)}`);
  });
  try {
    return asShard(JSON.parse(text));
  } catch (error) {
    throw new InvalidArgumentError(`${file}: ${message(error)}`);
  }
}

/**
 * Strategies that are here to be beaten may fail: that is what the comparison shows. The default strategy may not, nor may a run
 * of just one strategy.
 */
function promisesHeld({ results }: CompareReport): boolean {
  const strategies = new Set(results.map(({ strategy }) => strategy));
  return results.every(
    ({ strategy, ok }) => ok || (strategies.size > 1 && strategy !== 'failover'),
  );
}

/** A machine without what it takes is exit status 3. */
async function compareHere(options: CompareOptions): Promise<CompareReport> {
  try {
    return await compare(options);
  } catch (error) {
    if (error instanceof CannotPlayError) throw new CannotRunError(error.message, { cause: error });
    throw error;
  }
}

async function print(
  report: CompareReport,
  timelines: TimelineSelection,
  { json, folder, isShard }: Output,
): Promise<void> {
  const { human } = json;
  if (!promisesHeld(report)) process.exitCode = EXIT_CASE_FAILED;
  human.write(`${renderTable(report.results, human.isTTY === true, human.columns)}\n`);
  for (const { scenario, strategy, reason } of report.skipped) {
    human.write(`skipped: ${scenario} under ${strategy}: ${reason}\n`);
  }
  json.write({ ...report, ...(isShard && { timelines: timelines.all() }) });
  if (folder === undefined) return;
  const { renderReport } = await import('../lab/report/html.ts');
  const file = join(folder, 'report.html');
  await writeFile(file, renderReport(report, { timelines, describe }));
  human.write(`report: ${file}\n`);
}

/** Of a strategy or a scenario. */
function describe(name: string): string | undefined {
  const scenario = SCENARIOS.find((known) => known.name === name);
  return scenario?.description ?? STRATEGIES.get(name)?.description;
}

async function withProgress(
  play: (
    onResult: (result: RunResult, done: number, total: number) => void,
  ) => Promise<CompareReport>,
): Promise<CompareReport> {
  if (!process.stderr.isTTY) return play(() => {});
  const { SingleBar, Presets } = await import('cli-progress');
  const bar = new SingleBar(
    { format: '{bar} {value}/{total} {scenario}', stream: process.stderr, clearOnComplete: true },
    Presets.shades_grey,
  );
  let started = false;
  try {
    return await play(({ scenario }, done, total) => {
      if (!started) bar.start(total, 0, { scenario });
      started = true;
      bar.update(done, { scenario });
    });
  } finally {
    if (started) bar.stop();
  }
}

function list(): void {
  const lines = [
    'strategies:',
    ...[...STRATEGIES.values()].map(
      ({ name, description }) => `  ${name.padEnd(40)} ${description}`,
    ),
    'scenarios:',
    ...SCENARIOS.map(({ name, description }) => `  ${name.padEnd(40)} ${description}`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** "all" or names; an unknown one is a usage error. */
function chosen(
  text: string,
  known: readonly { readonly name: string }[],
  check: (name: string) => unknown,
): string[] {
  return text === 'all' ? known.map(({ name }) => name) : names(check)(text);
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
