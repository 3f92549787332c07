/** What the suite's clients render with: GPUs for timelines, memory for buffers, fences that end as told. */
import type { DeviceNode, SyncKernel } from '../../devices/sync-kernel.ts';
import type { DeviceId } from '../../devices/syncobj-device.ts';
import type { SyncFileFence } from '../world/lab-fences.ts';
import type { LabBuffer } from '../world/world.ts';

/** One way to come by a dma-buf. Which of them a compositor can import depends on its driver. */
export interface BufferAllocator {
  readonly name: string;
  /** Throws a SystemError where this way is not open. */
  allocate(width: number, height: number): LabBuffer;
}

/** Pulls GPUs and plugs them in. Resolve when it has happened, uevents perhaps still on their way. */
export interface Hotplug {
  readonly description: string;
  remove(id: DeviceId, role: GpuRole): Promise<void>;
  add(id: DeviceId, role: GpuRole): Promise<void>;
}

/** `import`: the compositor's own; `client`: that of the suite's clients. */
export type GpuRole = 'import' | 'client';

export interface TestGpus {
  readonly description: string;
  readonly kernel: SyncKernel;
  /** The likeliest to be taken first. */
  readonly allocators: readonly BufferAllocator[];
  /** Undefined: there is no source of pending fences. */
  readonly fences: TestFences | undefined;
  /** Undefined: nobody may pull these GPUs. */
  readonly hotplug: Hotplug | undefined;
  /** Render nodes with timelines, in a stable order. */
  timelineNodes(): DeviceNode[];
  /** The device behind a dev_t, of a primary node too; undefined when there is none (any more). */
  deviceOf(rdev: bigint): DeviceId | undefined;
  dispose(): void;
}

export interface TestFences {
  readonly canFail: boolean;
  /** A pending fence of some work on this GPU. */
  create(gpu: DeviceId): SyncFileFence;
}
