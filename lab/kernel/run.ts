/** Runs one command in a virtual machine with a real kernel and real DRM devices. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { performance } from 'node:perf_hooks';
import { requirePackages } from './debian.ts';
import { VmFailedError } from './errors.ts';
import { initramfs } from './initramfs.ts';
import { DEFAULT_KERNEL_SERIES, kernelFiles } from './kernel-files.ts';
import { MarkedStream } from './marked-stream.ts';
import { kernelWithModules } from './modules.ts';
import { lastLines } from './process.ts';
import { portSocket, qemuArguments, type Port } from './qemu.ts';
import { makeRunFolder, type GuestCommand } from './run-folder.ts';

export interface VmOptions extends GuestCommand {
  /** virtio GPUs, at PCI slots 5, 6, … */
  readonly gpus: number;
  /** Also build and load fencelab, rendersync and syncobjdev. */
  readonly modules: boolean;
  /** Debian kernel series, "6.12". */
  readonly kernelSeries?: string;
  readonly memoryMib?: number;
  /** From the start of QEMU to the command's end. */
  readonly timeoutS?: number;
  /** A folder of the host's that is writable at {@link GUEST_OUT} in the guest. */
  readonly outFolder?: string;
  /** Called with everything on the guest's console; then the kernel talks more. */
  readonly onConsole?: (bytes: Buffer) => void;
  readonly onStdout: (bytes: Buffer) => void;
  readonly onStderr: (bytes: Buffer) => void;
  /** Progress of downloads and builds, one line each. */
  readonly log: (line: string) => void;
  /** Aborting ends QEMU and rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface VmResult {
  /** The command's exit status; 128 + n when signal n ended it. */
  readonly status: number;
  /** "6.12.117+deb12-amd64" */
  readonly kernel: string;
  /** From the start of QEMU until the command was started. */
  readonly bootMs: number;
}

const DEFAULT_MEMORY_MIB = 2048;
const DEFAULT_TIMEOUT_S = 1800;
const CONSOLE_TAIL_LINES = 40;
const CONSOLE_KEPT_CHARS = 64 * 1024;

/**
 * Boots, runs, and resolves when the command has ended and all its output was handed over. What it leaves running is killed.
 * Its root is the host's, changes to it stay in the guest's memory; stdin is empty; it runs as root.
 *
 * Rejects with VmUnavailableError (no QEMU or kernel to be had) or VmFailedError (panic, timeout).
 */
export async function runInVm(options: VmOptions): Promise<VmResult> {
  await requirePackages(['qemu-system-x86']);
  const series = options.kernelSeries ?? DEFAULT_KERNEL_SERIES;
  const { kernel, modules } = options.modules
    ? await kernelWithModules(series, options.log)
    : { kernel: await kernelFiles(series, options), modules: [] };
  const initramfsFile = await initramfs(kernel, modules);
  const endMark = randomBytes(16).toString('hex');
  const runFolder = makeRunFolder(options, { endMark, shareOut: options.outFolder !== undefined });
  try {
    const machine = new RunningVm(options, runFolder, endMark);
    const { status, bootMs } = await machine.run(
      qemuArguments({
        kernelImage: kernel.image,
        initramfs: initramfsFile,
        gpus: options.gpus,
        memoryMib: options.memoryMib ?? DEFAULT_MEMORY_MIB,
        runFolder,
        ...(options.outFolder === undefined ? {} : { outFolder: options.outFolder }),
        verbose: options.onConsole !== undefined,
      }),
    );
    return { status, bootMs, kernel: kernel.version };
  } finally {
    rmSync(runFolder, { recursive: true, force: true });
  }
}

/** One QEMU process and the sockets its ports are connected to. */
class RunningVm {
  readonly #options: VmOptions;
  readonly #runFolder: string;
  readonly #stdout: MarkedStream;
  readonly #stderr: MarkedStream;
  #statusText = '';
  #console = '';
  #startMs = 0;
  #bootMs = 0;
  #finish: (outcome: number | Error) => void = () => undefined;

