import { expect, test } from 'vitest';
import { generateTrace } from '../../../lab/explore/generate.ts';
import { play, violationOf } from '../../../lab/explore/play.ts';
import { playSeed, playSeeds } from '../../../lab/explore/explore.ts';
import { Coverage } from '../../../lab/explore/coverage.ts';
import type { Invariant } from '../../../lab/explore/violation.ts';
import type { RecoveryStrategy } from '../../../sync/recovery.ts';
import { failover } from '../../../sync/recovery/failover.ts';
import {
  assumesSignalled,
  blamesClients,
  givesUpReleases,
  givesUpWaits,
  parksForever,
} from './broken-strategies.ts';

const SEEDS_WITHIN_WHICH = 1000;
const SHORT = 12;
const FAILOVER_SEEDS = 40;

/** What breaks first may differ: what is parked is held, then given up. */
const BROKEN: readonly (readonly [RecoveryStrategy, ...Invariant[]])[] = [
  [givesUpReleases, 'release-lost'],
  [assumesSignalled, 'content-before-fence'],
  [givesUpWaits, 'good-content-dropped'],
  [parksForever, 'ready-update-held', 'good-content-dropped'],
  [blamesClients, 'undeserved-disconnect'],
];

test.each(BROKEN.map(([strategy, ...expected]) => [strategy.name, strategy, expected] as const))(
  'a strategy that %s is caught, and the way to it is short',
  (_name, strategy, expected) => {
    const found = firstViolation(strategy);
    const invariant = found?.invariant;
    expect(expected).toContain(invariant);
    const trace = found?.trace ?? [];
    expect(trace.length).toBeGreaterThan(0);
    expect(trace.length).toBeLessThanOrEqual(SHORT);
    // What is left is all that it takes: it breaks the promise again, and not under the strategy without the mistake.
    expect(violationOf(trace, 0, strategy)?.invariant).toBe(invariant);
    expect(violationOf(trace, 0, failover)).toBeUndefined();
  },
  120_000,
);

test(`failover keeps every promise in ${FAILOVER_SEEDS} explorations that go to many places`, () => {
  const { violations, steps, coverage } = playSeeds(failover, 1, FAILOVER_SEEDS);
  expect(violations).toEqual([]);
  const reached = new Coverage();
  reached.add(coverage);
  expect(reached.states).toBeGreaterThan(steps / 10);
  for (const outcome of [
    'commit: later low',
    'end: failed',
    'unplug: gone',
    'plug: added',
    'die: dead',
    'destroy: destroyed',
    'renew: renewed',
    'race: set',
    'fault: set',
  ])
    expect(reached.outcomes[outcome], outcome).toBeGreaterThan(5);
}, 120_000);

test('one seed is one run', () => {
  const trace = generateTrace('failover', 7);
  expect(generateTrace('failover', 7)).toEqual(trace);
  const [first, second] = [new Coverage(), new Coverage()];
  play(trace, { strategy: failover, coverage: first });
  play(trace, { strategy: failover, coverage: second });
  expect(second.export()).toEqual(first.export());
});

function firstViolation(strategy: RecoveryStrategy): ReturnType<typeof playSeed>['found'] {
  for (let seed = 1; seed <= SEEDS_WITHIN_WHICH; seed++) {
    const { found } = playSeed(strategy, seed);
    if (found) return found;
  }
  return undefined;
}
