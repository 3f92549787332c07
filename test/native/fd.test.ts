import { expect, test } from 'vitest';
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { failure } from './support.ts';

test('an owned descriptor is closed once', () => {
  const fd = new OwnedFd(native.eventfd(0));
  const number = fd.fd;
  fd.close();
  fd.close();
  expect(fd.closed).toBe(true);
  expect(() => fd.fd).toThrow('used after close');
  expect(failure(() => native.fstat(number)).code).toBe('EBADF');
});

test('closing what somebody else closed does not throw', () => {
  const fd = new OwnedFd(native.eventfd(0));
  native.close(fd.fd);
  fd.close();
  expect(fd.closed).toBe(true);
});

test('released, the number belongs to the caller', () => {
  const fd = new OwnedFd(native.eventfd(0));
  const number = fd.release();
  fd.close();
  native.eventfdWrite(number, 1n);
  native.close(number);
  expect(() => fd.release()).toThrow('used after close');
});

test('using closes it at the end of the block', () => {
  let number = -1;
  {
    using fd = new OwnedFd(native.eventfd(0));
    number = fd.fd;
  }
  expect(failure(() => native.fstat(number)).code).toBe('EBADF');
});

test.each([-1, 1.5, Number.NaN])('%d is no descriptor', (number) => {
  expect(() => new OwnedFd(number)).toThrow(RangeError);
});
