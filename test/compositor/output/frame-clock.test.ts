import { expect, test } from 'vitest';
import { FrameClock, type FrameClockOptions } from '../../../compositor/output/frame-clock.ts';
import { ManualClock } from '../../../native/clock.ts';

const MS = 1_000_000n;
const START = 1_000_000_000n;

function makeClock(
  options: Partial<FrameClockOptions> & { answer?: 'timed' | 'backend' | 'none' } = {},
) {
  const clock = new ManualClock(START);
  const events: string[] = [];
  const frameClock = new FrameClock({
    clock,
    refreshMhz: 50_000,
    latchLeadNs: 4n * MS,
    listener: {
      latch: (target) => {
        events.push(`latch@${(clock.nowNs() - START) / MS} for ${(target - START) / MS}`);
        return options.answer ?? 'timed';
      },
      presented: (time, sequence) => events.push(`presented ${(time - START) / MS} #${sequence}`),
    },
    ...options,
  });
  return { clock, frameClock, events };
}

test('a frame is latched before the next vertical blank and presented at it', () => {
  const { clock, frameClock, events } = makeClock();
  frameClock.schedule();
  frameClock.schedule();
  clock.advanceBy(100n * MS);
  expect(events).toEqual(['latch@16 for 20', 'presented 20 #1']);
});

test('idle means no timer at all', () => {
  const { clock, frameClock } = makeClock();
  expect(clock.pendingTimers).toBe(0);
  frameClock.schedule();
  expect(clock.pendingTimers).toBe(1);
  clock.advanceBy(100n * MS);
  expect(clock.pendingTimers).toBe(0);
  expect(frameClock.idle).toBe(true);
});

test('a request after the deadline is for the vertical blank after the next', () => {
  const { clock, frameClock, events } = makeClock();
  clock.advanceBy(17n * MS);
  frameClock.schedule();
  clock.advanceBy(100n * MS);
  expect(events).toEqual(['latch@36 for 40', 'presented 40 #2']);
});

test('a request while a frame is in flight makes the next vertical blank', () => {
  const { clock, frameClock, events } = makeClock();
  frameClock.schedule();
  clock.advanceBy(17n * MS);
  frameClock.schedule();
  clock.advanceBy(100n * MS);
  expect(events).toEqual([
    'latch@16 for 20',
    'presented 20 #1',
    'latch@36 for 40',
    'presented 40 #2',
  ]);
});

test('vertical blanks do not drift: a million frames at 59.94 Hz end within a nanosecond', () => {
  const clock = new ManualClock(START);
  const last = { time: 0n, sequence: 0n };
  const frameClock = new FrameClock({
    clock,
    refreshMhz: 59_940,
    listener: {
      latch: () => 'timed',
      presented: (time, sequence) => Object.assign(last, { time, sequence }),
    },
  });
  clock.advanceTo(START + (1_000_000n * 1_000_000_000_000n) / 59_940n);
  frameClock.schedule();
  clock.advanceBy(100n * MS);
  const exact = START + (last.sequence * 1_000_000_000_000n) / 59_940n;
  expect(last.sequence).toBeGreaterThan(1_000_000n);
  expect(last.time - exact).toBeGreaterThanOrEqual(-1n);
  expect(last.time - exact).toBeLessThanOrEqual(1n);
});

test('the next latch is known in every phase, and lies ahead', () => {
  const { clock, frameClock } = makeClock();
  const nextMs = (): bigint => (frameClock.nextLatchNs - START) / MS;
  const seen = [nextMs()];
  clock.advanceBy(16n * MS);
  seen.push(nextMs());
  frameClock.schedule();
  seen.push(nextMs());
  clock.advanceBy(22n * MS);
  // On its way to the screen.
  seen.push(nextMs());
  clock.advanceBy(2n * MS);
  seen.push(nextMs());
  expect(seen).toEqual([16n, 16n + 20n, 16n + 20n, 56n, 56n]);
});

test('nothing to show leaves the clock idle', () => {
  const { clock, frameClock, events } = makeClock({ answer: 'none' });
  frameClock.schedule();
  clock.advanceBy(100n * MS);
  expect(events).toEqual(['latch@16 for 20']);
  expect(frameClock.idle).toBe(true);
});

test('a backend tells when its frame is shown, and vertical blanks follow it', () => {
  const { clock, frameClock, events } = makeClock({ answer: 'backend' });
  frameClock.schedule();
  clock.advanceBy(25n * MS);
  frameClock.presented(clock.nowNs());
  frameClock.schedule();
  clock.advanceBy(17n * MS);
  expect(events).toEqual(['latch@16 for 20', 'presented 25 #1', 'latch@41 for 45']);
});

test('a backend that never answers does not stop the clients for ever', () => {
  const { clock, frameClock, events } = makeClock({ answer: 'backend' });
  frameClock.schedule();
  clock.advanceBy(1021n * MS);
  expect(events[1]).toMatch(/^presented 1020/);
});

test('as soon as possible: a moment after the request, once a shown frame', () => {
  const { clock, frameClock, events } = makeClock({ answer: 'backend', pace: 'asap' });
  frameClock.schedule();
  clock.advanceBy(2n * MS);
  frameClock.schedule();
  clock.advanceBy(10n * MS);
  expect(events).toEqual(['latch@1 for 20']);
  frameClock.presented(clock.nowNs());
  clock.advanceBy(2n * MS);
  expect(events.slice(1)).toEqual(['presented 12 #1', 'latch@13 for 32']);
});

test('a frame asked for a later time is latched in the period before it', () => {
  const { clock, frameClock, events } = makeClock();
  frameClock.scheduleAt(START + 100n * MS);
  clock.advanceBy(200n * MS);
  expect(events).toEqual(['latch@96 for 100', 'presented 100 #5']);
});

test('a new rate takes effect from the last frame on', () => {
  const { clock, frameClock, events } = makeClock();
  frameClock.schedule();
  clock.advanceBy(20n * MS);
  frameClock.setRefresh(100_000);
  frameClock.schedule();
  clock.advanceBy(30n * MS);
  expect(events).toEqual([
    'latch@16 for 20',
    'presented 20 #1',
    'latch@26 for 30',
    'presented 30 #2',
  ]);
});

test('after dispose nothing fires', () => {
  const { clock, frameClock, events } = makeClock();
  frameClock.schedule();
  frameClock.scheduleAt(START + 500n * MS);
  frameClock.dispose();
  frameClock.schedule();
  clock.advanceBy(1000n * MS);
  expect(events).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});
