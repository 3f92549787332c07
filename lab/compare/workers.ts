/** Runs in parallel: each worker process plays one run at a time, so that counting its descriptors means something. */
import { fileURLToPath } from 'node:url';
import { WorkerProcess } from '../worker-process.ts';
import type { RunResult } from './result.ts';
import type { RunSpec } from './plan.ts';
import type { RunTimeline } from './timeline.ts';

/** What a worker answers to a RunSpec. */
export interface PlayedRun {
  readonly result: RunResult;
  readonly timeline?: RunTimeline;
}

const WORKER = fileURLToPath(new URL('./worker.js', import.meta.url));

/**
 * Plays all runs on `workers` processes and resolves with the results in the order of `runs`. `onResult` is called as each
 * comes in, `onTimeline` before it for some of them. Rejects when a worker dies or a run cannot be played at all.
 */
export async function playInWorkers(
  runs: readonly RunSpec[],
  workers: number,
  onResult: (result: RunResult) => void,
  onTimeline: (timeline: RunTimeline) => void = () => {},
): Promise<RunResult[]> {
  const results: RunResult[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    const worker = new WorkerProcess<RunSpec, PlayedRun>(WORKER);
    try {
      while (next < runs.length) {
        const position = next++;
        const spec = runs[position]!;
        const name = `${spec.scenario} under ${spec.strategy}, seed ${spec.seed}`;
        const { result, timeline } = await worker.ask(spec, name);
        if (timeline) onTimeline(timeline);
        results[position] = result;
        onResult(result);
      }
    } finally {
      worker.end();
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, runs.length) }, lane));
  return results;
}
