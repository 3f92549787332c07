/** The program a compositor was started for, with everything it starts. */
import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';

/** The program cannot be started: not found, not executable. */
export class NoCommandError extends Error {
  readonly code = 'SYNCLINE_NO_COMMAND';

  constructor(command: string, cause: NodeJS.ErrnoException) {
    super(`cannot run ${command} (${cause.code ?? cause.message})`, { cause });
    this.name = 'NoCommandError';
  }
}

/** Runs in a process group of its own, so that its descendants end with it. */
export class InnerCommand {
  /** Its exit status, 128 + N after signal N. Rejects with NoCommandError. */
  readonly ended: Promise<number>;
  readonly #child: ChildProcess;

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

  /** Ends what still runs of the group. Idempotent. */
  dispose(): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGTERM');
    } catch {
      // ESRCH: nobody is left.
    }
  }
}
