/** A worker process of an exploration: answers each task with what its seeds came to. */
import { strategyByName } from '../../sync/recovery/strategies.ts';
import { playSeeds } from './explore.ts';
import type { SeedsAnswer, SeedsTask } from './workers.ts';

process.on('message', ({ strategy, from, count }: SeedsTask) => {
  process.send?.(answer(() => playSeeds(strategyByName(strategy), from, count)));
});

function answer(work: () => ReturnType<typeof playSeeds>): SeedsAnswer {
  try {
    return { type: 'result', result: work() };
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { type: 'error', message };
  }
}
