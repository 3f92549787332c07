/** `syncline conform`: parse, call, print. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { CASES, caseNamed } from '../lab/conform/cases/cases.ts';
import { conform } from '../lab/conform/conform.ts';
import type { ConformCase } from '../lab/conform/conform-case.ts';
import type { ConformReport } from '../lab/conform/result.ts';
import { PEERS, peerNamed, type Peer } from '../lab/conform/peers/peers.ts';
import { renderConformTable } from '../lab/conform/table.ts';
import { NoCompositorError } from '../lab/conform/verdicts.ts';
import { parseShard, shardOf, type Shard } from '../lab/shard.ts';
import { Poller } from '../native/poller.ts';
import type { PeersOptions } from './conform-peers.ts';
import { CannotRunError, EXIT_CASE_FAILED } from './exit-status.ts';

interface ConformFlags {
  socket?: string;
  only?: readonly ConformCase[];
  shard?: Shard;
  json?: string;
  list?: boolean;
  patience?: number;
  retries: number;
  log?: string;
  peers?: readonly Peer[];
  part: PeersOptions['part'];
  kernel: string;
  timeout: number;
  unplugHook?: string;
  replugHook?: string;
}

export function conformCommand(): Command {
  return new Command('conform')
    .description('explicit-sync and hot-unplug suite: a client that tests any compositor')
    .argument(
      '[compositor...]',
      'after --: the command that starts it, for each case anew if need be',
    )
    .option('--socket <name>', 'display socket of the compositor (default: $WAYLAND_DISPLAY)')
    .option('--only <cases>', 'comma-separated cases', chosenCases)
    .option('--shard <i/n>', 'play only this part of the cases', shard)
    .option('--retries <n>', 'play a case that failed up to n times more', retries, 0)
    .option('--json <file>', 'write the results as JSON (- for standard output)')
    .option('--list', 'list the cases and the rule behind each')
    .option(
      '--patience <s>',
      'how long anything that must happen may take (default: by its pace)',
      seconds,
    )
    .option('--log <file>', 'keep there what the compositor started here says')
    .option(
      '--peers <names>',
      'in the VM, against compositors of Debian sid, or all of them',
      peers,
    )
    .addOption(
      new Option('--part <which>', 'with --peers: all cases, those not played yet, or failed')
        .choices(['all', 'missing', 'failed'])
        .default('all'),
    )
    .option('--kernel <series>', 'with --peers: Debian kernel series', '6.12')
    .option('--timeout <s>', 'with --peers: give up on one after so many seconds', seconds, 3600)
    .option('--unplug-hook <command>', 'pulls the GPU $SYNCLINE_GPU (run by the shell)')
    .option('--replug-hook <command>', 'plugs it in again')
    .addHelpText('after', HELP)
    .passThroughOptions()
    .action(async (command: string[], flags: ConformFlags) => {
      if (flags.list) return list();
      if ((flags.unplugHook === undefined) !== (flags.replugHook === undefined)) {
        throw new InvalidArgumentError('--unplug-hook and --replug-hook go together');
      }
      if (command.length > 0 && flags.socket !== undefined) {
        throw new InvalidArgumentError('--socket is for a compositor that runs already');
      }
      if (flags.peers) return playPeers(flags.peers, flags);
      const report = await conformHere(command, flags);
      print(report, flags);
      if (report.cases.some(({ result }) => result === 'fail')) {
        process.exitCode = EXIT_CASE_FAILED;
      } else if (report.cases.every(({ result }) => result === 'skip')) {
        const [first] = report.cases;
        throw new CannotRunError(`no case can be run here: ${first?.detail ?? 'none was chosen'}`);
      }
    });
}

const HELP = `
With a command after -- the suite starts the compositor itself, again after it ended or hung, and anew for each case that pulls a GPU,
and tells how it ended. Each thing that must happen is waited for as long as --patience says: without it by the compositor's pace,
from 5 s on.
Cases that need a GPU pulled run with the hooks, against simulated GPUs (syncline compositor --gpus sim:2 -- syncline conform),
and in the VM (syncline kernel). The hooks get SYNCLINE_GPU ("pci:0000:00:05.0") and SYNCLINE_GPU_ROLE: import, the compositor's
GPU, or client, that of the suite's own clients.
--peers plays in the VM against compositors of a Debian sid made for them (root, some minutes, 1.2 GB in .cache), keeps what each did in
lab/conform/peers/results and writes the table of docs/testing-a-compositor.md.
Exit status: 1 when a case failed; 3 when there is no compositor, or no case could be run.`;

function casesOf({ only = CASES, shard: part }: ConformFlags): readonly ConformCase[] {
  return part ? shardOf(only, part) : only;
}

async function playPeers(chosen: readonly Peer[], flags: ConformFlags): Promise<void> {
  const { retries: times, kernel, timeout } = flags;
  const { conformPeers } = await import('./conform-peers.ts');
  await conformPeers({
    peers: chosen,
    cases: casesOf(flags),
    part: flags.part,
    retries: times,
    kernelSeries: kernel,
    timeoutS: timeout,
  });
}

async function conformHere(command: string[], flags: ConformFlags): Promise<ConformReport> {
  const poller = new Poller();
  poller.start();
  const { unplugHook: unplug, replugHook: plug } = flags;
  const cases = casesOf(flags);
  const scratch = mkdtempSync(join(tmpdir(), 'syncline-conform-'));
  try {
    return await conform({
      poller,
      env: process.env,
      cases,
      retries: flags.retries,
      ...(command.length > 0 && {
        start: { command, env: process.env, logFile: flags.log ?? join(scratch, 'log') },
      }),
      ...(flags.patience !== undefined && { patienceMs: flags.patience * 1000 }),
      ...(flags.socket !== undefined && { socket: flags.socket }),
      ...(unplug !== undefined && plug !== undefined && { hotplugCommands: { unplug, plug } }),
      onResult: ({ name, result }, soFar) => {
        const count = `${soFar.cases.length}/${cases.length}`;
        if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${count} ${name}: ${result}`);
        if (flags.json !== undefined && flags.json !== '-') writeJson(flags.json, soFar);
      },
    });
  } catch (error) {
    if (error instanceof NoCompositorError)
      throw new CannotRunError(error.message, { cause: error });
    throw error;
  } finally {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
    rmSync(scratch, { recursive: true, force: true });
    poller.stop();
    poller.close();
  }
}

function print(report: ConformReport, flags: ConformFlags): void {
  const human = flags.json === '-' ? process.stderr : process.stdout;
  human.write(`${renderConformTable(report, human.isTTY === true)}\n`);
  if (flags.json === '-') process.stdout.write(jsonOf(report));
}

/** After each case: what was found is found, should the machine not live to the end of the run. Never half a file. */
function writeJson(file: string, report: ConformReport): void {
  writeFileSync(`${file}.part`, jsonOf(report));
  renameSync(`${file}.part`, file);
}

function jsonOf(report: ConformReport): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

function list(): void {
  const lines = CASES.map(
    ({ name, rule, basis, source = '' }) => `${name} (${`${basis} ${source}`.trim()})\n    ${rule}`,
  );
  process.stdout.write(`${lines.join('\n')}\n`);
}

function chosenCases(text: string): ConformCase[] {
  try {
    return text.split(',').map((name) => caseNamed(name.trim()));
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

function peers(text: string): readonly Peer[] {
  try {
    return text === 'all' ? PEERS : text.split(',').map((name) => peerNamed(name.trim()));
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

function shard(text: string): Shard {
  try {
    return parseShard(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

function retries(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= 20) return value;
  throw new InvalidArgumentError('Expected a whole number from 0 to 20.');
}

function seconds(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= 86_400) return value;
  throw new InvalidArgumentError('Expected seconds, more than 0 and at most 86400.');
}
