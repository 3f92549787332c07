/**
 * What every kernel behind {@link SyncKernel} does, as steps and the traces they must leave.
 *
 * The same cases run on the simulated kernel (test/devices/contract.test.ts) and, in the VM, on the real one
 * (test/kernel/guest/device-contract.guest.ts). The traces are those measured of Linux 6.12 and 7.3.
 */
import type { ContractCase } from './device-contract/contract-run.ts';
import { errorCases } from './device-contract/errors.ts';
import { matrixCases } from './device-contract/matrix.ts';
import { pointCases } from './device-contract/points.ts';
import { referenceCases } from './device-contract/references.ts';
import { resetCases } from './device-contract/resets.ts';

export const deviceContract: readonly ContractCase[] = [
  ...matrixCases,
  ...referenceCases,
  ...pointCases,
  ...resetCases,
  ...errorCases,
];

/** The cases for devices that nothing can pull: a container (rendersync) and /dev/syncobj. */
export const fixedDeviceContract: readonly ContractCase[] = deviceContract.filter(
  (contractCase) => !contractCase.pulls,
);
