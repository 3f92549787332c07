/** A world in virtual time: simulated kernel, manual clock, compositor and clients in one process. One seed, one run. */
import { native } from '../../native/binding.ts';
import { ManualClock } from '../../native/clock.ts';
import { OwnedFd } from '../../native/fd.ts';
import { Poller } from '../../native/poller.ts';
import { Compositor } from '../../compositor/compositor.ts';
import type { CommitTrace } from '../../compositor/trace.ts';
import { SimulatedKernel } from '../../devices/simulated/simulated-kernel.ts';
import type {
  DeviceId,
  Point,
  SyncobjDevice,
  SyncobjHandle,
} from '../../devices/syncobj-device.ts';
import type { RecoveryStrategy } from '../../sync/recovery.ts';
import { strategyByName } from '../../sync/recovery/strategies.ts';
import { Ledger } from '../ledger.ts';
import { createRandom, type Random } from '../random.ts';
import { CountingKernel } from './counting-kernel.ts';
import { LabFences } from './lab-fences.ts';
import { traceIntoLedger } from './ledger-trace.ts';
import { countOpenFds } from './open-fds.ts';
import type { FenceEnd, LabBuffer, LabFence, LabGpu, LabWorld, Usage } from './world.ts';

export interface SimulatedWorldOptions {
  /** A built-in one by name, or a user's own. */
  readonly strategy: string | RecoveryStrategy;
  readonly seed: number;
  /** Separates the random sequences of scenarios with the same seed. */
  readonly stream?: string;
  readonly trace?: CommitTrace;
}

const REFRESH_MHZ = 60_000;
const REFRESH_NS = 16_666_667n;
const UEVENT_DELAY_NS = 25_000_000n;
const MOMENT_BEFORE_UEVENT_NS = 10_000_000n;
const REMOVAL_MS = 40;
const ADDITION_MS = 60;
const NS_PER_MS = 1e6;
const SETTLES_PER_FD_COUNT = 64;

export async function createSimulatedWorld(
  options: SimulatedWorldOptions,
): Promise<SimulatedWorld> {
  const world = new SimulatedWorld(options);
  await world.advance(ADDITION_MS);
  return world;
}

export class SimulatedWorld implements LabWorld {
  readonly gpus = 'sim' as const;
  readonly clock: ManualClock = new ManualClock();
  readonly poller: Poller = new Poller();
  readonly kernel: SimulatedKernel;
  readonly random: Random;
  readonly ledger: Ledger = new Ledger();
  readonly compositor: Compositor;
  readonly importGpu: LabGpu;
  readonly clientGpu: LabGpu;
  readonly refreshNs: bigint = REFRESH_NS;
  readonly #counting: CountingKernel;
  readonly #fences = new LabFences();
  #settles = 0;
  #peakFds = 0;
  #peakHandles = 0;

  constructor(options: SimulatedWorldOptions) {
    const strategy =
      typeof options.strategy === 'string' ? strategyByName(options.strategy) : options.strategy;
    this.random = createRandom(options.seed, options.stream);
    this.kernel = new SimulatedKernel(this.clock);
    this.#counting = new CountingKernel(this.kernel);
    this.importGpu = this.#addGpu();
    this.clientGpu = this.#addGpu();
    if (strategy.name === 'container') this.kernel.addContainer();
    if (strategy.name === 'syncobj-device') this.kernel.addSyncobjDevice();
    this.compositor = Compositor.create({
      poller: this.poller,
      clock: this.clock,
      kernel: this.#counting,
      strategy,
      backend: 'headless',
      keymap: null,
      outputs: [{ width: 320, height: 240, scale: 1, refreshMhz: REFRESH_MHZ }],
      trace: traceIntoLedger(this.ledger, options.trace),
    });
  }

  createFence(gpu: LabGpu, onEnd: (end: FenceEnd) => void): LabFence {
    const fence = this.kernel.createFence();
    const backend = {
      attachTo: (device: SyncobjDevice, handle: SyncobjHandle, point: Point) =>
        this.kernel.submit(device, handle, point, fence),
      end: (errno: number): FenceEnd => {
        if (errno === 0) fence.signal();
        else fence.fail(errno);
        return errno;
      },
      close: () => {},
    };
    return this.#fences.create(gpu.id, backend, onEnd);
  }

