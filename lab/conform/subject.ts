/** The compositor under test: one that runs already, or one the suite starts, and starts again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { hasErrno } from '../../native/errors.ts';
import { ConnectError } from '../../protocols/client/connect.ts';
import { WaylandClientError } from '../../protocols/client/errors.ts';
import { CompositorProcess, type CompositorCommand } from './compositor-process.ts';
import { CaseRun } from './case-run.ts';
import type { Environment } from './environment.ts';
import { prepare, SIM_SOCKET_VARIABLE, type Prepared, type PrepareOptions } from './prepare.ts';
import type { Failure } from './result.ts';
import { CaseFailedError, NoCompositorError } from './verdicts.ts';

/** What has become of a compositor. */
export interface CompositorEnd {
  readonly failure: Extract<Failure, 'ended' | 'stuck'>;
  /** As in "was killed by SIGSEGV". */
  readonly text: string;
}

export interface Subject {
  /** The environment of the last {@link ready}. */
  readonly environment: Environment | undefined;
  /** The compositor's program and its socket. */
  readonly compositor: string;
  /**
   * A compositor for the next case, `fresh` from its start where the suite can start one. A string says why there is none (any more).
   * NoCompositorError when there was none from the beginning.
   */
  ready(fresh: boolean): Promise<Environment | string>;
  /** After a case that did not pass quietly: what has become of the compositor, undefined when it lives and answers. */
  end(): Promise<CompositorEnd | undefined>;
  dispose(): Promise<void>;
}

/** Somebody else's: when it is gone it stays gone. */
export class RunningSubject implements Subject {
  readonly #options: PrepareOptions;
  #prepared: Prepared | undefined;
  #gone: string | undefined;

  constructor(options: PrepareOptions) {
    this.#options = options;
  }

  get environment(): Environment | undefined {
    return this.#prepared?.environment;
  }

  get compositor(): string {
    return this.#prepared?.compositor ?? 'none';
  }

  async ready(): Promise<Environment | string> {
    this.#prepared ??= await prepare(this.#options);
    return this.#gone ?? this.#prepared.environment;
  }

  async end(): Promise<CompositorEnd | undefined> {
    const { environment } = this;
    if (!environment || this.#gone !== undefined) return undefined;
    if (await isReachable(environment)) return undefined;
    this.#gone = 'the compositor has been gone since an earlier case';
    return { failure: 'ended', text: 'is gone' };
  }

  async dispose(): Promise<void> {
    this.environment?.gpus?.dispose();
  }
}

/** Ours to start: anew when asked, and after it ended or hung. */
export class StartedSubject implements Subject {
  readonly #options: PrepareOptions;
  readonly #command: CompositorCommand;
  #process: CompositorProcess | undefined;
  #prepared: Prepared | undefined;
  compositor = 'none';

  constructor(options: PrepareOptions, command: CompositorCommand) {
    this.#options = options;
    this.#command = command;
  }

  get environment(): Environment | undefined {
    return this.#prepared?.environment;
  }

  async ready(fresh: boolean): Promise<Environment | string> {
    if (fresh || (await this.end()) !== undefined) await this.#stop();
    if (this.environment) return this.environment;
    try {
      return await this.#start();
    } catch (error) {
      await this.#stop();
      if (!(error instanceof NoCompositorError) || this.compositor === 'none') throw error;
      return `the compositor could not be started again: ${error.message}`;
    }
  }

  async end(): Promise<CompositorEnd | undefined> {
    if (!this.#process || !this.environment) return undefined;
    const reachable = await isReachable(this.environment);
    // A process that dumps core may be unreachable for a while before it has ended.
    for (let waits = 0; !reachable && this.#process.end === undefined && waits < 40; waits++)
      await sleep(50);
    const { end } = this.#process;
    if (end !== undefined) return { failure: 'ended', text: end };
    return reachable
      ? undefined
      : { failure: 'stuck', text: 'is stuck: it runs, and does not answer' };
  }

  async dispose(): Promise<void> {
    await this.#stop();
  }

  async #start(): Promise<Environment> {
    this.#process = await CompositorProcess.start(this.#command);
    const { socket, simulatedGpus } = this.#process;
    const env = {
      ...this.#options.env,
      ...(simulatedGpus !== undefined && { [SIM_SOCKET_VARIABLE]: simulatedGpus }),
    };
    this.#prepared = await prepare({ ...this.#options, env, socket, startedForSuite: true });
    this.compositor = this.#prepared.compositor;
    return this.#prepared.environment;
  }

  async #stop(): Promise<void> {
    await this.#process?.stop();
    this.#process = undefined;
    this.environment?.gpus?.dispose();
    this.#prepared = undefined;
  }
}

/** What connect(2) gives where nobody listens, or who listens accepts nobody. */
const NOBODY_THERE = ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EAGAIN'];

/** Whether the compositor is to blame for a connection that did not come about. Else it is this process: out of descriptors, a mistake. */
function isCompositors(error: unknown): boolean {
  if (error instanceof ConnectError)
    return NOBODY_THERE.some((code) => hasErrno(error.cause, code));
  return error instanceof CaseFailedError || error instanceof WaylandClientError;
}

/** Whether a new client still gets an answer. */
async function isReachable(environment: Environment): Promise<boolean> {
  const run = new CaseRun(environment);
  try {
    await run.connect();
    return true;
  } catch (error) {
    if (isCompositors(error)) return false;
    throw error;
  } finally {
    await run.dispose();
  }
}
