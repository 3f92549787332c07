/** A program a session has started, with everything that starts it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { signalGroup } from '../../native/process-group.ts';
import type { Clock } from '../../native/clock.ts';

/** Characters of output kept, the newest. */
const KEPT_OUTPUT = 65_536;
/** How long a program may take to end when it is asked to. */
const PATIENCE_NS = 2_000_000_000n;
/** As shells say it: the program could not be started. */
const NOT_STARTED = 127;

export interface LaunchOptions {
  readonly cwd?: string;
  /** Added to the session's own. */
  readonly env?: NodeJS.ProcessEnv;
}

export class AppProcess {
  readonly command: string;
  /** Its exit status: 128 + N after signal N, 127 when it could not be started. Never rejects. */
  readonly exited: Promise<number>;
  readonly #child: ChildProcess;
  readonly #clock: Clock;
  #output = '';
  #status: number | undefined;

  /** Runs in a process group of its own, so that its descendants end with it. `clock`: real time. */
  constructor(program: string, args: readonly string[], options: LaunchOptions, clock: Clock) {
    this.#clock = clock;
    this.command = [program, ...args].join(' ');
    this.#child = spawn(program, args, {
      env: options.env,
      cwd: options.cwd,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-KEPT_OUTPUT);
      });
    }
    this.exited = new Promise((resolve) => {
      this.#child.once('error', (error) => {
        this.#output += error.message;
        this.#status = NOT_STARTED;
        resolve(NOT_STARTED);
      });
      this.#child.once('close', (status, signal) => {
        this.#status ??= status ?? 128 + (signal ? constants.signals[signal] : 0);
        resolve(this.#status);
      });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Undefined while it runs. */
  get status(): number | undefined {
    return this.#status;
  }

  /** What it has written to stdout and stderr, the end of it. */
  get output(): string {
    return this.#output;
  }

  /**
   * Asks the whole group to end, then makes it. Resolves to the exit status. What has left the group is left alone, and its output
   * not waited for.
   */
  async stop(): Promise<number> {
    if (this.#status === undefined) {
      signalGroup(this.#child, 'SIGTERM');
      const deadlineNs = this.#clock.nowNs() + PATIENCE_NS;
      const timer = this.#clock.at(deadlineNs, () => {
        signalGroup(this.#child, 'SIGKILL');
        for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.destroy();
      });
      await this.exited;
      timer.close();
    }
    // Children of a shell that ignored the first signal.
    signalGroup(this.#child, 'SIGKILL');
    return this.exited;
  }
}
