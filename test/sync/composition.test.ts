import { NEVER, Subject, of, switchMap, take, takeUntil, timer, merge } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { expect, test } from 'vitest';
import { native } from '../../native/binding.ts';
import { defaultBudgets } from '../../sync/budget.ts';
import { BudgetExceededError } from '../../sync/errors.ts';
import { inWorld, watch } from './world.ts';

/** Waits are Observables: what is built of them must leave nothing behind either. */
test(
  'takeUntil ends a wait early and leaves no trace of it',
  inWorld((world) => {
    const owner = world.owner();
    const timeline = owner.importTimeline(world.client().exportFd());
    const stop = new Subject<void>();
    const seen = watch(timeline.waitForPoint(1n).pipe(takeUntil(stop)));
    expect(owner.stats().counts.waits).toBe(1);
    stop.next();
    expect(seen).toMatchObject({ outcomes: [], completed: true });
    expect(owner.stats().counts.waits).toBe(0);
  }),
);

test(
  'a wait restarted at every change of devices is one wait at a time, and none after its end',
  inWorld((world) => {
    const client = world.client('sim:1');
    const manager = world.manager();
    const owner = world.owner();
    const timeline = owner.importTimeline(client.exportFd());
    const seen = watch(
      manager.devices$.pipe(
        switchMap((devices) => (devices.length > 0 ? timeline.waitForPoint(1n) : NEVER)),
        take(1),
      ),
    );
    world.unplug('sim:0');
    world.plug('sim:0');
    expect(owner.stats().counts).toMatchObject({ waits: 1, registrations: 1 });
    client.signal(1n);
    world.turn();
    expect(seen).toMatchObject({ outcomes: [{ type: 'signalled' }], completed: true });
    expect(owner.stats().counts).toMatchObject({ waits: 0, registrations: 0 });
  }),
);

test(
  'a deadline beside a wait cancels it at the frame of the scheduler',
  inWorld((world) => {
    const owner = world.owner();
    const timeline = owner.importTimeline(world.client().exportFd());
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(
      ({ expectObservable }) => {
        const wait = timeline.waitForPoint(1n).pipe(takeUntil(timer(5)));
        expectObservable(merge(wait, of('begun'))).toBe('b----|', { b: 'begun' });
      },
    );
    expect(owner.stats().counts.waits).toBe(0);
  }),
);

test(
  'a hostile client ends at its own limit of descriptors, far from that of the process',
  inWorld((world) => {
    const { soft } = native.getNofileLimit();
    native.setNofileLimit(1024);
    try {
      world.manager('failover', { budgets: defaultBudgets(1024) });
      const client = world.client();
      const hostile = world.owner('hostile');
      const importing = (): unknown => hostile.importTimeline(client.exportFd());
      for (let count = 0; count < 153; count++) importing();
      expect(importing).toThrow(BudgetExceededError);
      const fine = world.owner('fine');
      const timeline = fine.importTimeline(client.exportFd());
      client.submit(1n).fail(19);
      expect(world.wait(timeline, 1n).outcomes).toMatchObject([{ type: 'failed', errno: 19 }]);
    } finally {
      native.setNofileLimit(soft);
    }
  }),
);
