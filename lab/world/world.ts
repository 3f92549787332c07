/**
 * Where a scenario plays: a compositor, GPUs that can be pulled, and a clock. Two kinds with one face: simulated devices in
 * virtual time, and the kernel's devices in real time.
 */
import type { OwnedFd } from '../../native/fd.ts';
import type { Clock } from '../../native/clock.ts';
import type { Poller } from '../../native/poller.ts';
import type { Compositor } from '../../compositor/compositor.ts';
import type { DeviceNode, SyncKernel } from '../../devices/sync-kernel.ts';
import type {
  DeviceId,
  Point,
  SyncobjDevice,
  SyncobjHandle,
} from '../../devices/syncobj-device.ts';
import type { Ledger } from '../ledger.ts';
import type { Random } from '../random.ts';

/** How a fence ended: 0, or the positive errno of its failure. */
export type FenceEnd = number;

/** A fence of some GPU's work, ended by the lab, or by the unplug of that GPU (with ENODEV, as a driver would). */
export interface LabFence {
  /** Puts it on a point, as a driver does with the work submitted to it. DeviceLostError; SystemError. */
  attachTo(device: SyncobjDevice, handle: SyncobjHandle, point: Point): void;
  /** The work is done. The first end counts, later ones are ignored. */
  signal(): void;
  /** The work failed with this errno (positive). */
  fail(errno: number): void;
  /** Gives it up; a fence still active fails with ECANCELED, as when its owner exits. */
  close(): void;
}

/** A linear dma-buf of 4-byte pixels. */
export interface LabBuffer {
  readonly dmabuf: OwnedFd;
  readonly width: number;
  readonly height: number;
  readonly strideBytes: number;
}

/** A GPU that can be pulled and plugged in again. */
export interface LabGpu {
  readonly id: DeviceId;
  /** Its node as it is now, undefined while unplugged. A re-plugged device may have another node. */
  readonly node: DeviceNode | undefined;
  /** Whether its driver fails the fences still pending when it is unplugged (true), or leaves them for ever. */
  failsPendingWork: boolean;
  /**
   * Unplugs it. `betweenKernelAndUevent` runs when its ioctls already answer ENODEV and before anybody can have heard of the
   * removal. Resolves when the removal is complete, events included. Removals begun in one turn happen at once: nothing else of this
   * process runs between them.
   */
  remove(moments?: { betweenKernelAndUevent?: () => void }): Promise<void>;
  add(): Promise<void>;
}

export interface World {
  readonly gpus: 'sim' | 'drm';
  readonly kernel: SyncKernel;
  readonly clock: Clock;
  readonly poller: Poller;
  readonly random: Random;
  readonly ledger: Ledger;
  readonly compositor: Compositor;
  /** The GPU the compositor imports timelines into while all is well. */
  readonly importGpu: LabGpu;
  /** The GPU clients render on. */
  readonly clientGpu: LabGpu;
  /** `onEnd` is called once, whoever ends it. Whether an unplug ends it is the GPU's {@link LabGpu.failsPendingWork}. */
  createFence(gpu: LabGpu, onEnd: (end: FenceEnd) => void): LabFence;
  createBuffer(gpu: LabGpu, width: number, height: number): LabBuffer;
  /** From now on the compositor cannot make descriptors (EMFILE); others can. Returns the end of it. */
  exhaustFds(): () => void;
  /** A socket connected to the compositor, for a client in this process. */
  connect(): { readonly fd: OwnedFd; readonly client: number };
  /** Lets everything happen that is ready, without waiting for time. */
  settle(): Promise<void>;
  /** Lets this much time pass. */
  advance(durationMs: number): Promise<void>;
  /** Lets time pass until the condition holds; false when it did not within the limit. */
  until(condition: () => boolean, limitMs: number): Promise<boolean>;
}

/** What the compositor holds of the system. */
export interface Usage {
  /** Descriptors of this process. */
  readonly fds: number;
  /** Syncobj handles the compositor has on all its open devices. */
  readonly handles: number;
  /** Syscalls for explicit sync the compositor made so far. */
  readonly syscalls: number;
}

/** What the runner needs of a world and a scenario does not. */
export interface LabWorld extends World {
  readonly refreshNs: bigint;
  usage(): Usage;
  /** The highest of each since the start. */
  peakUsage(): Usage;
  /** Plugs every missing GPU in again, so that usage can be compared with the beginning. */
  restore(): Promise<void>;
  dispose(): Promise<void>;
}
