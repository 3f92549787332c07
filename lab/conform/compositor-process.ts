/** A compositor the suite starts itself, so that it can be started anew, and how it ended can be told. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { signalGroup } from '../../native/process-group.ts';
import { LONGEST_START_MS } from './patience.ts';
import { NoCompositorError } from './verdicts.ts';

const STOP_LIMIT_MS = 5_000;
const STEP_MS = 20;
/** Of the log's last line, what still fits into a table. */
const LAST_WORDS_CHARS = 160;

export interface CompositorCommand {
  /** Program and arguments. It listens on a socket in XDG_RUNTIME_DIR named wayland-…, of its own choice. */
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** What it says is appended here. */
  readonly logFile: string;
}

/** Sockets a compositor makes in XDG_RUNTIME_DIR: for clients, and ours for simulated GPUs. */
interface Sockets {
  readonly display: string | undefined;
  readonly simulatedGpus: string | undefined;
}

export class CompositorProcess {
  readonly #child: ChildProcess;
  readonly #logFile: string;
  readonly #logStart: number;
  #sockets: Sockets = { display: undefined, simulatedGpus: undefined };
  #failure: Error | undefined;

  private constructor({ command, env, logFile }: CompositorCommand) {
    const [program = '', ...args] = command;
    const log = openSync(logFile, 'a');
    this.#logFile = logFile;
    this.#logStart = statSync(logFile).size;
    this.#child = spawn(program, args, { env, stdio: ['ignore', log, log], detached: true });
    this.#child.once('error', (error) => {
      this.#failure = error;
    });
    closeSync(log);
  }

  /** Resolves when its socket is there. NoCompositorError when it ends before, or none appears. */
  static async start(command: CompositorCommand): Promise<CompositorProcess> {
    const folder = command.env['XDG_RUNTIME_DIR'];
    if (folder === undefined) throw new NoCompositorError('XDG_RUNTIME_DIR is not set');
    const before = socketsIn(folder);
    const compositor = new CompositorProcess(command);
    const appeared = (name: RegExp): string | undefined =>
      [...socketsIn(folder)].find(([path, id]) => name.test(path) && before.get(path) !== id)?.[0];
    for (let waitedMs = 0; ; waitedMs += STEP_MS) {
      const display = appeared(/\/wayland-[^/]*$/);
      if (display !== undefined) {
        compositor.#sockets = { display, simulatedGpus: appeared(/\/syncline-sim-\d+$/) };
        return compositor;
      }
      const { end } = compositor;
      if (end === undefined && waitedMs < LONGEST_START_MS) {
        await sleep(STEP_MS);
        continue;
      }
      await compositor.stop();
      throw new NoCompositorError(
        end === undefined
          ? `the compositor opened no socket in ${folder} within ${LONGEST_START_MS / 1000} s`
          : `the compositor ${end} before it opened a socket`,
      );
    }
  }

  /** Path of the display socket. */
  get socket(): string {
    return this.#sockets.display ?? '';
  }

  /** Where its simulated GPUs can be reached (`syncline compositor --gpus sim:N`). */
  get simulatedGpus(): string | undefined {
    return this.#sockets.simulatedGpus;
  }

  /** How it ended, as in "was killed by SIGSEGV", with the last line it said; undefined while it runs. */
  get end(): string | undefined {
    const { exitCode, signalCode } = this.#child;
    if (this.#failure) return `could not be run (${this.#failure.message})`;
    if (exitCode === null && signalCode === null) return undefined;
    const lastWords = this.#lastWords();
    const said = lastWords === '' ? '' : ` (last line: ${lastWords})`;
    return `${signalCode ? `was killed by ${signalCode}` : `ended with status ${exitCode}`}${said}`;
  }

  /** Ends it with all it started, SIGKILL after five seconds. Idempotent. */
  async stop(): Promise<void> {
    signalGroup(this.#child, 'SIGTERM');
    for (let waitedMs = 0; this.end === undefined && waitedMs < STOP_LIMIT_MS; waitedMs += STEP_MS)
      await sleep(STEP_MS);
    // Also when the leader is gone: what it started may not be.
    signalGroup(this.#child, 'SIGKILL');
    while (this.end === undefined) await sleep(STEP_MS);
  }

  #lastWords(): string {
    const said = readFileSync(this.#logFile).subarray(this.#logStart).toString();
    const lines = stripVTControlCharacters(said).trimEnd().split('\n');
    return (lines.at(-1) ?? '').trim().slice(0, LAST_WORDS_CHARS);
  }
}

/** Path to identity: a socket made anew under an old name is another one. */
function socketsIn(folder: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isSocket()) continue;
    const path = join(folder, entry.name);
    const status = statSync(path, { throwIfNoEntry: false });
    if (status) found.set(path, `${status.ino} ${status.ctimeMs}`);
  }
  return found;
}
