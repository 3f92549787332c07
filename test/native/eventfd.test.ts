import { expect, test } from 'vitest';
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { EPOLLIN } from '../../native/poller.ts';
import { failure } from './support.ts';

test('an eventfd adds up and is reset by reading', () => {
  using fd = new OwnedFd(native.eventfd(3));
  native.eventfdWrite(fd.fd, 4n);
  expect(native.eventfdRead(fd.fd)).toBe(7n);
  expect(native.eventfdRead(fd.fd)).toBeNull();
});

test('the greatest value goes through whole', () => {
  using fd = new OwnedFd(native.eventfd(0));
  const most = 2n ** 64n - 2n;
  native.eventfdWrite(fd.fd, most);
  expect(failure(() => native.eventfdWrite(fd.fd, 1n)).code).toBe('EAGAIN');
  expect(native.eventfdRead(fd.fd)).toBe(most);
});

test.each([-1n, 2n ** 64n])('%s does not fit', (value) => {
  using fd = new OwnedFd(native.eventfd(0));
  expect(() => native.eventfdWrite(fd.fd, value)).toThrow(RangeError);
});

test('monotonic time is the clock of process.hrtime and does not go back', () => {
  const before = process.hrtime.bigint();
  const now = native.monotonicNs();
  const after = process.hrtime.bigint();
  expect(now >= before && now <= after).toBe(true);
});

test('a timerfd is ready at its deadline and not before', () => {
  using fd = new OwnedFd(native.timerfd());
  const deadline = native.monotonicNs() + 20_000_000n;
  native.timerfdSet(fd.fd, deadline);
  expect(native.poll(fd.fd, EPOLLIN, 0)).toBe(0);
  expect(native.poll(fd.fd, EPOLLIN, 5000)).toBe(EPOLLIN);
  expect(native.monotonicNs()).toBeGreaterThanOrEqual(deadline);
});

test('a deadline in the past is ready at once, and 0n disarms', () => {
  using fd = new OwnedFd(native.timerfd());
  native.timerfdSet(fd.fd, 1n);
  expect(native.poll(fd.fd, EPOLLIN, 1000)).toBe(EPOLLIN);
  native.timerfdSet(fd.fd, 0n);
  expect(native.poll(fd.fd, EPOLLIN, 0)).toBe(0);
});

test('poll waits as long as it is told', () => {
  using fd = new OwnedFd(native.eventfd(0));
  const before = native.monotonicNs();
  expect(native.poll(fd.fd, EPOLLIN, 30)).toBe(0);
  expect(native.monotonicNs() - before).toBeGreaterThanOrEqual(29_000_000n);
});
