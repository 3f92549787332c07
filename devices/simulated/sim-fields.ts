/** Reads the fields of a message from another process. Everything that is not as it should be is EINVAL. */
import { systemError } from '../../native/errors.ts';
import type { OwnedFd } from '../../native/fd.ts';
import { EINVAL } from '../../native/errno.ts';
import type { SimMessage } from './sim-messages.ts';

const U64_LIMIT = 1n << 64n;
const DECIMAL = /^\d{1,20}$/;

export function invalid(detail: string): Error {
  return systemError(EINVAL, 'request', detail);
}

export function textField(body: SimMessage, name: string): string {
  const value = body[name];
  if (typeof value !== 'string') throw invalid(`${name} is no text`);
  return value;
}

/** A non-negative integer that fits 32 bits. */
export function numberField(body: SimMessage, name: string): number {
  return toNumber(body[name], name);
}

export function numbersField(body: SimMessage, name: string): number[] {
  const values = body[name];
  if (!Array.isArray(values)) throw invalid(`${name} is no list`);
  return values.map((value) => toNumber(value, name));
}

export function pointField(body: SimMessage, name: string): bigint {
  return toPoint(body[name], name);
}

export function pointsField(body: SimMessage, name: string): bigint[] {
  const values = body[name];
  if (!Array.isArray(values)) throw invalid(`${name} is no list`);
  return values.map((value) => toPoint(value, name));
}

export function oneOf<T extends string>(body: SimMessage, name: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === body[name]);
  if (found === undefined) throw invalid(`${name} is none of ${choices.join(', ')}`);
  return found;
}

/** The number of a descriptor that came with the message, borrowed. */
export function fdField(fds: readonly OwnedFd[], index: number): number {
  const fd = fds[index];
  if (!fd) throw invalid(`descriptor ${index} is missing`);
  return fd.fd;
}

function toNumber(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 0xffff_ffff)
    throw invalid(`${name} is no u32`);
  return value;
}

function toPoint(value: unknown, name: string): bigint {
  const point = typeof value === 'string' && DECIMAL.test(value) ? BigInt(value) : U64_LIMIT;
  if (point >= U64_LIMIT) throw invalid(`${name} is no u64`);
  return point;
}
