/**
 * A compositor and any number of clients in one process, driven by hand: simulated kernel, virtual time, real sockets.
 *
 * `settle()` runs every party until nothing is readable; `frame()` lets the one output latch, paint (nothing) and present.
 */
import { native } from '../../native/binding.ts';
import { ManualClock } from '../../native/clock.ts';
import { OwnedFd } from '../../native/fd.ts';
import { Poller } from '../../native/poller.ts';
import type { SimDeviceOptions } from '../../devices/simulated/sim-device.ts';
import { SimulatedKernel } from '../../devices/simulated/simulated-kernel.ts';
import type { WlOutputResource } from '../../protocols/generated/wayland.server.ts';
import type { Client } from '../../protocols/server/client.ts';
import { strategyByName } from '../../sync/recovery/strategies.ts';
import { CompositorCore } from '../../compositor/core.ts';
import type { CoreOptions } from '../../compositor/core.ts';
import type { Surface } from '../../compositor/surface/surface.ts';
import type { SurfaceOutput } from '../../compositor/surface/surface-output.ts';
import type { CommitTraceEvent } from '../../compositor/trace.ts';
import { TestClient } from './compositor-client.ts';

export const MS = 1_000_000n;
export const REFRESH_NS = 16_666_666n;

export interface FixtureOptions extends Partial<
  Pick<
    CoreOptions,
    | 'failurePolicy'
    | 'lostBuffers'
    | 'syncForShm'
    | 'budgets'
    | 'totalBudgets'
    | 'syncBudgets'
    | 'watchdog'
    | 'syncTrace'
  >
> {
  /** GPUs sim:0 … sim:N-1. Default 2. */
  readonly gpus?: number;
  /** What they can do. */
  readonly gpu?: SimDeviceOptions;
  /** Default: failover. */
  readonly strategy?: string;
}

/** Shows every surface that has content, paints nothing. */
export class TestOutput implements SurfaceOutput {
  readonly name = 'TEST-1';
  readonly refreshNs = REFRESH_NS;
  sequence = 0n;
  readonly #clock: ManualClock;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  /** It latches when it has presented. */
  get nextLatchNs(): bigint {
    return this.#clock.nowNs() + REFRESH_NS;
  }

  resourcesOf(_client: Client): Iterable<WlOutputResource> {
    return [];
  }
}

export class CompositorFixture {
  readonly clock: ManualClock = new ManualClock();
  readonly poller: Poller = new Poller();
  readonly kernel: SimulatedKernel = new SimulatedKernel(this.clock);
  readonly output: TestOutput = new TestOutput(this.clock);
  readonly core: CompositorCore;
  readonly trace: CommitTraceEvent[] = [];
  readonly logged: string[] = [];
  /** Presentation times for which the scheduler asked to be latched. */
  readonly latchesWanted: bigint[] = [];
  readonly #clients: TestClient[] = [];
  /** Surfaces that are not on the output although they have content. */
  readonly hidden: Set<Surface> = new Set();

  constructor(options: FixtureOptions = {}) {
    const { gpus = 2, gpu = {}, strategy = 'failover', ...core } = options;
    for (let index = 0; index < gpus; index++) this.kernel.addDevice(gpu);
    this.clock.advanceBy(100n * MS);
    const keep =
      (level: string) =>
      (message: string, cause?: unknown): void => {
        const detail = cause instanceof Error ? `: ${cause.stack ?? cause.message}` : '';
        this.logged.push(`${level}: ${message}${detail}`);
      };
    this.core = new CompositorCore({
      poller: this.poller,
      clock: this.clock,
      kernel: this.kernel,
      strategy: strategyByName(strategy),
      log: { error: keep('error'), warn: keep('warn'), info: keep('info'), debug: keep('debug') },
      trace: (event) => this.trace.push(event),
      env: {},
      ...core,
    });
    this.core.scheduler.onLatchWanted((_surface, presentationNs) => {
      this.latchesWanted.push(presentationNs);
    });
  }

  /** A new client, after its first round trip. */
  connect(): TestClient {
    const [serverFd, clientFd] = native.socketPair();
    const client = this.core.display.connect(new OwnedFd(serverFd));
    const testClient = new TestClient(this, new OwnedFd(clientFd), client);
    this.#clients.push(testClient);
    this.settle();
    return testClient;
  }

  /** Runs turns until two in a row find nothing to do: one turn's flush makes the next one's input. */
  settle(): void {
    for (let quiet = 0; quiet < 2;) quiet = this.poller.dispatch() === 0 ? quiet + 1 : 0;
  }

  /** Virtual time goes on, timers fire, everybody reacts. */
  advance(durationNs: bigint): void {
    const targetNs = this.clock.nowNs() + durationNs;
    this.settle();
    for (;;) {
      const nextNs = this.clock.nextDeadlineNs();
      if (nextNs === undefined || nextNs > targetNs) break;
      this.clock.advanceTo(nextNs);
      this.settle();
    }
    this.clock.advanceTo(targetNs);
    this.settle();
  }

  /** One refresh cycle: latch for the next vertical blank, paint, reach it, present. */
  frame(): void {
    this.settle();
    const { output } = this;
    const presentationNs = this.clock.nowNs() + REFRESH_NS;
    for (const surface of this.core.surfaces) {
      if (surface.mapped && !this.hidden.has(surface)) surface.visibleOn.add(output);
      else surface.visibleOn.delete(output);
    }
    this.core.scheduler.latch(output, presentationNs);
    this.core.scheduler.closeLatch(output);
    const painted = [...this.core.surfaces].filter((surface) => surface.visibleOn.has(output));
    for (const surface of painted) this.core.scheduler.latched(surface, output);
    const frames = painted.map((surface) => surface.takeFrame());
    this.clock.advanceTo(presentationNs);
    output.sequence++;
    for (const frame of frames) {
      frame.presented({
        output,
        timestampNs: presentationNs,
        refreshNs: REFRESH_NS,
        sequence: output.sequence,
        flags: 0,
      });
    }
    this.core.display.flush();
    this.settle();
  }

  /** All clients leave, the compositor and the kernel end. Throws when the compositor logged an error or something is left. */
  dispose(): void {
    for (const client of this.#clients) client.close();
    this.settle();
    const { surfaces, clients, sync } = this.core.stats();
    this.core.dispose();
    const errors = this.logged.filter((line) => line.startsWith('error'));
    const accounting = this.kernel.accounting();
    this.kernel.dispose();
    this.poller.close();
    if (errors.length > 0) throw new Error(errors.join('\n'));
    const left = {
      surfaces,
      clients: clients.length,
      waits: sync.counts.waits,
      timelines: sync.counts.timelines,
      releasesOwed: sync.releasesOwed,
      releasesAbandoned: sync.counters.releasesAbandoned,
      openDeviceFiles: accounting.openDeviceFiles,
    };
    const remains = Object.entries(left).filter(([, count]) => count !== 0);
    if (remains.length > 0)
      throw new Error(`left behind: ${JSON.stringify(Object.fromEntries(remains))}`);
  }
}

/** Runs `test` with a fixture and always ends it. A failed assertion says more than what it left behind, so it wins. */
export function withCompositor(
  options: FixtureOptions,
  test: (fixture: CompositorFixture) => void,
): void {
  const fixture = new CompositorFixture(options);
  try {
    test(fixture);
  } catch (failure) {
    try {
      fixture.dispose();
    } catch {
      // Follows from the failure.
    }
    throw failure;
  }
  fixture.dispose();
}
