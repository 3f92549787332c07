/** `syncline kernel`: runs a command in a VM with real DRM devices. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { Command } from 'commander';
import { MAX_GPUS } from '../lab/kernel/qemu.ts';
import { CannotRunError, EXIT_NO_READER } from './exit-status.ts';
import { integer } from './option-values.ts';
import { checkWritable, makeFolder } from './output-file.ts';

interface KernelCliOptions {
  gpus: number;
  modules: boolean;
  kernel: string;
  out?: string;
  memory: number;
  timeout: number;
  console?: string;
}

/** The VM ended without the command's status. Outside the range programs use, as in docker(1) and timeout(1). */
const EXIT_VM_FAILED = 125;

export function kernelCommand(): Command {
  return new Command('kernel')
    .description(
      'run COMMAND in a VM (QEMU, Debian kernel) with real DRM devices; its exit status is ours',
    )
    .argument('<command...>', 'the command and its arguments, after --')
    .option('--gpus <n>', 'virtio GPUs, at PCI slots 5, 6, …', integer(0, MAX_GPUS), 2)
    .option('--modules', 'also load fencelab, rendersync and syncobjdev', false)
    .option('--kernel <series>', 'Debian kernel series', '6.12')
    .option('--out <dir>', 'writable in the guest as /tmp/syncline-out ($SYNCLINE_OUT)')
    .option('--memory <MiB>', 'memory of the guest', integer(512, 65_536), 2048)
    .option('--timeout <s>', 'give up after so many seconds', integer(1, 86_400), 1800)
    .option('--console <file>', 'write the guest’s console (kernel log) to a file')
    .addHelpText('after', HELP)
    .passThroughOptions()
    .action(run);
}

const HELP = `
The guest sees the host's whole file system read-only, with changes kept in its memory, has the same working directory and
environment, runs as root and has no network. stdin is empty.
Exit status: the command's; 125 when the VM failed (panic, timeout); 3 when there is no QEMU or kernel to be had.`;

async function run(command: string[], options: KernelCliOptions): Promise<void> {
  if (process.env['SYNCLINE_VM'] === '1') throw new CannotRunError('this is the VM already');
  const { runInVm } = await import('../lab/kernel/run.ts');
  const { VmFailedError, VmUnavailableError } = await import('../lab/kernel/errors.ts');
  const outFolder = options.out === undefined ? undefined : makeFolder(options.out);
  if (options.console !== undefined) checkWritable(options.console);
  const interrupt = new Interrupt();
  const consoleFd = options.console === undefined ? undefined : openSync(options.console, 'w');
  try {
    const result = await runInVm({
      command,
      cwd: process.cwd(),
      env: process.env,
      gpus: options.gpus,
      modules: options.modules,
      kernelSeries: options.kernel,
      memoryMib: options.memory,
      timeoutS: options.timeout,
      ...(outFolder === undefined ? {} : { outFolder }),
      ...(consoleFd === undefined
        ? {}
        : { onConsole: (bytes: Buffer) => void writeSync(consoleFd, bytes) }),
      onStdout: (bytes) => void process.stdout.write(bytes),
      onStderr: (bytes) => void process.stderr.write(bytes),
      log: (line) => void process.stderr.write(`syncline kernel: ${line}\n`),
      signal: interrupt.signal,
    });
    process.exitCode = result.status;
  } catch (error) {
    if (interrupt.status !== undefined) process.exitCode = interrupt.status;
    else if (error instanceof VmUnavailableError) throw new CannotRunError(error.message);
    else if (error instanceof VmFailedError) {
      process.stderr.write(`${error.consoleTail}\nsyncline kernel: ${error.message}\n`);
      process.exitCode = EXIT_VM_FAILED;
    } else throw error;
  } finally {
    interrupt.dispose();
    if (consoleFd !== undefined) closeSync(consoleFd);
  }
}

/** Turns SIGINT, SIGTERM and a reader that went away into an abort, so that QEMU and the run's files are gone before we are. */
class Interrupt {
  readonly #controller = new AbortController();
  readonly #onInt = (): void => this.#abort(130);
  readonly #onTerm = (): void => this.#abort(143);
  readonly #onPipe = (): void => this.#abort(EXIT_NO_READER);
  /** The exit status to end with, once interrupted. */
  status: number | undefined;

  constructor() {
    process.on('SIGINT', this.#onInt);
    process.on('SIGTERM', this.#onTerm);
    process.stdout.on('error', this.#onPipe);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The reader's absence stays handled: output may still be on its way to it. */
  dispose(): void {
    process.off('SIGINT', this.#onInt);
    process.off('SIGTERM', this.#onTerm);
  }

  #abort(status: number): void {
    this.status ??= status;
    this.#controller.abort(new Error('interrupted'));
  }
}
