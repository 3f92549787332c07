/** All cases, in the order they are played: what may bring a compositor down comes last. */
import type { ConformCase } from '../conform-case.ts';
import { ERROR_CASES } from './errors.ts';
import { FAILURE_CASES } from './failures.ts';
import { LIFETIME_CASES } from './lifetimes.ts';
import { RELEASE_CASES } from './releases.ts';
import { SUBSURFACE_CASES } from './subsurfaces.ts';
import { CLIENT_UNPLUG_CASES } from './unplug-client.ts';
import { IMPORT_UNPLUG_CASES } from './unplug-import.ts';
import { WAITING_CASES } from './waiting.ts';

export const CASES: readonly ConformCase[] = [
  ...WAITING_CASES,
  ...SUBSURFACE_CASES,
  ...ERROR_CASES,
  ...RELEASE_CASES,
  ...LIFETIME_CASES,
  ...FAILURE_CASES,
  ...CLIENT_UNPLUG_CASES,
  ...IMPORT_UNPLUG_CASES,
];

/** Throws an Error that names the unknown one. */
export function caseNamed(name: string): ConformCase {
  const found = CASES.find((candidate) => candidate.name === name);
  if (!found) throw new Error(`there is no case ${name} (--list tells which there are)`);
  return found;
}
