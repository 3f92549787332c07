/** Errors of the system, as the addon throws them. */
import { native } from './binding.ts';

/** What a failed syscall or ioctl throws: errno by name and number, and the call's name. */
export interface SystemError extends Error {
  /** "ENODEV" */
  readonly code: string;
  /** Positive. */
  readonly errno: number;
  /** "ioctl(SYNCOBJ_EVENTFD)" */
  readonly syscall: string;
}

export function isSystemError(error: unknown): error is SystemError {
  return (
    error instanceof Error &&
    typeof (error as Partial<SystemError>).errno === 'number' &&
    typeof (error as Partial<SystemError>).syscall === 'string'
  );
}

/** Whether `error` is the SystemError with this errno name. */
export function hasErrno(error: unknown, code: string): error is SystemError {
  return isSystemError(error) && error.code === code;
}

/** Makes the same shape of a (positive) errno: for calls that return it, the simulated kernel and tests. */
export function systemError(errno: number, syscall: string, detail = ''): SystemError {
  const code = native.errnoName(errno);
  const message = detail ? `${syscall} failed (${code}): ${detail}` : `${syscall} failed (${code})`;
  const error = new Error(message) as Error & { code: string; errno: number; syscall: string };
  error.code = code;
  error.errno = errno;
  error.syscall = syscall;
  return error;
}
