/** Explorations in parallel: each worker process plays a few seeds at a time, so that counting its descriptors means something. */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../native/clock.ts';
import { WorkerProcess } from '../worker-process.ts';
import { Findings, type ExploreReport, type SeedsResult } from './explore.ts';

export interface ExploreOptions {
  /** A built-in one. */
  readonly strategy: string;
  readonly firstSeed: number;
  /** How many; when not given, as many as `minutes` allow. */
  readonly seeds?: number;
  readonly minutes?: number;
  /** Real time, for `minutes`. */
  readonly clock: Clock;
  /** Default: one a processor. */
  readonly workers?: number;
  /** The compiled worker. Default: beside this file. */
  readonly workerFile?: string;
  /** After each handful of seeds. */
  readonly onProgress?: (report: ExploreReport) => void;
}

/** What a worker is asked. */
export interface SeedsTask {
  readonly strategy: string;
  readonly from: number;
  readonly count: number;
}

/** Few enough for progress to be seen, enough for asking to cost nothing. */
const SEEDS_PER_TASK = 8;
/** A strategy that fails everywhere: what is found after these says nothing new. */
const ENOUGH_VIOLATIONS = 10;
const NS_PER_MINUTE = 60e9;
const WORKER = fileURLToPath(new URL('./worker.js', import.meta.url));

/** Rejects when a worker dies: then the exploration has found something worse than a broken promise. */
export async function exploreInWorkers(options: ExploreOptions): Promise<ExploreReport> {
  const { strategy, firstSeed, clock } = options;
  const seeds = options.seeds ?? Number.POSITIVE_INFINITY;
  const minutes = options.minutes ?? Number.POSITIVE_INFINITY;
  const startNs = clock.nowNs();
  const findings = new Findings(strategy, firstSeed);
  let nextSeed = firstSeed;
  const wanted = (): boolean =>
    nextSeed < firstSeed + seeds &&
    Number(clock.nowNs() - startNs) < minutes * NS_PER_MINUTE &&
    findings.violations < ENOUGH_VIOLATIONS;
  const lane = async (): Promise<void> => {
    const worker = new WorkerProcess<SeedsTask, SeedsResult>(options.workerFile ?? WORKER);
    try {
      while (wanted()) {
        const count = Math.min(SEEDS_PER_TASK, firstSeed + seeds - nextSeed);
        const task = { strategy, from: nextSeed, count };
        nextSeed += count;
        const name = `seeds ${task.from} to ${task.from + count - 1} under ${strategy}`;
        findings.add(await worker.ask(task, name));
        options.onProgress?.(findings.report());
      }
    } finally {
      worker.end();
    }
  };
  const workers = options.workers ?? availableParallelism();
  const lanes = Math.max(1, Math.min(workers, Math.ceil(seeds / SEEDS_PER_TASK)));
  await Promise.all(Array.from({ length: lanes }, lane));
  return findings.report();
}
