/** Timeline.observePoint: a wait as a plain call, beside waits that are Observables. */
import { expect, test } from 'vitest';
import { ENODEV } from '../../native/errno.ts';
import { defaultBudgets } from '../../sync/budget.ts';
import { BudgetExceededError, SyncDisposedError } from '../../sync/errors.ts';
import type { FenceOutcome } from '../../sync/fence.ts';
import type { WaitObserver } from '../../sync/wait.ts';
import { SECOND, inWorld } from './world.ts';

/** What it was told, in order. */
class Told implements WaitObserver {
  readonly outcomes: FenceOutcome[] = [];
  completed = 0;

  next(outcome: FenceOutcome): void {
    this.outcomes.push(outcome);
  }

  complete(): void {
    this.completed++;
  }
}

test(
  'a point that has signalled is told at once, and leaves nothing to cancel',
  inWorld((world) => {
    const client = world.client();
    const owner = world.owner();
    const timeline = owner.importTimeline(client.exportFd());
    client.signal(1n);
    const told = new Told();
    expect(timeline.observePoint(1n, told)).toBeUndefined();
    expect(told).toMatchObject({ outcomes: [{ type: 'signalled' }], completed: 1 });
    expect(owner.stats().counts.waits).toBe(0);
  }),
);

test(
  'a failed fence is told as one, whether it failed before or meanwhile',
  inWorld((world) => {
    const client = world.client();
    const timeline = world.owner().importTimeline(client.exportFd());
    client.submit(1n).fail(ENODEV);
    const before = new Told();
    timeline.observePoint(1n, before);
    expect(before.outcomes).toMatchObject([{ type: 'failed', errno: ENODEV }]);
    const fence = client.submit(2n);
    const meanwhile = new Told();
    expect(timeline.observePoint(2n, meanwhile)).toBeDefined();
    expect(meanwhile.outcomes).toEqual([]);
    fence.fail(ENODEV);
    world.turn();
    expect(meanwhile).toMatchObject({
      outcomes: [{ type: 'failed', errno: ENODEV }],
      completed: 1,
    });
  }),
);

test(
  'who cancels is told nothing, twice if need be; who shares the wait is',
  inWorld((world) => {
    const client = world.client();
    const owner = world.owner();
    const timeline = owner.importTimeline(client.exportFd());
    const [left, stayed] = [new Told(), new Told()];
    const pending = timeline.observePoint(1n, left);
    timeline.observePoint(1n, stayed);
    const seen = world.wait(timeline, 1n);
    expect(owner.stats().counts.waits).toBe(1);
    pending?.cancel();
    pending?.cancel();
    client.signal(1n);
    world.turn();
    expect(left).toMatchObject({ outcomes: [], completed: 0 });
    expect(stayed.outcomes).toMatchObject([{ type: 'signalled' }]);
    expect(seen.outcomes).toMatchObject([{ type: 'signalled' }]);
    pending?.cancel();
  }),
);

test(
  'one that throws is logged, and keeps nobody from being told',
  inWorld((world) => {
    const client = world.client();
    const timeline = world.owner().importTimeline(client.exportFd());
    const broken: WaitObserver = {
      next: () => {
        throw new Error('a bug');
      },
      complete: () => undefined,
    };
    const [beside, later] = [new Told(), new Told()];
    for (const observer of [broken, beside]) timeline.observePoint(1n, observer);
    timeline.observePoint(2n, later);
    client.signal(2n);
    world.turn();
    expect(beside.outcomes).toMatchObject([{ type: 'signalled' }]);
    expect(later.outcomes).toMatchObject([{ type: 'signalled' }]);
    expect(world.logged).toContain('who awaited a point failed');
  }),
);

test(
  'the last one to cancel ends the wait',
  inWorld((world) => {
    const timeline = world.owner().importTimeline(world.client().exportFd());
    timeline.observePoint(1n, new Told())?.cancel();
    expect(world.manager().stats()).toMatchObject({
      counts: { waits: 0 },
      counters: { cancelled: 1 },
    });
  }),
);

test(
  'a wait goes on when its device is pulled',
  inWorld((world) => {
    const client = world.client('sim:1');
    const timeline = world.owner().importTimeline(client.exportFd());
    const told = new Told();
    timeline.observePoint(1n, told);
    world.unplug('sim:0');
    expect(told.outcomes).toEqual([]);
    client.signal(1n);
    world.advance(SECOND);
    expect(told.outcomes).toMatchObject([{ type: 'signalled' }]);
  }),
);

test(
  'what an Observable has as its error is thrown',
  inWorld((world) => {
    const budgets = defaultBudgets(1024);
    world.manager('failover', {
      budgets: { owner: { ...budgets.owner, waits: { soft: Infinity, hard: 1 } } },
    });
    const timeline = world.owner().importTimeline(world.client().exportFd());
    const pending = timeline.observePoint(1n, new Told());
    const refused = new Told();
    expect(() => timeline.observePoint(2n, refused)).toThrow(BudgetExceededError);
    pending?.cancel();
    timeline.dispose();
    expect(() => timeline.observePoint(3n, refused)).toThrow(SyncDisposedError);
    expect(refused).toMatchObject({ outcomes: [], completed: 0 });
  }),
);
