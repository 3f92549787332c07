/** The running kernel does what the simulated one does: the same steps, the same traces. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LinuxKernel } from '../../../devices/linux/linux-kernel.ts';
import { FenceLab } from '../../../lab/kernel/fence-lab.ts';
import { listPciGpus, removeGpu, rescanGpus } from '../../../lab/kernel/gpus.ts';
import { createUdmabuf } from '../../../lab/world/udmabuf.ts';
import { Poller } from '../../../native/poller.ts';
import { deviceContract, fixedDeviceContract } from '../../support/device-contract.ts';
import {
  playContract,
  type ContractRig,
  type Gpu,
} from '../../support/device-contract/contract-run.ts';

/** Longer than the kernel takes to run the work behind a signal, under emulation. */
const SETTLE_MS = 30;

const [first, second] = listPciGpus();
const addresses: Record<Gpu, string> = { A: first?.address ?? '', B: second?.address ?? '' };
let poller: Poller;
let kernel: LinuxKernel;
let lab: FenceLab;

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
  createFence: () => {
    const fence = lab.createFence();
    return { syncFile: fence.syncFile, end: (errno) => fence.signal(errno) };
  },
  createDmabuf: () => createUdmabuf(16, 64).dmabuf,
  settle: () => sleep(SETTLE_MS),
};

beforeEach(() => {
  poller = new Poller();
  kernel = new LinuxKernel({ poller });
  lab = new FenceLab();
});

afterEach(() => {
  lab.close();
  kernel.dispose();
  poller.close();
  rescanGpus();
});

test.each(deviceContract)('virtio-gpu: $name', async (contractCase) => {
  const { trace, expected } = await playContract(contractCase, rig);
  expect(trace).toEqual(expected);
});

describe.each(['rendersync', 'syncobj'])('%s, which no GPU stands behind', (driver) => {
  const fixedRig: ContractRig = {
    ...rig,
    get kernel() {
      return kernel;
    },
    open: () => {
      const node = kernel.listNodes().find((candidate) => candidate.driver === driver);
      if (!node) throw new Error(`there is no ${driver} device: are the modules loaded?`);
      return kernel.openDevice(node);
    },
  };

  test.each(fixedDeviceContract)('$name', async (contractCase) => {
    const { trace, expected } = await playContract(contractCase, fixedRig);
    expect(trace).toEqual(expected);
  });
});
