/** The scenarios that come with the lab, by name. */
import { lastDeviceRemoved, unplugStorm } from './all-devices.ts';
import { gpuHang, neverSignalling, steady } from './basic.ts';
import {
  clientRemovedFailing,
  clientRemovedNeverSubmitted,
  clientRemovedNoKeptFd,
  clientRemovedRescued,
} from './client-device.ts';
import {
  importRemovedDuringImport,
  importRemovedIdle,
  importRemovedReadded,
  importRemovedWaiting,
  releasePendingAtRemoval,
} from './import-device.ts';
import type { Scenario } from './scenario.ts';

export const SCENARIOS: readonly Scenario[] = [
  steady,
  importRemovedIdle,
  importRemovedWaiting,
  importRemovedDuringImport,
  importRemovedReadded,
  releasePendingAtRemoval,
  clientRemovedFailing,
  clientRemovedNeverSubmitted,
  clientRemovedNoKeptFd,
  clientRemovedRescued,
  lastDeviceRemoved,
  neverSignalling,
  gpuHang,
  unplugStorm,
];

/** Throws a RangeError naming the known ones. */
export function scenarioNamed(name: string): Scenario {
  const scenario = SCENARIOS.find((candidate) => candidate.name === name);
  if (scenario) return scenario;
  throw new RangeError(
    `no scenario "${name}"; known: ${SCENARIOS.map((known) => known.name).join(', ')}`,
  );
}
