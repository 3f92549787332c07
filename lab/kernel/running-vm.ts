/** One QEMU process while it runs, and the sockets its ports are connected to. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { performance } from 'node:perf_hooks';
import { VmFailedError } from './errors.ts';
import { MarkedStream } from './marked-stream.ts';
import { lastLines } from './process.ts';
import { portSocket, type Port } from './qemu.ts';

export interface RunningVmOptions {
  readonly runFolder: string;
  /** See {@link MarkedStream}. */
  readonly endMark: string;
  readonly timeoutS: number;
  readonly onStdout: (bytes: Buffer) => void;
  readonly onStderr: (bytes: Buffer) => void;
  readonly onConsole?: (bytes: Buffer) => void;
  readonly signal?: AbortSignal;
}

const CONSOLE_TAIL_LINES = 80;
const CONSOLE_KEPT_CHARS = 64 * 1024;

/** Good for one {@link RunningVm.run}. */
export class RunningVm {
  readonly #options: RunningVmOptions;
  readonly #stdout: MarkedStream;
  readonly #stderr: MarkedStream;
  #statusText = '';
  #console = '';
  #startMs = 0;
  #bootMs = 0;
  #finish: (outcome: number | Error) => void = () => undefined;

  constructor(options: RunningVmOptions) {
    this.#options = options;
    this.#stdout = new MarkedStream(options.endMark, options.onStdout);
    this.#stderr = new MarkedStream(options.endMark, options.onStderr);
  }

  /**
   * Starts QEMU and resolves when the command has ended and its streams are complete; QEMU is gone by then.
   * Rejects with VmFailedError, or with the reason of an aborted signal.
   */
  async run(qemuArgs: readonly string[]): Promise<{ status: number; bootMs: number }> {
    const { signal, timeoutS } = this.#options;
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
    server.listen(portSocket(this.#options.runFolder, port));
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
