/**
 * The fuzzer as a process of its own, so that what kills or hangs it is found as well. Started by supervisor.ts with its task as
 * the one argument; reports by messages. The input being played is always in a file.
 */
import { ftruncateSync, openSync, writeSync } from 'node:fs';
import { native } from '../../native/binding.ts';
import { createCompositorTarget } from './compositor-target.ts';
import { readCorpus } from './corpus.ts';
import { fuzz, type FoundFailure, type FuzzReport } from './fuzzer.ts';
import { inputToText } from './input.ts';
import { loadServerInterfaces } from './interfaces.ts';
import type { FuzzTargetFactory } from './target.ts';
import { createWireTarget } from './wire-target.ts';

/** What a worker is to do. */
export interface WorkerTask {
  readonly target: FuzzTargetName;
  readonly seed: number;
  readonly seconds: number;
  readonly maxTurnMs: number;
  /** Inputs to begin with. */
  readonly corpus: string;
  /** Where the input being played is written. */
  readonly currentFile: string;
}

export const FUZZ_TARGETS = ['wire', 'compositor'] as const;
export type FuzzTargetName = (typeof FUZZ_TARGETS)[number];

/** A report without the names of what was reached. */
export type WorkerCounts = Omit<FuzzReport, 'reached' | 'failures'> & { readonly reached: number };

export type WorkerMessage =
  | { readonly type: 'progress' | 'end'; readonly counts: WorkerCounts }
  | { readonly type: 'failure'; readonly found: FoundFailure };

const PROGRESS_NS = 500_000_000n;
const NS_PER_S = 1_000_000_000n;

/** Runs the task in this process. */
export async function work(
  task: WorkerTask,
  send: (message: WorkerMessage) => void,
): Promise<void> {
  const types = await loadServerInterfaces();
  const factories: Record<FuzzTargetName, FuzzTargetFactory> = {
    wire: () => createWireTarget(types),
    compositor: createCompositorTarget,
  };
  const current = openSync(task.currentFile, 'w');
  const endNs = native.monotonicNs() + BigInt(task.seconds) * NS_PER_S;
  let progressNs = 0n;
  let latest: WorkerCounts | undefined;
  const report = await fuzz({
    createTarget: factories[task.target],
    descriptions: new Map([...types].map(([name, { description }]) => [name, description])),
    seed: task.seed,
    maxTurnMs: task.maxTurnMs,
    corpus: readCorpus(task.corpus, task.target),
    goOn: (counts) => {
      latest = countsOf(counts);
      return native.monotonicNs() < endNs;
    },
    onInput: (input) => {
      const nowNs = native.monotonicNs();
      if (latest !== undefined && nowNs - progressNs >= PROGRESS_NS) {
        progressNs = nowNs;
        send({ type: 'progress', counts: latest });
      }
      ftruncateSync(current);
      writeSync(current, inputToText(input), 0);
    },
    breathe: () => new Promise((resolve) => setImmediate(resolve)),
    onFailure: (found) => send({ type: 'failure', found }),
  });
  send({ type: 'end', counts: countsOf(report) });
}

function countsOf({ failures: _failures, reached, ...counts }: FuzzReport): WorkerCounts {
  return { ...counts, reached: reached.size };
}
