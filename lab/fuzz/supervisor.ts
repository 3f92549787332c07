/** Fuzzes a target for a while in processes of their own; one that hangs or dies is a failure too, and is replaced. */
import { fork, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../native/clock.ts';
import { storeInput } from './corpus.ts';
import { inputFromText } from './input.ts';
import type { Failure } from './play.ts';
import type { FuzzTargetName, WorkerCounts, WorkerMessage, WorkerTask } from './worker.ts';

export interface SuperviseOptions {
  readonly target: FuzzTargetName;
  readonly seed: number;
  readonly seconds: number;
  /** A turn of the server longer than this is a failure; a process silent for ten times as long is killed. */
  readonly maxTurnMs: number;
  /** Read at the start, added to at each failure. */
  readonly corpus: string;
  readonly clock: Clock;
  /** The program to start instead of ours: tests. */
  readonly worker?: string;
  readonly onProgress?: (counts: WorkerCounts) => void;
  readonly onFailure?: (failure: StoredFailure) => void;
}

/** A failure and where its input is. */
export interface StoredFailure extends Failure {
  readonly file: string;
  readonly reproduces: boolean;
}

export interface SuperviseResult {
  readonly counts: WorkerCounts;
  readonly failures: readonly StoredFailure[];
}

const NS_PER_MS = 1_000_000n;
const NS_PER_S = 1000n * NS_PER_MS;
const SILENCE_FACTOR = 10;
const MAX_PROCESSES = 20;
const STDERR_CHARACTERS = 2000;
/** Compiled, beside this file. */
const WORKER = fileURLToPath(new URL('./worker-main.js', import.meta.url));

export async function supervise(options: SuperviseOptions): Promise<SuperviseResult> {
  const folder = mkdtempSync(join(tmpdir(), 'syncline-fuzz-'));
  const endNs = options.clock.nowNs() + BigInt(options.seconds) * NS_PER_S;
  const failures: StoredFailure[] = [];
  const rounds: WorkerCounts[] = [];
  try {
    for (let round = 0; round < MAX_PROCESSES; round++) {
      const seconds = Number((endNs - options.clock.nowNs()) / NS_PER_S);
      if (round > 0 && seconds <= 0) break;
      const run = new WorkerRun(options, join(folder, 'current.json'), {
        seed: options.seed + round,
        seconds,
      });
      const fate = await run.done;
      failures.push(...run.failures);
      if (run.counts !== undefined) rounds.push(run.counts);
      if (fate === undefined) break;
      failures.push(run.store(fate));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { counts: sum(options, rounds), failures };
}

/** One process. */
class WorkerRun {
  readonly failures: StoredFailure[] = [];
  /** Resolves to what ended the process early, or undefined. */
  readonly done: Promise<Failure | undefined>;
  counts: WorkerCounts | undefined;
  readonly #options: SuperviseOptions;
  readonly #currentFile: string;

  constructor(
    options: SuperviseOptions,
    currentFile: string,
    { seed, seconds }: { seed: number; seconds: number },
  ) {
    this.#options = options;
    this.#currentFile = currentFile;
    const { target, maxTurnMs, corpus } = options;
    const task: WorkerTask = { target, seed, seconds, maxTurnMs, corpus, currentFile };
    const child = fork(options.worker ?? WORKER, [JSON.stringify(task)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.done = this.#watch(child);
  }

  /** Stores the input that was being played when the process ended. */
  store(failure: Failure): StoredFailure {
    const { corpus, target, onFailure } = this.#options;
    const text = existsSync(this.#currentFile) ? readFileSync(this.#currentFile, 'utf8') : '';
    const file = text === '' ? '' : storeInput(corpus, target, failure.kind, inputFromText(text));
    const stored = { ...failure, file, reproduces: false };
    onFailure?.(stored);
    return stored;
  }

  #watch(child: ChildProcess): Promise<Failure | undefined> {
    const { clock, maxTurnMs } = this.#options;
    const silenceMs = maxTurnMs * SILENCE_FACTOR;
    let ended = false;
    let hung = false;
    let stderr = '';
    const rearm = (): (() => void) => {
      const timer = clock.at(clock.nowNs() + BigInt(silenceMs) * NS_PER_MS, () => {
        hung = true;
        child.kill('SIGKILL');
      });
      return () => timer.close();
    };
    let disarm = rearm();
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-STDERR_CHARACTERS);
    });
    child.on('message', (message: WorkerMessage) => {
      disarm();
      disarm = rearm();
      if (message.type === 'end') ended = true;
      this.#take(message);
    });
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        disarm();
        if (ended && code === 0) resolve(undefined);
        else if (hung) resolve({ kind: 'hang', detail: `silent for ${silenceMs} ms, killed` });
        else resolve({ kind: 'crash', detail: `ended with ${signal ?? code}: ${stderr}` });
      });
    });
  }

  #take(message: WorkerMessage): void {
    const { corpus, target, onProgress, onFailure } = this.#options;
    if (message.type === 'failure') {
      const { input, ...failure } = message.found;
      const stored = { ...failure, file: storeInput(corpus, target, failure.kind, input) };
      this.failures.push(stored);
      onFailure?.(stored);
      return;
    }
    this.counts = message.counts;
    onProgress?.(message.counts);
  }
}

/** Of all processes; what they reached is not comparable, so the most of one counts. */
function sum(options: SuperviseOptions, rounds: readonly WorkerCounts[]): WorkerCounts {
  const total = (key: 'inputs' | 'requests' | 'bystanderRoundTrips'): number =>
    rounds.reduce((count, round) => count + round[key], 0);
  return {
    target: options.target,
    seed: options.seed,
    inputs: total('inputs'),
    requests: total('requests'),
    bystanderRoundTrips: total('bystanderRoundTrips'),
    slowestTurnMs: Math.max(0, ...rounds.map((round) => round.slowestTurnMs)),
    reached: Math.max(0, ...rounds.map((round) => round.reached)),
  };
}
