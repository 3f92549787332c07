/** The machine's GPUs: timelines on render nodes, buffers from where the compositor takes them, fences by fencelab or vgem. */
import { existsSync, realpathSync } from 'node:fs';
import { deviceIdOf } from '../../devices/linux/device-id.ts';
import { LinuxKernel } from '../../devices/linux/linux-kernel.ts';
import type { DeviceNode } from '../../devices/sync-kernel.ts';
import type { DeviceId } from '../../devices/syncobj-device.ts';
import type { Poller } from '../../native/poller.ts';
import { dumbBufferOf } from '../world/dumb-buffer.ts';
import { openFenceSource, type FenceSource } from '../world/kernel-fences.ts';
import { primaryNodes } from '../world/primary-nodes.ts';
import { createUdmabuf } from '../world/udmabuf.ts';
import type { BufferAllocator, Hotplug, TestFences, TestGpus } from './test-gpus.ts';

/** See the file comment. */
export class DrmGpus implements TestGpus {
  readonly kernel: LinuxKernel;
  readonly description: string;
  readonly fences: TestFences | undefined;
  readonly hotplug: Hotplug | undefined;
  readonly #fenceSource: FenceSource | undefined;

  constructor(poller: Poller, hotplug: Hotplug | undefined) {
    this.kernel = new LinuxKernel({ poller });
    this.description = `${this.kernel.description} with ${this.timelineNodes().length} GPUs`;
    this.hotplug = hotplug;
    const source = openFenceSource();
    this.#fenceSource = source;
    this.fences = source && { canFail: source.canFail, create: () => source.create() };
  }

  /** Many drivers import only what they allocated themselves; udmabuf is for those that map everything. */
  get allocators(): readonly BufferAllocator[] {
    return [
      ...primaryNodes().map((path) => ({
        name: `dumb buffer of ${path}`,
        allocate: (width: number, height: number) => dumbBufferOf(path, width, height),
      })),
      { name: 'udmabuf', allocate: createUdmabuf },
    ];
  }

  timelineNodes(): DeviceNode[] {
    return this.kernel
      .listNodes()
      .filter((node) => node.kind === 'render' && this.#hasTimelines(node));
  }

  deviceOf(rdev: bigint): DeviceId | undefined {
    const major = (rdev >> 8n) & 0xfffn;
    const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffff00n);
    const link = `/sys/dev/char/${major}:${minor}`;
    return existsSync(link) ? deviceIdOf(realpathSync(link)) : undefined;
  }

  dispose(): void {
    this.#fenceSource?.close();
    this.kernel.dispose();
  }

  #hasTimelines(node: DeviceNode): boolean {
    try {
      const device = this.kernel.openDevice(node);
      device.close();
      return device.capabilities.timeline;
    } catch {
      // No access, or it goes right now: not one to work with.
      return false;
    }
  }
}
