/** The program a compositor was started for, with everything it starts. */
import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { signalGroup } from '../native/process-group.ts';

/** The program cannot be started: not found, not executable. */
class NoCommandError extends Error {
  readonly code = 'SYNCLINE_NO_COMMAND';

  constructor(command: string, cause: NodeJS.ErrnoException) {
    super(`cannot run ${command} (${cause.code ?? cause.message})`, { cause });
    this.name = 'NoCommandError';
  }
}

/** How long the group may take to leave on SIGTERM: SDL makes a question to the user of it. */
const GRACE_MS = 1000;
const POLL_MS = 20;

/** Runs in a process group of its own, so that its descendants end with it. */
export class InnerCommand {
  /** Its exit status, 128 + N after signal N. Rejects with NoCommandError. */
  readonly ended: Promise<number>;
  readonly #child: ChildProcess;
  #disposed = false;

  constructor(command: readonly string[], env: NodeJS.ProcessEnv) {
    const [program = '', ...args] = command;
    this.#child = spawn(program, args, { env, stdio: 'inherit', detached: true });
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', (error) => reject(new NoCommandError(program, error)));
      this.#child.once('exit', (status, signal) => {
        resolve(status ?? 128 + (signal ? constants.signals[signal] : 0));
      });
    });
  }

  /** Ends what still runs of the group: SIGTERM, and SIGKILL for what is there after a second. Idempotent. */
  dispose(): void {
    if (this.#disposed || !signalGroup(this.#child, 'SIGTERM')) return;
    this.#disposed = true;
    const deadline = performance.now() + GRACE_MS;
    // Keeps this process alive until the group is gone.
    const timer = setInterval(() => {
      const late = performance.now() > deadline;
      if (signalGroup(this.#child, late ? 'SIGKILL' : 0) && !late) return;
      clearInterval(timer);
    }, POLL_MS);
  }
}
