/** `syncline conform`: parse, call, print. */
import { mkdtempSync, rmSync } from 'node:fs';
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
import { JsonOutput } from './json-output.ts';
import { integer, listOf, positive, usage } from './option-values.ts';
import { checkWritable } from './output-file.ts';

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

/** A day. */
const LONGEST_S = 86_400;

export function conformCommand(): Command {
  return new Command('conform')
    .description('explicit-sync and hot-unplug suite: a client that tests any compositor')
    .argument(
      '[compositor...]',
      'after --: the command that starts it, for each case anew if need be',
    )
    .option('--socket <name>', 'display socket of the compositor (default: $WAYLAND_DISPLAY)')
    .option('--only <cases>', 'comma-separated cases', listOf(caseNamed))
    .option('--shard <i/n>', 'play only this part of the cases', (text) =>
      usage(() => parseShard(text)),
    )
    .option('--retries <n>', 'play a case that failed up to n times more', integer(0, 20), 0)
    .option('--json <file>', 'write the results as JSON (- for standard output)')
    .option('--list', 'list the cases and the rule behind each')
    .option(
      '--patience <s>',
      'how long anything that must happen may take (default: by its pace)',
      positive(LONGEST_S),
    )
    .option('--log <file>', 'keep there what the compositor started here says')
    .option(
      '--peers <names>',
      'in the VM, against compositors of Debian sid, or all of them',
      (text) => (text === 'all' ? PEERS : listOf(peerNamed)(text)),
    )
    .addOption(
      new Option('--part <which>', 'with --peers: all cases, those not played yet, or failed')
        .choices(['all', 'missing', 'failed'])
        .default('all'),
    )
    .option('--kernel <series>', 'with --peers: Debian kernel series', '6.12')
    .option(
      '--timeout <s>',
      'with --peers: give up on one after so many seconds',
      positive(LONGEST_S),
      3600,
    )
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
      const json = new JsonOutput(flags.json);
      const report = await conformHere(command, flags, json);
      json.human.write(`${renderConformTable(report, json.human.isTTY === true)}\n`);
      json.write(report);
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

async function conformHere(
  command: string[],
  flags: ConformFlags,
  json: JsonOutput,
): Promise<ConformReport> {
  if (flags.log !== undefined) checkWritable(flags.log);
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
        // What was found is found, should the machine not live to the end of the run.
        json.writeSoFar(soFar);
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

function list(): void {
  const lines = CASES.map(
    ({ name, rule, basis, source = '' }) => `${name} (${`${basis} ${source}`.trim()})\n    ${rule}`,
  );
  process.stdout.write(`${lines.join('\n')}\n`);
}