  constructor(options: VmOptions, runFolder: string, endMark: string) {
    this.#options = options;
    this.#runFolder = runFolder;
    this.#stdout = new MarkedStream(endMark, options.onStdout);
    this.#stderr = new MarkedStream(endMark, options.onStderr);
  }

  async run(qemuArgs: readonly string[]): Promise<{ status: number; bootMs: number }> {
    const { signal, timeoutS = DEFAULT_TIMEOUT_S } = this.#options;
    signal?.throwIfAborted();
    const outcome = new Promise<number | Error>((resolve) => {
      this.#finish = resolve;
    });
    const abort = (): void => this.#finish(signal?.reason as Error);
    const servers = await Promise.all([
      this.#listen('stdout', (bytes) => this.#stdout.push(bytes)),
      this.#listen('stderr', (bytes) => this.#stderr.push(bytes)),
      this.#listen('status', (bytes) => this.#onStatus(bytes)),
    ]);
    this.#startMs = performance.now();
    const qemu = this.#start(qemuArgs);
    const timer = setTimeout(
      () => this.#fail(`the VM was ended after ${timeoutS} s`),
      timeoutS * 1000,
    );
    signal?.addEventListener('abort', abort);
    try {
      const ended = await outcome;
      if (typeof ended === 'number') return { status: ended, bootMs: this.#bootMs };
      this.#stdout.flush();
      this.#stderr.flush();
      throw ended;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      await stop(qemu);
      for (const server of servers) server.close();
    }
  }

  #start(qemuArgs: readonly string[]): ChildProcess {
    // setpriv: QEMU must not outlive us, however we end.
    const command = ['--pdeathsig', 'KILL', '--', 'qemu-system-x86_64', ...qemuArgs];
    const qemu = spawn('setpriv', command, { stdio: ['ignore', 'pipe', 'pipe'] });
    qemu.stdout?.on('data', (bytes: Buffer) => this.#onConsole(bytes));
    qemu.stderr?.on('data', (bytes: Buffer) => this.#onConsole(bytes));
    qemu.on('error', (error) => this.#fail(`QEMU did not start: ${error.message}`));
    // 'close' comes after all console output; the streams' sockets are read to their end before it matters.
    qemu.on('close', (status, signal) => {
      this.#fail(`the VM ended before the command did (QEMU: ${signal ?? `status ${status}`})`);
    });
    return qemu;
  }

  async #listen(port: Port, onData: (bytes: Buffer) => void): Promise<Server> {
    const server = createServer((socket) => {
      socket.on('data', (bytes: Buffer) => {
        onData(bytes);
        this.#checkComplete();
      });
      socket.on('error', (error) => this.#fail(`${port} of the VM broke: ${error.message}`));
    });
    server.listen(portSocket(this.#runFolder, port));
    await once(server, 'listening');
    return server;
  }

  #onStatus(bytes: Buffer): void {
    if (this.#bootMs === 0) this.#bootMs = performance.now() - this.#startMs;
    this.#statusText += bytes.toString();
    const error = /^error (.*)\n/m.exec(this.#statusText);
    if (error) this.#fail(`the guest could not be set up: ${error[1]}`);
  }

  #checkComplete(): void {
    const exit = /^exit (\d+)\n/m.exec(this.#statusText);
    if (exit && this.#stdout.complete && this.#stderr.complete) this.#finish(Number(exit[1]));
  }

  #onConsole(bytes: Buffer): void {
    this.#options.onConsole?.(bytes);
    this.#console = (this.#console + bytes.toString()).slice(-CONSOLE_KEPT_CHARS);
  }

  #fail(reason: string): void {
    this.#finish(new VmFailedError(reason, lastLines(this.#console, CONSOLE_TAIL_LINES)));
  }
}

/** Kills QEMU and waits until it is gone: it keeps no state worth a shutdown. */
async function stop(qemu: ChildProcess): Promise<void> {
  if (qemu.pid === undefined || qemu.exitCode !== null || qemu.signalCode !== null) return;
  const closed = once(qemu, 'close');
  qemu.kill('SIGKILL');
  await closed;
}
