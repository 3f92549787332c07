import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Subscription } from 'rxjs';
import { ENOMEM } from '../../native/errno.ts';
import { systemError } from '../../native/errors.ts';
import type { SimFence } from '../../devices/simulated/sim-fence.ts';
import { defaultBudgets, type BudgetLimits } from '../../sync/budget.ts';
import { BudgetExceededError } from '../../sync/errors.ts';
import type { FenceOutcome } from '../../sync/fence.ts';
import { STRATEGIES } from '../../sync/recovery/strategies.ts';
import { MS, SECOND, SyncWorld } from './world.ts';

/** What a client's job is to be, and became. */
interface Job {
  readonly point: bigint;
  fence: SimFence | undefined;
  ended: 'no' | 'well' | 'failed';
}

interface Observed {
  readonly job: Job;
  readonly outcomes: FenceOutcome[];
  cancelled: boolean;
  cancel(): void;
}

const step = fc.oneof(
  fc.record({ do: fc.constant('wait' as const), job: fc.nat(5) }),
  fc.record({ do: fc.constant('submit' as const) }),
  fc.record({ do: fc.constant('end' as const), job: fc.nat(5), well: fc.boolean() }),
  fc.record({ do: fc.constant('cancel' as const), wait: fc.nat() }),
  fc.record({ do: fc.constant('unplug' as const), gpu: fc.nat(1) }),
  fc.record({ do: fc.constant('plug' as const), gpu: fc.nat(1) }),
  fc.record({ do: fc.constant('no room' as const), times: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ do: fc.constant('unreadable' as const), times: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ do: fc.constant('time' as const), ms: fc.integer({ min: 1, max: 300 }) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Room for one sync_file beside the timeline's descriptor, and for one armed eventfd. */
const LITTLE_ROOM: BudgetLimits = {
  ...defaultBudgets(1024).owner,
  fds: { soft: Infinity, hard: 2 },
  registrations: { soft: Infinity, hard: 1 },
};

/** A client on a device of its own, six jobs on one timeline, and whatever happens around it. */
class Run {
  readonly world: SyncWorld = new SyncWorld(2);
  readonly observed: Observed[] = [];
  readonly #jobs: Job[] = Array.from({ length: 6 }, (_, index) => ({
    point: BigInt(index + 1),
    fence: undefined,
    ended: 'no',
  }));
  readonly #client;
  readonly #timeline;
  readonly #present = new Set(['sim:0', 'sim:1']);

  constructor(strategy: string, syncobjDevice: boolean, littleRoom: boolean) {
    // A GPU the compositor cannot use: the client's device is never the one that goes.
    this.world.kernel.addDevice({ id: 'sim:client', eventfd: false });
    if (syncobjDevice) this.world.kernel.addSyncobjDevice();
    this.world.advance(100n * MS);
    this.world.manager(strategy, littleRoom ? { budgets: { owner: LITTLE_ROOM } } : {});
    this.#client = this.world.client('sim:client');
    this.#timeline = this.world.owner().importTimeline(this.#client.exportFd());
  }

  do(action: Step): void {
    switch (action.do) {
      case 'wait':
        this.#wait(action.job);
        break;
      case 'submit':
        this.#submit();
        break;
      case 'end':
        this.#end(action.job, action.well);
        break;
      case 'cancel':
        this.observed[action.wait % (this.observed.length || 1)]?.cancel();
        break;
      case 'unplug':
        if (this.#present.delete(`sim:${action.gpu}`))
          this.world.kernel.removeDevice(`sim:${action.gpu}`);
        break;
      case 'plug':
        this.#plug(`sim:${action.gpu}`);
        break;
      case 'no room':
        for (const operation of ['exportSyncFile', 'arm', 'query', 'importTimeline'] as const)
          this.world.kernel.injectFault({ operation, code: 'ENOMEM', times: action.times });
        break;
      case 'unreadable':
        this.#hideEnds(action.times);
        break;
      case 'time':
        this.world.advance(BigInt(action.ms) * MS);
    }
    this.world.turn();
  }

  /** Everything submitted and ended, a device there, and time for every back-off. */
  finish(): void {
    for (let job = 0; job < this.#jobs.length; job++) this.#submit();
    for (let job = 0; job < this.#jobs.length; job++) this.#end(job, true);
    this.#plug('sim:0');
    this.world.advance(60n * SECOND);
  }

  #wait(index: number): void {
    const job = this.#jobs[index];
    if (!job) return;
    const outcomes: FenceOutcome[] = [];
    const subscription = new Subscription();
    const observed: Observed = {
      job,
      outcomes,
      cancelled: false,
      cancel: () => {
        if (outcomes.length === 0) observed.cancelled = true;
        subscription.unsubscribe();
      },
    };
    this.observed.push(observed);
    const source = this.#timeline.waitForPoint(job.point);
    subscription.add(
      source.subscribe({
        next: (outcome) => {
          outcomes.push(outcome);
          this.#check(job, outcome);
        },
        error: (error: unknown) => {
          // The wait was not begun.
          if (!(error instanceof BudgetExceededError)) throw error;
          observed.cancelled = true;
        },
      }),
    );
  }

  /** How the next sync_files have ended cannot be told, for want of memory. */
  #hideEnds(times: number): void {
    const { syncFiles } = this.world.kernel;
    let left = times;
    syncFiles.end = () => {
      if (--left === 0) Reflect.deleteProperty(syncFiles, 'end');
      throw systemError(ENOMEM, 'ioctl(SYNC_IOC_FILE_INFO)');
    };
  }

  /** At the moment of the outcome. */
  #check(job: Job, outcome: FenceOutcome): void {
    const { strategy } = this.world.manager();
    if (outcome.type === 'failed') assert.equal(job.ended, 'failed');
    if (outcome.type !== 'signalled' || strategy.name === 'ignore-sync') return;
    assert.notEqual(job.ended, 'no');
    // What claims to have looked for errors shows no failed fence, unless a later point had hidden the error before.
    const hidden = this.#jobs.some(({ point, fence }) => point > job.point && fence !== undefined);
    if (outcome.errorsVisible && !hidden) assert.equal(job.ended, 'well');
  }

  #submit(): void {
    const job = this.#jobs.find(({ fence }) => fence === undefined);
    if (job) job.fence = this.#client.submit(job.point);
  }

  #end(index: number, well: boolean): void {
    const job = this.#jobs[index];
    // Fences of one timeline end in order.
    const isNext = this.#jobs.slice(0, index).every(({ ended }) => ended !== 'no');
    if (!job?.fence || job.ended !== 'no' || !isNext) return;
    job.ended = well ? 'well' : 'failed';
    if (well) job.fence.signal();
    else job.fence.fail(19);
  }

  #plug(id: string): void {
    if (this.#present.has(id)) return;
    this.#present.add(id);
    this.world.plug(id);
  }
}

