/** The running kernel does what the simulated one does: the same steps, the same traces. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LinuxKernel } from '../../../devices/linux/linux-kernel.ts';
import { listPciGpus, removeGpu, rescanGpus } from '../../../lab/kernel/gpus.ts';
import { openFenceSource, type FenceSource } from '../../../lab/world/kernel-fences.ts';
import { createUdmabuf } from '../../../lab/world/udmabuf.ts';
import { Poller } from '../../../native/poller.ts';
import { deviceContract, fixedDeviceContract } from '../../support/device-contract.ts';
import {
  playContract,
  type ContractCase,
  type ContractRig,
  type Gpu,
} from '../../support/device-contract/contract-run.ts';

/** Longer than the kernel takes to run the work behind a signal, under emulation; and on a machine that is busy, too. */
const [SETTLE_MS, LONG_SETTLE_MS] = [30, 500];

const [first, second] = listPciGpus();
const addresses: Record<Gpu, string> = { A: first?.address ?? '', B: second?.address ?? '' };
let poller: Poller;
let kernel: LinuxKernel;
let fences: FenceSource;
let settleMs = SETTLE_MS;

const rig: ContractRig = {
  get kernel() {
    return kernel;
  },
  open: (gpu) => {
    const node = kernel.listNodes().find(({ id }) => id === `pci:${addresses[gpu]}`);
    if (!node) throw new Error(`GPU ${gpu} (${addresses[gpu]}) is not there`);
    return kernel.openDevice(node);
  },
  remove: async (gpu) => removeGpu(addresses[gpu]),
  add: async () => rescanGpus(),
  createFence: () => fences.create(),
  createDmabuf: () => createUdmabuf(16, 64).dmabuf,
  settle: () => sleep(settleMs),
};

/** From fencelab, or (without our modules) from vgem, whose fences cannot fail. */
function openFences(): FenceSource {
  const source = openFenceSource();
  if (!source) throw new Error('neither fencelab nor vgem is there to make pending fences');
  return source;
}

/** A trace that is not the expected one may be that of a kernel which had no time: then it is another when there is more of it. */
async function expectTrace(contractCase: ContractCase, on: ContractRig): Promise<void> {
  settleMs = SETTLE_MS;
  const first = await playContract(contractCase, on);
  if (isDeepStrictEqual(first.trace, first.expected)) return;
  rescanGpus();
  settleMs = LONG_SETTLE_MS;
  const { trace, expected } = await playContract(contractCase, on);
  expect(trace).toEqual(expected);
}

/** Why a case cannot be played here. */
function obstacle({ fails }: ContractCase, driver = 'virtio_gpu'): string | undefined {
  if (fails && !fences.canFail) return 'fences that fail need the fencelab module';
  const isThere = kernel.listNodes().some((node) => node.driver === driver);
  return isThere ? undefined : `there is no ${driver} device: its module is not loaded`;
}

beforeEach(() => {
  poller = new Poller();
  kernel = new LinuxKernel({ poller });
  fences = openFences();
});

afterEach(() => {
  fences.close();
  kernel.dispose();
  poller.close();
  rescanGpus();
});

test.for(deviceContract)('virtio-gpu: $name', async (contractCase, { skip }) => {
  const reason = obstacle(contractCase);
  if (reason) skip(reason);
  await expectTrace(contractCase, rig);
});

describe.each(['rendersync', 'syncobj'])('%s, which no GPU stands behind', (driver) => {
  const fixedRig: ContractRig = {
    ...rig,
    get kernel() {
      return kernel;
    },
    open: () => {
      const node = kernel.listNodes().find((candidate) => candidate.driver === driver);
      if (!node) throw new Error(`${driver} has gone`);
      return kernel.openDevice(node);
    },
  };

  test.for(fixedDeviceContract)('$name', async (contractCase, { skip }) => {
    const reason = obstacle(contractCase, driver);
    if (reason) skip(reason);
    await expectTrace(contractCase, fixedRig);
  });
});