  createBuffer(gpu: LabGpu, width: number, height: number): LabBuffer {
    const strideBytes = width * 4;
    const buffer = this.kernel.createDmabuf(gpu.id, strideBytes * height);
    return { dmabuf: buffer.fd, width, height, strideBytes };
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

  /** Twice nothing to do is quiet: one turn's flush makes the next turn's input. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 2;) {
      quiet = this.poller.dispatch() === 0 ? quiet + 1 : 0;
      await Promise.resolve();
    }
    this.#measurePeaks();
  }

  advance(durationMs: number): Promise<void> {
    return this.#advanceTo(this.clock.nowNs() + BigInt(Math.round(durationMs * NS_PER_MS)));
  }

  async until(condition: () => boolean, limitMs: number): Promise<boolean> {
    const limitNs = this.clock.nowNs() + BigInt(Math.round(limitMs * NS_PER_MS));
    await this.settle();
    while (!condition()) {
      const nextNs = this.clock.nextDeadlineNs();
      if (nextNs === undefined || nextNs > limitNs) break;
      this.clock.advanceTo(nextNs);
      await this.settle();
    }
    return condition();
  }

  usage(): Usage {
    // First: accounting notices, and closes, what nobody holds any more.
    const { kernelFds } = this.kernel.accounting();
    return {
      fds: countOpenFds() - kernelFds,
      handles: this.#counting.handles,
      syscalls: this.#counting.ioctls,
    };
  }

  peakUsage(): Usage {
    return { fds: this.#peakFds, handles: this.#peakHandles, syscalls: this.#counting.ioctls };
  }

  async restore(): Promise<void> {
    for (const gpu of [this.importGpu, this.clientGpu]) if (!gpu.node) await gpu.add();
  }

  async dispose(): Promise<void> {
    this.#fences.closeAll();
    this.compositor.dispose();
    await this.settle();
    this.kernel.dispose();
    this.poller.close();
  }

  async #advanceTo(targetNs: bigint): Promise<void> {
    await this.settle();
    for (;;) {
      const nextNs = this.clock.nextDeadlineNs();
      if (nextNs === undefined || nextNs > targetNs) break;
      this.clock.advanceTo(nextNs);
      await this.settle();
    }
    this.clock.advanceTo(targetNs);
    await this.settle();
  }

  #addGpu(): LabGpu {
    const id = this.kernel.addDevice();
    const event = (type: 'lost' | 'added'): void => {
      this.ledger.deviceEvents.push({ type, device: id, atNs: this.clock.nowNs() });
    };
    return new SimulatedGpu(id, this, this.#fences, event);
  }

  /** Listing descriptors costs more than all else in a turn, so a sample of the turns has to do. */
  #measurePeaks(): void {
    if (this.#settles++ % SETTLES_PER_FD_COUNT === 0) {
      this.#peakFds = Math.max(this.#peakFds, this.usage().fds);
    }
    this.#peakHandles = Math.max(this.#peakHandles, this.#counting.handles);
  }
}

class SimulatedGpu implements LabGpu {
  readonly id: DeviceId;
  failsPendingWork = true;
  readonly #world: SimulatedWorld;
  readonly #fences: LabFences;
  readonly #event: (type: 'lost' | 'added') => void;

  constructor(
    id: DeviceId,
    world: SimulatedWorld,
    fences: LabFences,
    event: (type: 'lost' | 'added') => void,
  ) {
    this.id = id;
    this.#world = world;
    this.#fences = fences;
    this.#event = event;
  }

  get node(): ReturnType<SimulatedKernel['listNodes']>[number] | undefined {
    return this.#world.kernel.listNodes().find((node) => node.id === this.id);
  }

  async remove(moments: { betweenKernelAndUevent?: () => void } = {}): Promise<void> {
    const { kernel, clock } = this.#world;
    const between = moments.betweenKernelAndUevent;
    if (between) clock.at(clock.nowNs() + MOMENT_BEFORE_UEVENT_NS, between);
    kernel.removeDevice(this.id, {
      ueventDelayNs: UEVENT_DELAY_NS,
      pendingFences: 'leave',
      onGone: () => {
        this.#event('lost');
        if (this.failsPendingWork) this.#fences.failAllOf(this.id);
      },
    });
    await this.#world.advance(REMOVAL_MS);
  }

  async add(): Promise<void> {
    this.#world.kernel.addDevice({ id: this.id });
    this.#event('added');
    await this.#world.advance(ADDITION_MS);
  }
}
