/** The simulated kernel does what real ones were measured to do, with either way of exporting points. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../native/clock.ts';
import { SimulatedKernel } from '../../devices/simulated/simulated-kernel.ts';
import type { SimDeviceOptions } from '../../devices/simulated/sim-device.ts';
import type { SimDmabuf } from '../../devices/simulated/sim-dmabufs.ts';
import { deviceContract, fixedDeviceContract } from '../support/device-contract.ts';
import {
  playContract,
  type ContractRig,
  type Gpu,
} from '../support/device-contract/contract-run.ts';

const IDS: Record<Gpu, string> = { A: 'sim:0', B: 'sim:1' };
const UEVENTS_NS = 100_000_000n;

/** A rig on a simulated kernel; checks in the end that nothing is left. */
function setUp(options: SimDeviceOptions): ContractRig {
  const clock = new ManualClock();
  let kernel: SimulatedKernel;
  let buffers: SimDmabuf[];

  beforeEach(() => {
    kernel = new SimulatedKernel(clock);
    buffers = [];
    for (const id of Object.values(IDS)) kernel.addDevice({ id, ...options });
    clock.advanceBy(UEVENTS_NS);
  });

  afterEach(() => {
    for (const buffer of buffers) buffer.release();
    const accounting = kernel.accounting();
    kernel.dispose();
    expect(accounting).toMatchObject({
      openDeviceFiles: 0,
      syncobjs: 0,
      syncobjFiles: 0,
      syncFiles: 0,
      armed: 0,
      dmabufs: 0,
      kernelFds: 1,
    });
  });

  return {
    get kernel() {
      return kernel;
    },
    open: (gpu) => {
      const node = kernel.listNodes().find(({ id }) => id === IDS[gpu]);
      if (!node) throw new Error(`GPU ${gpu} is not there`);
      return kernel.openDevice(node);
    },
    remove: async (gpu) => {
      kernel.removeDevice(IDS[gpu]);
      clock.advanceBy(UEVENTS_NS);
    },
    add: async (gpu) => {
      kernel.addDevice({ id: IDS[gpu], ...options });
      clock.advanceBy(UEVENTS_NS);
    },
    createFence: () => {
      const fence = kernel.createFence();
      return {
        syncFile: fence.exportSyncFile(),
        end: (errno) => void (errno === 0 ? fence.signal() : fence.fail(errno)),
      };
    },
    createDmabuf: () => {
      const buffer = kernel.createDmabuf(IDS.A, 4096);
      buffers.push(buffer);
      return buffer.fd.dup();
    },
    settle: async () => {},
  };
}

describe.each(['direct', 'transfer'] as const)('points exported by %s', (pointSyncFile) => {
  const rig = setUp({ pointSyncFile });

  test.each(deviceContract)('$name', async (contractCase) => {
    const { trace, expected } = await playContract(contractCase, rig);
    expect(trace).toEqual(expected);
  });
});

describe('an importless device, as /dev/syncobj', () => {
  const rig = setUp({ kind: 'syncobj' });

  test.each(fixedDeviceContract)('$name', async (contractCase) => {
    const { trace, expected } = await playContract(contractCase, rig);
    expect(trace).toEqual(expected);
  });
});
