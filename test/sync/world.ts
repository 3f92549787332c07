/** A manager on the simulated kernel in virtual time, and a client with a device of its own. */
import assert from 'node:assert/strict';
import { ManualClock } from '../../native/clock.ts';
import type { OwnedFd } from '../../native/fd.ts';
import { Poller } from '../../native/poller.ts';
import { SimulatedKernel } from '../../devices/simulated/simulated-kernel.ts';
import type { SimDeviceOptions } from '../../devices/simulated/sim-device.ts';
import type { SimFence } from '../../devices/simulated/sim-fence.ts';
import type {
  DeviceId,
  Point,
  SyncobjDevice,
  SyncobjHandle,
} from '../../devices/syncobj-device.ts';
import type { BudgetExceeded } from '../../sync/budget.ts';
import type { FenceOutcome } from '../../sync/fence.ts';
import { SyncManager, type SyncManagerOptions } from '../../sync/manager.ts';
import type { SyncOwner } from '../../sync/owner.ts';
import { strategyByName } from '../../sync/recovery/strategies.ts';
import type { Timeline } from '../../sync/timeline.ts';
import type { SyncTraceEvent } from '../../sync/trace.ts';

export const MS = 1_000_000n;
export const SECOND = 1_000_000_000n;

/** What a subscriber saw of one wait. */
export interface Seen {
  readonly outcomes: FenceOutcome[];
  completed: boolean;
  error: unknown;
  unsubscribe(): void;
}

/** A client's syncobj on the device the client renders with. */
export class ClientTimeline {
  readonly device: SyncobjDevice;
  readonly handle: SyncobjHandle;
  readonly #world: SyncWorld;

  constructor(world: SyncWorld, device: SyncobjDevice) {
    this.#world = world;
    this.device = device;
    this.handle = device.createTimeline();
  }

  /** What the client sends with import_timeline. */
  exportFd(): OwnedFd {
    return this.device.exportTimelineFd(this.handle);
  }

  /** Submits a job that ends with `point`. */
  submit(point: Point): SimFence {
    const fence = this.#world.kernel.createFence({ deviceId: this.device.id });
    this.#world.kernel.submit(this.device, this.handle, point, fence);
    return fence;
  }

  signal(point: Point): void {
    this.device.signal(Uint32Array.of(this.handle), BigUint64Array.of(point), 1);
  }

  signalledPoint(device = this.device, handle = this.handle): Point {
    const points = new BigUint64Array(1);
    device.query(Uint32Array.of(handle), points, 1, 'signalled');
    return points[0] ?? 0n;
  }
}

export class SyncWorld {
  readonly clock: ManualClock = new ManualClock();
  readonly kernel: SimulatedKernel = new SimulatedKernel(this.clock);
  readonly poller: Poller = new Poller();
  readonly trace: SyncTraceEvent[] = [];
  readonly logged: string[] = [];
  readonly budget: BudgetExceeded[] = [];
  readonly #clientDevices = new Map<string, SyncobjDevice>();
  #manager: SyncManager | undefined;

  /** GPUs sim:0 … sim:N-1. */
  constructor(gpus = 2, options: SimDeviceOptions = {}) {
    for (let number = 0; number < gpus; number++)
      this.kernel.addDevice({ ...options, id: `sim:${number}` });
    this.advance(100n * MS);
  }

