/** `syncline conform`: parse, call, print. */
import { writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { CASES, caseNamed } from '../lab/conform/cases/cases.ts';
import { conform } from '../lab/conform/conform.ts';
import type { ConformCase } from '../lab/conform/conform-case.ts';
import type { ConformReport } from '../lab/conform/result.ts';
import { renderConformTable } from '../lab/conform/table.ts';
import { NoCompositorError } from '../lab/conform/verdicts.ts';
import { Poller } from '../native/poller.ts';
import { CannotRunError, EXIT_CASE_FAILED } from './exit-status.ts';

interface ConformFlags {
  socket?: string;
  only?: readonly ConformCase[];
  json?: string;
  list?: boolean;
  patience: number;
  unplugHook?: string;
  replugHook?: string;
}

export function conformCommand(): Command {
  return new Command('conform')
    .description('explicit-sync and hot-unplug suite: a client that tests any compositor')
    .option('--socket <name>', 'display socket of the compositor (default: $WAYLAND_DISPLAY)')
    .option('--only <cases>', 'comma-separated cases', chosenCases)
    .option('--json <file>', 'write the results as JSON (- for standard output)')
    .option('--list', 'list the cases and the rule behind each')
    .option('--patience <s>', 'how long anything that must happen may take', seconds, 5)
    .option('--unplug-hook <command>', 'pulls the GPU $SYNCLINE_GPU (run by the shell)')
    .option('--replug-hook <command>', 'plugs it in again')
    .addHelpText('after', HELP)
    .action(async (flags: ConformFlags) => {
      if (flags.list) return list();
      if ((flags.unplugHook === undefined) !== (flags.replugHook === undefined)) {
        throw new InvalidArgumentError('--unplug-hook and --replug-hook go together');
      }
      const report = await conformHere(flags);
      await print(report, flags);
      if (report.cases.some(({ result }) => result === 'fail')) {
        process.exitCode = EXIT_CASE_FAILED;
      } else if (report.cases.every(({ result }) => result === 'skip')) {
        const [first] = report.cases;
        throw new CannotRunError(`no case can be run here: ${first?.detail ?? 'none was chosen'}`);
      }
    });
}

const HELP = `
Cases that need a GPU pulled run with the hooks, against simulated GPUs (syncline compositor --gpus sim:2 -- syncline conform),
and in the VM (syncline kernel). The hooks get SYNCLINE_GPU ("pci:0000:00:05.0") and SYNCLINE_GPU_ROLE: import, the compositor's
GPU, or client, that of the suite's own clients.
Exit status: 1 when a case failed; 3 when there is no compositor, or no case could be run.`;

async function conformHere(flags: ConformFlags): Promise<ConformReport> {
  const poller = new Poller();
  poller.start();
  const { unplugHook: unplug, replugHook: plug } = flags;
  try {
    return await conform({
      poller,
      env: process.env,
      cases: flags.only ?? CASES,
      patienceMs: flags.patience * 1000,
      ...(flags.socket !== undefined && { socket: flags.socket }),
      ...(unplug !== undefined && plug !== undefined && { hotplugCommands: { unplug, plug } }),
      onResult: ({ name, result }, done, total) => {
        if (process.stderr.isTTY)
          process.stderr.write(`\r\u001b[K${done}/${total} ${name}: ${result}`);
      },
    });
  } catch (error) {
    if (error instanceof NoCompositorError)
      throw new CannotRunError(error.message, { cause: error });
    throw error;
  } finally {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
    poller.stop();
    poller.close();
  }
}

async function print(report: ConformReport, flags: ConformFlags): Promise<void> {
  const human = flags.json === '-' ? process.stderr : process.stdout;
  human.write(`${renderConformTable(report, human.isTTY === true)}\n`);
  const json = `${JSON.stringify(report, null, 2)}\n`;
  if (flags.json === '-') process.stdout.write(json);
  else if (flags.json !== undefined) await writeFile(flags.json, json);
}

function list(): void {
  const lines = CASES.map(({ name, rule, basis }) => `${name} (${basis})\n    ${rule}`);
  process.stdout.write(`${lines.join('\n')}\n`);
}

function chosenCases(text: string): ConformCase[] {
  try {
    return text.split(',').map((name) => caseNamed(name.trim()));
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

function seconds(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= 600) return value;
  throw new InvalidArgumentError('Expected seconds, more than 0 and at most 600.');
}
