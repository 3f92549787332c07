/** The simulated GPUs of a compositor in another process (`syncline compositor --gpus sim:N`). */
import { RemoteKernel } from '../../devices/simulated/remote-kernel.ts';
import type { DeviceNode } from '../../devices/sync-kernel.ts';
import type { DeviceId } from '../../devices/syncobj-device.ts';
import type { Poller } from '../../native/poller.ts';
import type { SyncFileFence } from '../world/lab-fences.ts';
import type { BufferAllocator, Hotplug, TestFences, TestGpus } from './test-gpus.ts';

const BYTES_PER_PIXEL = 4;

/** See the file comment. `path`: where the simulated kernel listens; without `hotplug` that kernel is asked. SystemError: ENOENT, ECONNREFUSED. */
export class SimulatedGpus implements TestGpus {
  readonly description: string = 'simulated GPUs';
  readonly kernel: RemoteKernel;
  readonly allocators: readonly BufferAllocator[];
  readonly fences: TestFences;
  readonly hotplug: Hotplug;

  constructor(path: string, poller: Poller, hotplug?: Hotplug) {
    const kernel = new RemoteKernel({ path, poller });
    this.kernel = kernel;
    this.allocators = [
      { name: 'simulated', allocate: (width, height) => this.#allocate(width, height) },
    ];
    this.fences = { canFail: true, create: (gpu) => createFence(kernel, gpu) };
    this.hotplug = hotplug ?? {
      description: 'the simulated kernel',
      remove: async (id) => kernel.removeDevice(id),
      add: async (id) => kernel.addDevice(id),
    };
  }

  timelineNodes(): DeviceNode[] {
    return this.kernel.listNodes().filter(({ kind }) => kind === 'render');
  }

  deviceOf(rdev: bigint): DeviceId | undefined {
    return this.kernel.listNodes().find((node) => node.rdev === rdev)?.id;
  }

  dispose(): void {
    this.kernel.dispose();
  }

  #allocate(width: number, height: number): ReturnType<BufferAllocator['allocate']> {
    const [node] = this.timelineNodes();
    if (!node) throw new Error('there is no GPU to make a buffer on');
    const strideBytes = width * BYTES_PER_PIXEL;
    const dmabuf = this.kernel.createDmabuf(node.id, strideBytes * height);
    return { dmabuf, width, height, strideBytes };
  }
}

function createFence(kernel: RemoteKernel, gpu: DeviceId): SyncFileFence {
  const fence = kernel.createFence({ deviceId: gpu });
  return {
    syncFile: fence.exportSyncFile(),
    end: (errno) => {
      if (errno === 0) fence.signal();
      else fence.fail(errno);
      return errno;
    },
  };
}
