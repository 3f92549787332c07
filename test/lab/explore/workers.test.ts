import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { SystemClock } from '../../../native/clock.ts';
import { exploreInWorkers } from '../../../lab/explore/workers.ts';
import { Findings, playSeeds, type ExploreReport } from '../../../lab/explore/explore.ts';
import { strategyByName } from '../../../sync/recovery/strategies.ts';

/** A process of its own runs what was compiled. */
const WORKER = fileURLToPath(new URL('../../../dist/lab/explore/worker.js', import.meta.url));

/** What does not depend on how fast the machine is. */
function findings({ seeds, steps, states, outcomes, violations }: ExploreReport): object {
  return { seeds, steps, states, outcomes, violations };
}

test('worker processes find what one process finds', async () => {
  const options = { strategy: 'failover', firstSeed: 100, seeds: 12 };
  const clock = new SystemClock({ ref: false });
  const seen: number[] = [];
  const together = await exploreInWorkers({
    ...options,
    clock,
    workers: 2,
    workerFile: WORKER,
    onProgress: ({ seeds }) => seen.push(seeds),
  });
  const oneProcess = new Findings('failover', 100);
  oneProcess.add(playSeeds(strategyByName('failover'), 100, 12));
  const alone = oneProcess.report();
  expect(findings(together)).toEqual(findings(alone));
  expect(seen).toHaveLength(2);
  expect(seen.at(-1)).toBe(12);
}, 60_000);
