/** Runs in parallel: each worker process plays one run at a time, so that counting its descriptors means something. */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { RunResult } from './result.ts';
import type { RunSpec } from './plan.ts';
import type { RunTimeline } from './timeline.ts';

/** What a worker answers to a RunSpec. */
export type WorkerAnswer =
  | { readonly type: 'result'; readonly result: RunResult; readonly timeline?: RunTimeline }
  | { readonly type: 'error'; readonly message: string };

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
    const child = fork(WORKER, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    try {
      while (next < runs.length) {
        const position = next++;
        const result = await ask(child, runs[position]!, onTimeline);
        results[position] = result;
        onResult(result);
      }
    } finally {
      child.kill();
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, runs.length) }, lane));
  return results;
}

function ask(
  child: ChildProcess,
  spec: RunSpec,
  onTimeline: (timeline: RunTimeline) => void,
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const name = `${spec.scenario} under ${spec.strategy}, seed ${spec.seed}`;
    const onExit = (code: number | null, signal: string | null): void =>
      reject(new Error(`worker died (${signal ?? code}) playing ${name}`));
    child.once('exit', onExit);
    child.once('message', (answer: WorkerAnswer) => {
      child.off('exit', onExit);
      if (answer.type === 'result') {
        if (answer.timeline) onTimeline(answer.timeline);
        resolve(answer.result);
      } else reject(new Error(`${name}: ${answer.message}`));
    });
    child.send(spec);
  });
}
