/** The GPUs of an exploration: pulled, plugged in again, and the work clients have on them. */
import type { ManualClock } from '../../native/clock.ts';
import type { OwnedFd } from '../../native/fd.ts';
import { ENODEV } from '../../native/errno.ts';
import type { DeviceNode } from '../../devices/sync-kernel.ts';
import type { SyncobjDevice, SyncobjHandle } from '../../devices/syncobj-device.ts';
import type { SimFence } from '../../devices/simulated/sim-fence.ts';
import type { SimulatedKernel } from '../../devices/simulated/simulated-kernel.ts';
import { WorkTruth } from './truth.ts';

const NS_PER_MS = 1_000_000n;
export const GPU_COUNT = 2;

/** A fence a client has pending. */
export interface Work {
  readonly gpu: number;
  readonly fence: SimFence;
  readonly truth: WorkTruth;
}

export interface GpuHooks {
  /** Its ioctls answer ENODEV from now on. */
  gone(): void;
}

export class Gpus {
  readonly #kernel: SimulatedKernel;
  readonly #clock: ManualClock;
  readonly #hooks: GpuHooks;
  readonly #ids: readonly string[];
  /** When the compositor can know of it at last; undefined while unplugged. */
  readonly #knownAtNs: (bigint | undefined)[];
  readonly #running = new Set<Work>();

  constructor(kernel: SimulatedKernel, clock: ManualClock, hooks: GpuHooks) {
    this.#kernel = kernel;
    this.#clock = clock;
    this.#hooks = hooks;
    this.#ids = [
      kernel.addDevice({ pointSyncFile: 'direct' }),
      kernel.addDevice({ pointSyncFile: 'transfer' }),
    ];
    this.#knownAtNs = this.#ids.map(() => 0n);
  }

  isPlugged(gpu: number): boolean {
    return this.#knownAtNs[gpu] !== undefined;
  }

  /** Some GPU is there and its arrival was announced. */
  get anyKnown(): boolean {
    const nowNs = this.#clock.nowNs();
    return this.#knownAtNs.some((atNs) => atNs !== undefined && atNs < nowNs);
  }

  /** For coverage: gone, there, or there and not announced. */
  phase(gpu: number): string {
    const atNs = this.#knownAtNs[gpu];
    if (atNs === undefined) return 'gone';
    return atNs < this.#clock.nowNs() ? 'there' : 'new';
  }

  /** This one, or else any other that is there. */
  choose(gpu: number): number | undefined {
    for (let offset = 0; offset < GPU_COUNT; offset++) {
      const candidate = (gpu + offset) % GPU_COUNT;
      if (this.isPlugged(candidate)) return candidate;
    }
    return undefined;
  }

  /** Throws a SystemError when it cannot be opened. */
  open(gpu: number): SyncobjDevice {
    return this.#kernel.openDevice(this.#node(gpu));
  }

  /** A small buffer, owned by the caller. */
  createBuffer(gpu: number, sizeBytes: number): { readonly fd: OwnedFd; release(): void } {
    return this.#kernel.createDmabuf(this.#id(gpu), sizeBytes);
  }

  /** Queues work whose fence goes on this point. DeviceLostError: nothing was queued. */
  submit(gpu: number, device: SyncobjDevice, handle: SyncobjHandle, point: bigint): Work {
    const fence = this.#kernel.createFence();
    this.#kernel.submit(device, handle, point, fence);
    const work = { gpu, fence, truth: new WorkTruth() };
    this.#running.add(work);
    return work;
  }

  /** Queues work that writes to a buffer (borrowed): its fence is the buffer's. */
  submitTo(gpu: number, dmabufFd: number): Work {
    const fence = this.#kernel.createFence();
    const syncFile = fence.exportSyncFile();
    try {
      this.#kernel.dmabufs.importSyncFile(dmabufFd, syncFile.fd, 'write');
    } finally {
      syncFile.close();
    }
    const work = { gpu, fence, truth: new WorkTruth() };
    this.#running.add(work);
    return work;
  }

  end(work: Work, errno: number): void {
    if (!this.#running.delete(work)) return;
    // First the truth: whoever is told by the fence may look at once.
    work.truth.end(errno !== 0);
    if (errno === 0) work.fence.signal();
    else work.fence.fail(errno);
  }

  endAll(): void {
    for (const work of [...this.#running]) this.end(work, 0);
  }

  unplug(gpu: number, pending: 'fail' | 'leave', ueventMs: number): boolean {
    if (!this.isPlugged(gpu)) return false;
    this.#knownAtNs[gpu] = undefined;
    this.#kernel.removeDevice(this.#id(gpu), {
      ueventDelayNs: BigInt(ueventMs) * NS_PER_MS,
      pendingFences: 'leave',
      onGone: () => this.#hooks.gone(),
    });
    if (pending === 'fail') {
      for (const work of [...this.#running]) if (work.gpu === gpu) this.end(work, ENODEV);
    }
    return true;
  }

  plug(gpu: number, ueventMs: number): boolean {
    if (this.isPlugged(gpu)) return false;
    this.#kernel.addDevice({
      id: this.#id(gpu),
      pointSyncFile: gpu === 0 ? 'direct' : 'transfer',
      ueventDelayNs: BigInt(ueventMs) * NS_PER_MS,
    });
    this.#knownAtNs[gpu] = this.#clock.nowNs() + ANNOUNCED_WITHIN_NS;
    return true;
  }

  #id(gpu: number): string {
    const id = this.#ids[gpu];
    if (id === undefined) throw new RangeError(`no GPU ${gpu}`);
    return id;
  }

  #node(gpu: number): DeviceNode {
    const node = this.#kernel.listNodes().findLast(({ id }) => id === this.#id(gpu));
    if (!node) throw new Error(`GPU ${gpu} has no node`);
    return node;
  }
}

/** Uevents come in order, one may wait for another: the longest two together. */
const ANNOUNCED_WITHIN_NS = 250n * NS_PER_MS;