describe('no outcome before its fence, no failed fence taken for a good one, nothing left', () => {
  const withDevice = [...STRATEGIES.keys()].filter((name) => /syncobj|failover/.test(name));
  const cases = [
    ...[...STRATEGIES.keys()]
      .filter((name) => name !== 'syncobj-device')
      .map((name) => ({ name, syncobjDevice: false, littleRoom: false })),
    ...withDevice.map((name) => ({ name, syncobjDevice: true, littleRoom: false })),
    ...withDevice.map((name) => ({ name, syncobjDevice: true, littleRoom: true })),
    { name: 'failover', syncobjDevice: false, littleRoom: true },
  ];
  const title = '$name, /dev/syncobj: $syncobjDevice, little room: $littleRoom';
  test.each(cases)(title, ({ name: strategy, syncobjDevice, littleRoom }) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const run = new Run(strategy, syncobjDevice, littleRoom);
        for (const action of steps) run.do(action);
        run.finish();
        for (const { outcomes, cancelled } of run.observed) {
          expect(outcomes.length).toBeLessThanOrEqual(1);
          if (cancelled) expect(outcomes).toEqual([]);
          // The default leaves nobody waiting, whatever came between.
          else if (strategy === 'failover') expect(outcomes).toHaveLength(1);
        }
        run.world.end();
      }),
      { numRuns: littleRoom ? 200 : 60, seed: 2 },
    );
  });
});
