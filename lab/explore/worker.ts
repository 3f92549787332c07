/** A worker process of an exploration: answers each task with what its seeds came to. */
import { strategyByName } from '../../sync/recovery/strategies.ts';
import { answerQuestions } from '../worker-process.ts';
import { playSeeds, type SeedsResult } from './explore.ts';
import type { SeedsTask } from './workers.ts';

answerQuestions(({ strategy, from, count }: SeedsTask): SeedsResult =>
  playSeeds(strategyByName(strategy), from, count),
);
