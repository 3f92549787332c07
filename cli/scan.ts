/** `syncline scan`: protocol XML → TypeScript bindings. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, Option } from 'commander';
import { CannotRunError, EXIT_CASE_FAILED, EXIT_USAGE } from './exit-status.ts';
import { manifest } from '../protocols/generated/manifest.ts';
import { formatDiagnostic, ScanError } from '../protocols/scanner/diagnostic.ts';
import { fetchProtocols } from '../protocols/scanner/fetch.ts';
import { FetchError } from '../protocols/scanner/sid-packages.ts';
import { checkAll, scanAll, scanUserXml, type ScanResult } from '../protocols/scanner/main.ts';
import { cachedSources, installedSources, type XmlSource } from '../protocols/scanner/sources.ts';

interface ScanCliOptions {
  out?: string;
  imports: 'js' | 'ts';
  all?: true;
  check?: true;
  fetch?: true;
}

/** Compiled, this file is dist/cli/scan.js. */
const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const CACHE = join(PROJECT, '.cache/protocols');
const GENERATED = join(PROJECT, 'protocols/generated');

export function scanCommand(): Command {
  return new Command('scan')
    .description('make TypeScript bindings from Wayland protocol XML')
    .argument(
      '[xml...]',
      'protocol files; they may refer to each other and to the protocols of this package',
    )
    .option('--out <dir>', 'where the bindings go (default: the current directory)')
    .addOption(
      new Option('--imports <ext>', 'how bindings import each other')
        .choices(['js', 'ts'])
        .default('js'),
    )
    .option('--all', 'make our own bindings anew, from all XML installed or fetched')
    .option('--check', 'with --all: only tell whether our own bindings are up to date')
    .option('--fetch', 'with --all: first fetch the newest XML with apt, into .cache/')
    .action(run);
}

function run(xml: string[], options: ScanCliOptions): void {
  const misuse = misused(xml, options);
  if (misuse !== undefined) {
    process.stderr.write(`syncline scan: ${misuse}\n`);
    process.exitCode = EXIT_USAGE;
    return;
  }
  try {
    if (options.all) runAll(options);
    else
      report(
        scanUserXml(xml, { out: options.out ?? '.', extension: options.imports, known: manifest }),
      );
  } catch (error) {
    if (!(error instanceof ScanError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = EXIT_CASE_FAILED;
  }
}

function misused(
  xml: readonly string[],
  { all, check, fetch, out }: ScanCliOptions,
): string | undefined {
  if (!all && xml.length === 0) return 'name XML files, or --all';
  if (all && xml.length > 0) return '--all takes no XML files';
  if (all && out !== undefined) return '--all writes to its own folder';
  if (!all && (check || fetch)) return '--check and --fetch go with --all';
  return undefined;
}

function runAll({ check, fetch }: ScanCliOptions): void {
  if (fetch) fetchOrFail();
  const cached = cachedSources(CACHE);
  const installed = installedSources();
  if (cached.length + installed.length === 0) {
    throw new CannotRunError(
      'no protocol XML here: run "syncline scan --all --fetch", or install wayland-protocols and libwayland-dev',
    );
  }
  if (check) reportCheck([...cached, ...installed]);
  else report(scanAll(cached.length > 0 ? cached : installed, GENERATED));
}

function fetchOrFail(): void {
  try {
    const versions = fetchProtocols(CACHE);
    for (const [name, version] of Object.entries(versions))
      console.log(`fetched ${name} ${version}`);
  } catch (error) {
    if (error instanceof FetchError) throw new CannotRunError(error.message);
    throw error;
  }
}

function report({ written, warnings }: ScanResult): void {
  for (const warning of warnings) process.stderr.write(`${formatDiagnostic(warning)}\n`);
  console.log(`${written.length} files written`);
}

function reportCheck(sources: readonly XmlSource[]): void {
  const result = checkAll(sources, GENERATED, manifest);
  for (const name of result.otherXml)
    console.log(`other XML at hand than bindings were made from: ${name}`);
  for (const name of result.withoutXml) console.log(`no XML at hand: ${name}`);
  for (const name of result.uncovered) console.log(`no bindings for: ${name}`);
  for (const name of result.outdated) process.stderr.write(`not up to date: ${name}\n`);
  const passedOver = result.otherXml.length + result.withoutXml.length;
  console.log(
    `${result.compared} protocols compared, ${passedOver} not, ${result.outdated.length} files differ`,
  );
  if (result.outdated.length > 0) process.exitCode = EXIT_CASE_FAILED;
}
