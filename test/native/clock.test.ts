import { afterEach, expect, test, vi } from 'vitest';
import { native } from '../../native/binding.ts';
import { ManualClock, SystemClock } from '../../native/clock.ts';

afterEach(() => {
  vi.useRealTimers();
});

test('virtual time fires in order of deadline, then of creation', () => {
  const clock = new ManualClock(0n);
  const order: [string, bigint][] = [];
  const note = (name: string) => () => order.push([name, clock.nowNs()]);
  clock.at(20n, note('b'));
  clock.at(10n, note('a'));
  clock.at(20n, note('c'));
  expect(clock.nextDeadlineNs()).toBe(10n);
  clock.advanceTo(20n);
  expect(order).toEqual([
    ['a', 10n],
    ['b', 20n],
    ['c', 20n],
  ]);
  expect(clock.pendingTimers).toBe(0);
});

test('timers set on the way fire when due', () => {
  const clock = new ManualClock(0n);
  const order: bigint[] = [];
  const again = (): void => {
    order.push(clock.nowNs());
    if (order.length < 3) clock.at(clock.nowNs() + 5n, again);
  };
  clock.at(5n, again);
  clock.advanceBy(100n);
  expect(order).toEqual([5n, 10n, 15n]);
  expect(clock.nowNs()).toBe(100n);
});

test('a closed timer does not fire, nor does one closed by an earlier one', () => {
  const clock = new ManualClock(0n);
  let fired = 0;
  const victim = clock.at(2n, () => fired++);
  clock.at(1n, () => victim.close());
  clock.advanceTo(3n);
  victim.close();
  expect(fired).toBe(0);
});

test('a deadline in the past fires at the next advance, never at once', () => {
  const clock = new ManualClock(100n);
  let firedAt = 0n;
  clock.at(1n, () => {
    firedAt = clock.nowNs();
  });
  expect(firedAt).toBe(0n);
  clock.advanceBy(0n);
  expect(firedAt).toBe(100n);
});

test('the machine clock fires at or after the deadline', async () => {
  const clock = new SystemClock();
  const lateness = await Promise.all(
    [0n, 1n, 1_500_000n, 7_300_001n].map((delay) => {
      const deadline = clock.nowNs() + delay;
      return new Promise<bigint>((resolve) => {
        clock.at(deadline, () => resolve(clock.nowNs() - deadline));
      });
    }),
  );
  expect(lateness.every((late) => late >= 0n)).toBe(true);
});

test('the machine clock never fires synchronously, and not when closed', async () => {
  const clock = new SystemClock();
  let fired = 0;
  const timer = clock.at(0n, () => fired++);
  expect(fired).toBe(0);
  timer.close();
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(fired).toBe(0);
});

test('a deadline beyond what setTimeout can hold does not fire early', () => {
  vi.useFakeTimers();
  const clock = new SystemClock();
  let fired = 0;
  const timer = clock.at(native.monotonicNs() + 60n * 86_400n * 1_000_000_000n, () => fired++);
  vi.advanceTimersByTime(0x7fff_ffff);
  expect(fired).toBe(0);
  expect(vi.getTimerCount()).toBe(1);
  timer.close();
  expect(vi.getTimerCount()).toBe(0);
});
