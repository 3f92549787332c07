import { expect, test } from 'vitest';
import { native } from '../../native/binding.ts';
import { hasErrno, isSystemError, systemError } from '../../native/errors.ts';
import { EBADF, ENODEV } from '../../native/errno.ts';
import { failure } from './support.ts';

test('the addon throws what systemError makes', () => {
  const thrown = failure(() => native.dup(-1));
  const made = systemError(EBADF, 'fcntl(F_DUPFD_CLOEXEC)');
  expect({ ...thrown, message: thrown.message }).toEqual({ ...made, message: made.message });
});

test('an errno has its name, one nobody has a number', () => {
  expect(native.errnoName(ENODEV)).toBe('ENODEV');
  expect(native.errnoName(4095)).toBe('E4095');
});

test('an error is recognised by its errno', () => {
  const error = systemError(ENODEV, 'ioctl(SYNCOBJ_QUERY)', '/dev/dri/renderD128');
  expect(error.message).toBe('ioctl(SYNCOBJ_QUERY) failed (ENODEV): /dev/dri/renderD128');
  expect(hasErrno(error, 'ENODEV')).toBe(true);
  expect(hasErrno(error, 'EINVAL')).toBe(false);
  expect(hasErrno(new Error('ENODEV'), 'ENODEV')).toBe(false);
  expect(isSystemError('ENODEV')).toBe(false);
});
