/** All cases, in the order they are played: what may bring a compositor down comes last. */
import type { ConformCase } from '../conform-case.ts';
import { ERROR_CASES } from './errors.ts';
import { FAILURE_CASES } from './failures.ts';
import { LIFETIME_CASES } from './lifetimes.ts';
import { UNPLUG_CASES } from './unplug.ts';
import { WAITING_CASES } from './waiting.ts';

export const CASES: readonly ConformCase[] = [
  ...WAITING_CASES,
  ...ERROR_CASES,
  ...LIFETIME_CASES,
  ...FAILURE_CASES,
  ...UNPLUG_CASES,
];

/** Throws an Error that names the unknown one. */
export function caseNamed(name: string): ConformCase {
  const found = CASES.find((candidate) => candidate.name === name);
  if (!found) throw new Error(`there is no case ${name} (--list tells which there are)`);
  return found;
}
