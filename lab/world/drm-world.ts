/** A world in real time: the kernel's GPUs, the machine's clock, compositor and clients in one process. Needs root, as in the VM. */
import { setTimeout as sleep } from 'node:timers/promises';
import { native } from '../../native/binding.ts';
import { SystemClock } from '../../native/clock.ts';
import { OwnedFd } from '../../native/fd.ts';
import { Poller } from '../../native/poller.ts';
import { Compositor } from '../../compositor/compositor.ts';
import type { CommitTrace } from '../../compositor/trace.ts';
import { LinuxKernel } from '../../devices/linux/linux-kernel.ts';
import type { DeviceId } from '../../devices/syncobj-device.ts';
import { strategyByName } from '../../sync/recovery/strategies.ts';
import { Ledger } from '../ledger.ts';
import { createRandom, type Random } from '../random.ts';
import { CannotPlayError } from './cannot-play-error.ts';
import { CountingKernel } from './counting-kernel.ts';
import { DrmGpu } from './drm-gpu.ts';
import { type FenceSource, openFenceSource } from './kernel-fences.ts';
import { bySyncFile, LabFences } from './lab-fences.ts';
import { traceIntoLedger } from './ledger-trace.ts';
import { countOpenFds } from './open-fds.ts';
import { createDumbBuffer } from './dumb-buffer.ts';
import type { FenceEnd, LabBuffer, LabFence, LabGpu, LabWorld, Usage } from './world.ts';

export interface DrmWorldOptions {
  readonly strategy: string;
  readonly seed: number;
  readonly stream?: string;
  readonly trace?: CommitTrace;
}

/** Half of what screens have: the VM's emulated processor does not draw a dozen clients 60 times a second. */
const REFRESH_MHZ = 30_000;
const REFRESH_NS = 33_333_333n;
const STEP_MS = 4;
const QUIET_TURNS = 3;

/** Throws a CannotPlayError when there are not two pluggable GPUs with timelines, or no source of pending fences. */
export async function createDrmWorld(options: DrmWorldOptions): Promise<DrmWorld> {
  const clock = new SystemClock();
  const poller = new Poller();
  const kernel = new LinuxKernel({ poller });
  const gpus = kernel
    .listNodes()
    .filter((node) => node.kind === 'render' && node.id.startsWith('pci:'));
  const [first, second] = gpus;
  const fences = openFenceSource();
  if (!first || !second || !fences) {
    fences?.close();
    kernel.dispose();
    poller.close();
    const missing = fences
      ? `two GPUs on the PCI bus are needed, there are ${gpus.length}`
      : 'neither fencelab nor vgem is there to make pending fences';
    throw new CannotPlayError(missing);
  }
  const world = new DrmWorld(options, {
    clock,
    poller,
    kernel,
    fences,
    first: first.id,
    second: second.id,
  });
  await world.advance(50);
  return world;
}

interface Parts {
  readonly clock: SystemClock;
  readonly poller: Poller;
  readonly kernel: LinuxKernel;
  readonly fences: FenceSource;
  readonly first: DeviceId;
  readonly second: DeviceId;
}

export class DrmWorld implements LabWorld {
  readonly gpus = 'drm' as const;
  readonly clock: SystemClock;
  readonly poller: Poller;
  readonly kernel: LinuxKernel;
  readonly random: Random;
  readonly ledger: Ledger = new Ledger();
  readonly compositor: Compositor;
  readonly importGpu: LabGpu;
  readonly clientGpu: LabGpu;
  readonly refreshNs: bigint = REFRESH_NS;
  readonly #counting: CountingKernel;
  readonly #fences = new LabFences();
  readonly #fenceSource: FenceSource;
  #peakFds = 0;
  #peakHandles = 0;

  constructor(options: DrmWorldOptions, parts: Parts) {
    this.clock = parts.clock;
    this.poller = parts.poller;
    this.kernel = parts.kernel;
    this.#fenceSource = parts.fences;
    this.random = createRandom(options.seed, options.stream);
    this.#counting = new CountingKernel(parts.kernel);
    const host = {
      kernel: parts.kernel,
      fences: this.#fences,
      onDevice: (type: 'lost' | 'added', device: DeviceId): void => {
        this.ledger.deviceEvents.push({ type, device, atNs: this.clock.nowNs() });
      },
      until: (condition: () => boolean, limitMs: number) => this.until(condition, limitMs),
    };
    this.importGpu = new DrmGpu(parts.first, host);
    this.clientGpu = new DrmGpu(parts.second, host);
    this.poller.start();
    this.compositor = Compositor.create({
      poller: this.poller,
      clock: this.clock,
      kernel: this.#counting,
      strategy: strategyByName(options.strategy),
      backend: 'headless',
      outputs: [{ width: 640, height: 480, scale: 1, refreshMhz: REFRESH_MHZ }],
      trace: traceIntoLedger(this.ledger, options.trace),
    });
  }

  /** Whether failing fences can be had: the fencelab module is loaded. */
  get fencesCanFail(): boolean {
    return this.#fenceSource.canFail;
  }

  createFence(gpu: LabGpu, onEnd: (end: FenceEnd) => void): LabFence {
    return this.#fences.create(gpu.id, bySyncFile(this.#fenceSource.create()), onEnd);
  }

  createBuffer(gpu: LabGpu, width: number, height: number): LabBuffer {
    return createDumbBuffer(gpu.id, width, height);
  }

  exhaustFds(): () => void {
    this.#counting.outOfFds = true;
    return () => {
      this.#counting.outOfFds = false;
    };
  }

  connect(): { fd: OwnedFd; client: number } {
    const [serverFd, clientFd] = native.socketPair();
    const client = this.compositor.display.connect(new OwnedFd(serverFd));
    return { fd: new OwnedFd(clientFd), client: client.number };
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < QUIET_TURNS; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#measurePeaks();
  }

  async advance(durationMs: number): Promise<void> {
    const endNs = this.clock.nowNs() + BigInt(Math.round(durationMs * 1e6));
    while (this.clock.nowNs() < endNs) {
      await sleep(STEP_MS);
      this.#measurePeaks();
    }
    await this.settle();
  }

  async until(condition: () => boolean, limitMs: number): Promise<boolean> {
    await this.settle();
    // By turns rather than by the clock: what stood still meanwhile, this process with the machine, is no waiting.
    for (let waitedMs = 0; !condition() && waitedMs < limitMs; waitedMs += STEP_MS)
      await sleep(STEP_MS);
    return condition();
  }

  usage(): Usage {
    return {
      fds: countOpenFds(),
      handles: this.#counting.handles,
      syscalls: this.#counting.ioctls,
    };
  }

  peakUsage(): Usage {
    return { fds: this.#peakFds, handles: this.#peakHandles, syscalls: this.#counting.ioctls };
  }

  async restore(): Promise<void> {
    for (const gpu of [this.importGpu, this.clientGpu]) if (!gpu.node) await gpu.add();
    await this.advance(200);
  }

  async dispose(): Promise<void> {
    this.#fences.closeAll();
    this.compositor.dispose();
    await this.settle();
    this.#fenceSource.close();
    this.kernel.dispose();
    this.poller.close();
  }

  #measurePeaks(): void {
    this.#peakFds = Math.max(this.#peakFds, countOpenFds());
    this.#peakHandles = Math.max(this.#peakHandles, this.#counting.handles);
  }
}
