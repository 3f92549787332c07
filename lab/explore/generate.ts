/** From a seed to steps: weighted so that much is in flight when things break, and aimed so that few steps come to nothing. */
import type { SimOperation } from '../../devices/simulated/sim-calls.ts';
import { createRandom, type Random } from '../random.ts';
import { Forecast } from './forecast.ts';
import { GPU_COUNT } from './gpus.ts';
import { MAX_CLIENTS } from './stage.ts';
import type { RaceAct, Step, SurfaceStep, Trace, WorkAtCommit } from './step.ts';
import { ECANCELED, EIO, ENODEV, ETIME } from '../../native/errno.ts';

const STEPS_PER_RUN = 200;

const MAX_SURFACES = 3;
const ERRNOS = [EIO, ENODEV, ETIME, ECANCELED];
const TIMES_MS = [1, 1, 4, 10, 17, 17, 34, 60];
const LONG_TIMES_MS = [120, 700, 2100];
const UEVENT_DELAYS_MS = [0, 5, 25, 40, 120];
/** Calls that may fail for want of descriptors or memory, and those others can come between. Destroying never fails. */
const CALLS: readonly SimOperation[] = [
  'importTimeline',
  'exportSyncFile',
  'arm',
  'query',
  'signal',
];
/** Steps sent in one turn with the next one. */
const TOGETHER = 0.25;
/** Clients without the protocol. */
const IMPLICIT = 0.15;

type Maker = (random: Random, forecast: Forecast) => Step;

const gpu = (random: Random): number => random.between(0, GPU_COUNT - 1);

const connect: Maker = (random, forecast) => ({
  do: 'connect',
  client: forecast.freeSlot(random) ?? random.between(0, MAX_CLIENTS - 1),
  surfaces: random.between(1, MAX_SURFACES),
  tree: random.pick(['chain', 'siblings'] as const),
  gpu: gpu(random),
  timelines: random.pick(['separate', 'separate', 'shared'] as const),
  sync: random.chance(IMPLICIT) ? 'implicit' : 'explicit',
});

const commit: Maker = (random, forecast) => ({
  do: 'commit',
  ...forecast.surface(random),
  work: random.pick<WorkAtCommit>(['done', 'running', 'later', 'later']),
  skip: random.pick([0, 0, 0, 1, 2]),
  low: random.chance(0.2),
});

const submit: Maker = (random, forecast) => ({
  do: 'submit',
  client: forecast.clientWith('unsubmitted', random),
  nth: random.pick([0, 0, 1, 2]),
});

const end: Maker = (random, forecast) => ({
  do: 'end',
  client: forecast.clientWith('running', random),
  nth: random.pick([0, 0, 1, 2]),
  errno: random.chance(0.2) ? random.pick(ERRNOS) : 0,
});

const changeSurface: Maker = (random, forecast) => {
  const kind = random.pick<SurfaceStep['do']>(['empty', 'empty', 'empty', 'unmap']);
  return { do: kind, ...forecast.surface(random) };
};

const changeMode: Maker = (random, forecast) => ({
  do: random.pick(['sync', 'desync', 'desync'] as const),
  ...forecast.subsurface(random),
});

const destroy: Maker = (random, forecast) => ({ do: 'destroy', ...forecast.surface(random) });

const changeClient: Maker = (random, forecast) => ({
  do: random.pick(['die', 'renew', 'forget-timelines', 'forget-timelines'] as const),
  client: forecast.client(random),
});

const unplug: Maker = (random, forecast) => ({
  do: 'unplug',
  gpu: forecast.gpu('plugged', random),
  work: random.pick(['fail', 'leave'] as const),
  ueventMs: random.pick(UEVENT_DELAYS_MS),
});

const plug: Maker = (random, forecast) => ({
  do: 'plug',
  gpu: forecast.gpu('gone', random),
  ueventMs: random.pick(UEVENT_DELAYS_MS),
});

const fault: Maker = (random) => ({
  do: 'fault',
  operation: random.pick(CALLS),
  code: random.pick(['EMFILE', 'ENOMEM'] as const),
  times: random.between(1, 3),
});

const race: Maker = (random, forecast) => ({
  do: 'race',
  operation: random.pick(CALLS),
  phase: random.pick(['before', 'after'] as const),
  act: random.pick<RaceAct>(['submit', 'signal', 'fail', 'unplug']),
  client: forecast.client(random),
  gpu: gpu(random),
});

/** How often each comes, of the sum of all. */
const MAKERS: readonly (readonly [weight: number, make: Maker])[] = [
  [3, connect],
  [34, commit],
  [11, submit],
  [12, end],
  [8, changeSurface],
  [3, changeMode],
  [1, destroy],
  [3, changeClient],
  [3, unplug],
  [5, plug],
  [14, (random) => ({ do: 'time', ms: random.pick(TIMES_MS) })],
  [1, (random) => ({ do: 'time', ms: random.pick(LONG_TIMES_MS) })],
  [1, fault],
  [3, race],
];

const TOTAL_WEIGHT: number = MAKERS.reduce((sum, [weight]) => sum + weight, 0);

/** The same seed gives the same steps. */
export function generateTrace(
  strategy: string,
  seed: number,
  length: number = STEPS_PER_RUN,
): Trace {
  const random = createRandom(seed, 'explore');
  const forecast = new Forecast();
  const steps: Step[] = [];
  while (steps.length < length) {
    const make = steps.length < 2 ? connect : draw(random);
    const step = make(random, forecast);
    forecast.expect(step);
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
