import { expect, test } from 'vitest';
import { ManualClock } from '../../../native/clock.ts';
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { EPOLLIN, Poller } from '../../../native/poller.ts';
import { warmUpWhenIdle } from '../../../protocols/server/idle-warm-up.ts';

const PAUSE_NS = 20_000_000n;

/** Time that also passes while one works: a tenth of a millisecond each time somebody looks. */
class WorkingClock extends ManualClock {
  looks = 0;

  override nowNs(): bigint {
    return super.nowNs() + 100_000n * BigInt(this.looks++);
  }
}

test('is over after some pauses, and nothing is left that would wake anybody up', () => {
  const poller = new Poller();
  const clock = new WorkingClock();
  warmUpWhenIdle(poller, clock);
  let pauses = 0;
  while (clock.pendingTimers > 0 && pauses < 10_000) {
    clock.advanceBy(PAUSE_NS * 2n);
    pauses++;
  }
  expect(clock.pendingTimers).toBe(0);
  // Twenty looks fit a slice.
  expect(pauses).toBeGreaterThan(50);
  poller.close();
});

test('while somebody wants something it does nothing', () => {
  const poller = new Poller();
  const clock = new WorkingClock();
  const eventfd = new OwnedFd(native.eventfd(1));
  const watch = poller.watch(eventfd.fd, EPOLLIN, () => undefined);
  const warmingUp = warmUpWhenIdle(poller, clock);
  for (let turn = 0; turn < 100; turn++) {
    poller.dispatch();
    const before = clock.looks;
    clock.advanceBy(PAUSE_NS);
    // Only what it takes to see that and to wait for the next pause.
    expect(clock.looks - before).toBeLessThanOrEqual(2);
  }
  expect(clock.pendingTimers).toBe(1);
  warmingUp.close();
  watch.close();
  eventfd.close();
  poller.close();
});

test('ended in the middle it leaves nothing', () => {
  const poller = new Poller();
  const clock = new WorkingClock();
  const warmingUp = warmUpWhenIdle(poller, clock);
  clock.advanceBy(PAUSE_NS * 2n);
  expect(clock.looks).toBeGreaterThan(10);
  warmingUp.close();
  warmingUp.close();
  expect(clock.pendingTimers).toBe(0);
  poller.close();
});

test.each([0, 1, 2, 3])('with %d descriptors left it gives up', (left) => {
  const poller = new Poller();
  const clock = new WorkingClock();
  warmUpWhenIdle(poller, clock);
  const last = new OwnedFd(native.eventfd(0));
  const before = native.getNofileLimit();
  native.setNofileLimit(last.fd + 1 + left);
  try {
    clock.advanceBy(PAUSE_NS * 2n);
  } finally {
    native.setNofileLimit(before.soft);
  }
  expect(clock.pendingTimers).toBe(0);
  last.close();
  poller.close();
});
