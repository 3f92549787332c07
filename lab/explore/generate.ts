/** From a seed to steps: weighted so that much is in flight when things break. */
import type { SimOperation } from '../../devices/simulated/sim-calls.ts';
import { createRandom, type Random } from '../random.ts';
import { GPU_COUNT } from './gpus.ts';
import { MAX_CLIENTS } from './stage.ts';
import type { RaceAct, Step, Trace, WorkAtCommit } from './step.ts';

export const STEPS_PER_RUN = 200;

const MAX_SURFACES = 3;
const ERRNOS = [5, 19, 62, 125];
const TIMES_MS = [1, 1, 4, 10, 17, 17, 34, 60];
const LONG_TIMES_MS = [120, 700, 2100];
const UEVENT_DELAYS_MS = [0, 5, 25, 40, 120];
/** Calls that may fail for want of descriptors or memory. Destroying never does. */
const FAILING: readonly SimOperation[] = [
  'importTimeline',
  'exportSyncFile',
  'arm',
  'query',
  'signal',
];
const RACED: readonly SimOperation[] = [
  'importTimeline',
  'exportSyncFile',
  'arm',
  'query',
  'signal',
];

type Maker = (random: Random) => Step;

const client = (random: Random): number => random.between(0, MAX_CLIENTS - 1);
const surface = (random: Random): number => random.between(0, MAX_SURFACES - 1);
const gpu = (random: Random): number => random.between(0, GPU_COUNT - 1);

const connect: Maker = (random) => ({
  do: 'connect',
  client: client(random),
  surfaces: random.between(1, MAX_SURFACES),
  tree: random.pick(['chain', 'siblings'] as const),
  gpu: gpu(random),
  timelines: random.pick(['separate', 'separate', 'shared'] as const),
});

/** How often each comes, of the sum of all. */
const MAKERS: readonly (readonly [weight: number, make: Maker])[] = [
  [4, connect],
  [
    34,
    (random) => ({
      do: 'commit',
      client: client(random),
      surface: surface(random),
      work: random.pick<WorkAtCommit>(['done', 'running', 'later', 'later']),
      skip: random.pick([0, 0, 0, 1, 2]),
      low: random.chance(0.2),
    }),
  ],
  [14, (random) => ({ do: 'submit', client: client(random), nth: random.pick([0, 0, 1, 2]) })],
  [
    14,
    (random) => ({
      do: 'end',
      client: client(random),
      nth: random.pick([0, 0, 1, 2]),
      errno: random.chance(0.2) ? random.pick(ERRNOS) : 0,
    }),
  ],
  [
    8,
    (random) => ({
      do: random.pick(['empty', 'empty', 'empty', 'unmap', 'sync', 'desync', 'desync'] as const),
      client: client(random),
      surface: surface(random),
    }),
  ],
  [1, (random) => ({ do: 'destroy', client: client(random), surface: surface(random) })],
  [
    3,
    (random) => ({
      do: random.pick(['die', 'renew', 'forget-timelines', 'forget-timelines'] as const),
      client: client(random),
    }),
  ],
  [
    4,
    (random) => ({
      do: 'unplug',
      gpu: gpu(random),
      work: random.pick(['fail', 'leave'] as const),
      ueventMs: random.pick(UEVENT_DELAYS_MS),
    }),
  ],
  [4, (random) => ({ do: 'plug', gpu: gpu(random), ueventMs: random.pick(UEVENT_DELAYS_MS) })],
  [14, (random) => ({ do: 'time', ms: random.pick(TIMES_MS) })],
  [1, (random) => ({ do: 'time', ms: random.pick(LONG_TIMES_MS) })],
  [
    1,
    (random) => ({
      do: 'fault',
      operation: random.pick(FAILING),
      code: random.pick(['EMFILE', 'ENOMEM'] as const),
      times: random.between(1, 3),
    }),
  ],
  [
    3,
    (random) => ({
      do: 'race',
      operation: random.pick(RACED),
      phase: random.pick(['before', 'after'] as const),
      act: random.pick<RaceAct>(['submit', 'signal', 'fail', 'unplug']),
      client: client(random),
      gpu: gpu(random),
    }),
  ],
];

const TOTAL_WEIGHT = MAKERS.reduce((sum, [weight]) => sum + weight, 0);
const TOGETHER = 0.25;

/** The same seed gives the same steps. */
export function generateTrace(
  strategy: string,
  seed: number,
  length: number = STEPS_PER_RUN,
): Trace {
  const random = createRandom(seed, 'explore');
  const steps: Step[] = [connect(random), connect(random)];
  while (steps.length < length) {
    const step = draw(random)(random);
    steps.push(random.chance(TOGETHER) ? { ...step, together: true } : step);
  }
  return { strategy, seed, steps };
}

function draw(random: Random): Maker {
  let left = random.next() * TOTAL_WEIGHT;
  for (const [weight, make] of MAKERS) {
    left -= weight;
    if (left < 0) return make;
  }
  return connect;
}
