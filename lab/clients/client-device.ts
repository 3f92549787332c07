/** A client's own opening of a GPU, the timelines it made there and the work it queued. */
import type { OwnedFd } from '../../native/fd.ts';
import type { Point, SyncobjDevice, SyncobjHandle } from '../../devices/syncobj-device.ts';
import type { FenceEnd, LabGpu, World } from '../world/world.ts';

/** A timeline of a client. Its fd is kept unless the client is of the kind that drops it after passing it on. */
export interface ClientTimeline {
  readonly handle: SyncobjHandle;
  readonly fd: OwnedFd;
}

export class ClientDevice {
  readonly gpu: LabGpu;
  readonly device: SyncobjDevice;
  readonly #world: World;
  readonly #running = new Set<{ close(): void }>();

  /** Throws a SystemError when the GPU is unplugged or cannot be opened. */
  constructor(world: World, gpu: LabGpu) {
    if (!gpu.node) throw new Error(`${gpu.id} is unplugged`);
    this.gpu = gpu;
    this.device = world.kernel.openDevice(gpu.node);
    this.#world = world;
  }

  createTimeline(): ClientTimeline {
    const handle = this.device.createTimeline();
    return { handle, fd: this.device.exportTimelineFd(handle) };
  }

  /** Another client device's timeline, through its kept fd (borrowed). */
  importTimeline(fd: OwnedFd): SyncobjHandle {
    return this.device.importTimeline(fd.fd);
  }

  /**
   * Submits work of this length: the point gets a fence now, which ends after `workMs`. Throws DeviceLostError when the GPU
   * has gone; then the point has no fence and never gets one from here.
   */
  submit(
    handle: SyncobjHandle,
    point: Point,
    workMs: number,
    onEnd: (end: FenceEnd) => void,
  ): void {
    const fence = this.#world.createFence(this.gpu, (end) => {
      timer.close();
      this.#running.delete(run);
      onEnd(end);
      fence.close();
    });
    const { clock } = this.#world;
    const timer = clock.at(clock.nowNs() + BigInt(Math.round(workMs * 1e6)), () => fence.signal());
    const run = {
      close: (): void => {
        timer.close();
        fence.close();
      },
    };
    this.#running.add(run);
    try {
      fence.attachTo(this.device, handle, point);
    } catch (error) {
      this.#running.delete(run);
      run.close();
      throw error;
    }
  }

  /** A point that ends as failed, for the rescue of what can no longer be submitted. */
  failPoint(handle: SyncobjHandle, point: Point, errno: number): void {
    const fence = this.#world.createFence(this.gpu, () => {});
    try {
      fence.attachTo(this.device, handle, point);
      fence.fail(errno);
    } finally {
      fence.close();
    }
  }

  /** Work still running is given up, as when a process exits. */
  close(): void {
    for (const run of [...this.#running]) run.close();
    this.#running.clear();
    this.device.close();
  }
}
