/** A real GPU in the VM: pulled by its sysfs `remove`, plugged in by a bus rescan. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { native } from '../../native/binding.ts';
import { hasErrno } from '../../native/errors.ts';
import { OwnedFd } from '../../native/fd.ts';
import { O_RDWR } from '../../native/open-flags.ts';
import type { DeviceNode, SyncKernel } from '../../devices/sync-kernel.ts';
import type { DeviceId } from '../../devices/syncobj-device.ts';
import { rescanGpus } from '../kernel/gpus.ts';
import type { LabFences } from './lab-fences.ts';
import type { LabGpu } from './world.ts';

const PCI_PREFIX = 'pci:';
/** DRM_CAP_SYNCOBJ: any ioctl would do to notice the removal. */
const DRM_CAP_SYNCOBJ = 0x13;
const REMOVAL_LIMIT_NS = 10_000_000_000n;

/** What a GPU asks of the world it is in. */
export interface DrmGpuHost {
  readonly kernel: SyncKernel;
  readonly fences: LabFences;
  onDevice(type: 'lost' | 'added', id: DeviceId): void;
  until(condition: () => boolean, limitMs: number): Promise<boolean>;
}

export class DrmGpu implements LabGpu {
  readonly id: DeviceId;
  failsPendingWork = true;
  readonly #host: DrmGpuHost;
  readonly #slot: string;

  /** `id` must be a PCI device's. */
  constructor(id: DeviceId, host: DrmGpuHost) {
    if (!id.startsWith(PCI_PREFIX))
      throw new Error(`${id} is not on the PCI bus: it cannot be pulled`);
    this.id = id;
    this.#host = host;
    this.#slot = id.slice(PCI_PREFIX.length);
  }

  get node(): DeviceNode | undefined {
    return this.#host.kernel.listNodes().find((node) => node.id === this.id);
  }

  async remove(moments: { betweenKernelAndUevent?: () => void } = {}): Promise<void> {
    const probe = this.#openProbe();
    try {
      // Another process writes: the write takes until the removal is complete, and this one has things to do in between.
      const write = spawn('sh', ['-c', `echo 1 > /sys/bus/pci/devices/${this.#slot}/remove`], {
        stdio: 'ignore',
      });
      const written = new Promise<number | null>((resolve) => write.once('exit', resolve));
      // Nothing else of this process runs until ENODEV, so no uevent can have been read before what follows.
      spinUntilGone(probe, this.id);
      this.#host.onDevice('lost', this.id);
      if (this.failsPendingWork) this.#host.fences.failAllOf(this.id);
      moments.betweenKernelAndUevent?.();
      const status = await written;
      if (status !== 0) throw new Error(`${this.id}: writing to its sysfs remove failed`);
    } finally {
      probe.close();
    }
    if (!(await this.#host.until(() => this.node === undefined, 5000))) {
      throw new Error(`${this.id}: its node did not vanish`);
    }
  }

  async add(): Promise<void> {
    rescanGpus();
    this.#host.onDevice('added', this.id);
    if (!(await this.#host.until(() => this.#usable(), 10_000))) {
      throw new Error(`${this.id} did not come back after the rescan`);
    }
  }

  #usable(): boolean {
    const { node } = this;
    return node !== undefined && existsSync(node.path);
  }

  #openProbe(): OwnedFd {
    const { node } = this;
    if (!node) throw new Error(`${this.id} is not plugged in`);
    return new OwnedFd(native.open(node.path, O_RDWR, 0));
  }
}

/** Asks until the answer is ENODEV. Throws when the removal takes longer than ten seconds. */
function spinUntilGone(probe: OwnedFd, id: DeviceId): void {
  const limitNs = native.monotonicNs() + REMOVAL_LIMIT_NS;
  while (native.monotonicNs() < limitNs) {
    try {
      native.drmGetCap(probe.fd, DRM_CAP_SYNCOBJ);
    } catch (error) {
      if (hasErrno(error, 'ENODEV')) return;
      throw error;
    }
  }
  throw new Error(`${id}: still there ten seconds after its removal began`);
}