  /** The manager under test; made once. */
  manager(strategy = 'failover', options: Partial<SyncManagerOptions> = {}): SyncManager {
    const log = (message: string): unknown => this.logged.push(message);
    this.#manager ??= new SyncManager({
      kernel: this.kernel,
      poller: this.poller,
      clock: this.clock,
      strategy: strategyByName(strategy),
      log: { info: log, warn: log, error: log },
      trace: (event) => this.trace.push(event),
      ...options,
    });
    return this.#manager;
  }

  owner(name = 'client'): SyncOwner {
    return this.manager().createOwner(name, (event) => this.budget.push(event));
  }

  /** The client's own open file of a device. */
  clientDevice(id: string): SyncobjDevice {
    const known = this.#clientDevices.get(id);
    if (known && !known.lost) return known;
    known?.close();
    const node = this.kernel.listNodes().find((candidate) => candidate.id === id);
    if (!node) throw new Error(`no device ${id}`);
    const device = this.kernel.openDevice(node);
    this.#clientDevices.set(id, device);
    return device;
  }

  client(id = 'sim:1'): ClientTimeline {
    return new ClientTimeline(this, this.clientDevice(id));
  }

  wait(timeline: Timeline, point: Point): Seen {
    return watch(timeline.waitForPoint(point));
  }

  /** Handles all that is ready, without moving time. */
  turn(): void {
    for (let turns = 0; turns < 50; turns++) if (this.poller.dispatch() === 0) return;
    throw new Error('the poller does not come to rest');
  }

  /** Lets time pass, handling what becomes ready at each timer. */
  advance(durationNs: bigint): void {
    const endNs = this.clock.nowNs() + durationNs;
    this.turn();
    for (
      let next = this.clock.nextDeadlineNs();
      next !== undefined && next <= endNs;
      next = this.clock.nextDeadlineNs()
    ) {
      this.clock.advanceTo(next);
      this.turn();
    }
    this.clock.advanceTo(endNs);
    this.turn();
  }

  /** Removes a device and lets its uevent come. */
  unplug(id: string): void {
    this.kernel.removeDevice(id);
    this.#clientDevices.get(id)?.markLost();
    this.advance(50n * MS);
  }

  plug(id: string): DeviceId {
    const added = this.kernel.addDevice({ id });
    this.advance(50n * MS);
    return added;
  }

  types(type: SyncTraceEvent['type']): SyncTraceEvent[] {
    return this.trace.filter((event) => event.type === type);
  }

  /** Disposes everything. */
  clear(): void {
    this.#manager?.dispose();
    for (const device of this.#clientDevices.values()) device.close();
    this.kernel.dispose();
    this.poller.close();
  }

  /** Disposes everything and checks that nothing is left, in the manager and in the kernel. */
  end(): void {
    this.#manager?.dispose();
    if (this.#manager) {
      const { counts, waits, handles } = this.#manager.stats();
      const noCounts = { timelines: 0, waits: 0, registrations: 0, releases: 0, fds: 0 };
      assert.deepEqual({ counts, waits, handles }, { counts: noCounts, waits: [], handles: 0 });
    }
    for (const device of this.#clientDevices.values()) device.close();
    const { openDeviceFiles, handles, syncobjs, syncFiles, armed } = this.kernel.accounting();
    assert.deepEqual(
      { openDeviceFiles, handles, syncobjs, syncFiles, armed },
      { openDeviceFiles: 0, handles: [], syncobjs: 0, syncFiles: 0, armed: 0 },
    );
    assert.equal(this.poller.size, 0);
    this.kernel.dispose();
    this.poller.close();
    assert.equal(this.clock.pendingTimers, 0);
  }
}

export function watch(source: ReturnType<Timeline['waitForPoint']>): Seen {
  const seen: Seen = {
    outcomes: [],
    completed: false,
    error: undefined,
    unsubscribe: () => subscription.unsubscribe(),
  };
  const subscription = source.subscribe({
    next: (outcome) => seen.outcomes.push(outcome),
    complete: () => (seen.completed = true),
    error: (error: unknown) => (seen.error = error),
  });
  return seen;
}

/** Runs a test in a world of its own, which must be empty in the end. */
export function inWorld(
  run: (world: SyncWorld) => void,
  gpus = 2,
  options: SimDeviceOptions = {},
): () => void {
  return () => {
    const world = new SyncWorld(gpus, options);
    let failed = true;
    try {
      run(world);
      failed = false;
    } finally {
      // What a failed test leaves says nothing; it is only cleared away.
      if (failed) world.clear();
      else world.end();
    }
  };
}
