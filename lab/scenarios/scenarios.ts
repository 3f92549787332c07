/** The scenarios that come with the lab, by name. */
import {
  clientChurn,
  DEFAULT_REPLUG_ROUNDS,
  lastDeviceRemoved,
  replugRounds,
  unplugStorm,
} from './all-devices.ts';
import { fdExhaustion, gpuHang, neverSignalling, steady } from './basic.ts';
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
  memoryAndTimelineApart,
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
  memoryAndTimelineApart,
  lastDeviceRemoved,
  neverSignalling,
  gpuHang,
  fdExhaustion,
  unplugStorm,
  clientChurn,
  replugRounds(DEFAULT_REPLUG_ROUNDS),
];

/** "replug-rounds:200" plays that many rounds. Throws a RangeError naming the known ones. */
export function scenarioNamed(name: string): Scenario {
  const rounds = /^replug-rounds:([1-9]\d{0,4})$/.exec(name)?.[1];
  if (rounds !== undefined) return replugRounds(Number(rounds));
  const scenario = SCENARIOS.find((candidate) => candidate.name === name);
  if (scenario) return scenario;
  throw new RangeError(
    `no scenario "${name}"; known: ${SCENARIOS.map((known) => known.name).join(', ')}`,
  );
}
