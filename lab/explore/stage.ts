/** Where steps are played: compositor, simulated kernel, clock and clients in one process, all driven by hand. */
import { native } from '../../native/binding.ts';
import { ManualClock } from '../../native/clock.ts';
import { OwnedFd } from '../../native/fd.ts';
import { Poller } from '../../native/poller.ts';
import { Compositor } from '../../compositor/compositor.ts';
import type { SimOperation } from '../../devices/simulated/sim-calls.ts';
import { SimulatedKernel } from '../../devices/simulated/simulated-kernel.ts';
import type { RecoveryStrategy } from '../../sync/recovery.ts';
import { countOpenFds } from '../world/open-fds.ts';
import { Bystander } from './bystander.ts';
import { Gpus } from './gpus.ts';
import { Judge } from './judge.ts';
import { Puppet, type PuppetWorld } from './puppet.ts';
import type { PuppetConnection } from './puppet-window.ts';
import { CELL, screenBackend } from './screen.ts';
import type { ConnectStep } from './step.ts';
import { Violations } from './violation.ts';
import { WatchedKernel, type FaultCode } from './watched-kernel.ts';

const NS_PER_MS = 1_000_000n;
export const MAX_CLIENTS = 4;
/** One row for the bystander. */
const ROWS = MAX_CLIENTS + 1;
const COLUMNS = 3;
const START_MS = 60;
/** The longest back-off of what could not be done for want of descriptors or memory, and a bit. */
const FAULT_AFTERMATH_NS = 1_200n * NS_PER_MS;
/** Three refresh cycles: nothing the others do costs a bystander more. */
const LONGEST_IDLE_NS = 51n * NS_PER_MS;
const MAX_TURNS = 1000;

/** What is held, to be compared at the end. */
export interface Holdings {
  readonly fds: number;
  readonly handles: number;
  readonly armed: number;
  readonly watches: number;
  readonly timelines: number;
  readonly waits: number;
  readonly registrations: number;
  readonly releases: number;
  readonly syncFds: number;
  readonly updates: number;
}

interface Fault {
  readonly operation: SimOperation;
  readonly code: FaultCode;
  left: number;
}

interface Race {
  readonly operation: SimOperation;
  readonly phase: 'before' | 'after';
  readonly act: () => void;
}

export class Stage implements PuppetWorld {
  readonly clock: ManualClock = new ManualClock();
  readonly poller: Poller = new Poller();
  readonly violations: Violations = new Violations();
  readonly judge: Judge = new Judge(this.violations, () => this.clock.nowNs());
  readonly kernel: SimulatedKernel;
  readonly gpus: Gpus;
  readonly compositor: Compositor;
  readonly clients: (Puppet | undefined)[] = [];
  readonly bystander: Bystander;
  #faults: Fault[] = [];
  #races: Race[] = [];
  #lastFaultNs = -FAULT_AFTERMATH_NS;
  #colours = 0;

  constructor(strategy: RecoveryStrategy) {
    this.kernel = new SimulatedKernel(this.clock);
    this.gpus = new Gpus(this.kernel, this.clock, { gone: () => this.judge.deviceLost() });
    if (strategy.name === 'container') this.kernel.addContainer();
    if (strategy.name === 'syncobj-device') this.kernel.addSyncobjDevice();
    const broken = (message: string, cause?: unknown): void => {
      const detail = cause instanceof Error ? (cause.stack ?? cause.message) : '';
      this.violations.add('internal-error', `${message} ${detail}`);
    };
    this.compositor = Compositor.create({
      poller: this.poller,
      clock: this.clock,
      kernel: new WatchedKernel(this.kernel, {
        signalled: (syncobj, point) => this.judge.signalled(syncobj, point),
        around: (phase, operation) => this.#around(phase, operation),
        fault: (operation) => this.#fault(operation),
      }),
      strategy,
      env: {},
      outputs: [{ width: COLUMNS * CELL, height: ROWS * CELL, refreshMhz: 60_000 }],
      keymap: null,
      backend: screenBackend((screen) => this.judge.shown(screen)),
      windowManager: (shell, standard) => ({
        ...standard,
        mapped: (toplevel) => {
          const row = this.#rowOf(toplevel.surface.client.number);
          shell.move(toplevel, 0, row * CELL);
        },
        unmapped: () => undefined,
        outputsChanged: () => undefined,
      }),
      trace: (event) => this.judge.traced(event),
      log: { error: broken, warn: () => undefined, info: () => undefined, debug: () => undefined },
    });
    this.advance(START_MS);
    this.bystander = new Bystander(this.#connection(), this.clock);
  }

  nextColour(): number {
    this.#colours++;
    return 2 * this.#colours + 1;
  }

  /** Lets both sides do all they can without time passing. */
  settle(): void {
    for (let quiet = 0, turns = 0; quiet < 2; turns++) {
      quiet = this.poller.dispatch() === 0 ? quiet + 1 : 0;
      if (turns > MAX_TURNS) {
        this.violations.add('internal-error', 'events without end');
        return;
      }
    }
  }

  advance(durationMs: number): void {
    const targetNs = this.clock.nowNs() + BigInt(durationMs) * NS_PER_MS;
    this.settle();
    for (;;) {
      const nextNs = this.clock.nextDeadlineNs();
      if (nextNs === undefined || nextNs > targetNs || this.violations.first) break;
      this.clock.advanceTo(nextNs);
      this.settle();
    }
    this.clock.advanceTo(targetNs);
    this.settle();
  }

  /** A device is there, known to be, and nothing was made to fail lately. */
  get healthy(): boolean {
    return this.gpus.anyKnown && this.clock.nowNs() - this.#lastFaultNs >= FAULT_AFTERMATH_NS;
  }

  /** What must hold whenever nothing more happens by itself. */
  check(): void {
    this.judge.settled(this.healthy);
    for (const client of this.clients) {
      if (client?.cut === undefined) continue;
      this.violations.add('undeserved-disconnect', client.cut);
    }
    const { cut, idleNs } = this.bystander;
    if (cut !== undefined) this.violations.add('undeserved-disconnect', `bystander: ${cut}`);
    if (idleNs > LONGEST_IDLE_NS) {
      this.violations.add('others-delayed', `no frame for ${idleNs / NS_PER_MS} ms`);
    }
  }

  /** False when no GPU is there. */
  connect(plan: ConnectStep): boolean {
    const client = Puppet.start(this, plan, this.#connection());
    this.clients[plan.client] = client;
    return client !== undefined;
  }

  /** Its process ends. */
  kill(slot: number): void {
    const client = this.clients[slot];
    if (!client) return;
    const surfaces = client.window.surfaces.map(({ model }) => model);
    if (!this.healthy || this.#faults.length > 0) this.judge.forgiveReleases(surfaces);
    this.clients[slot] = undefined;
    this.judge.left(client.number);
    client.close();
  }

  injectFault(operation: SimOperation, code: FaultCode, times: number): void {
    this.#faults.push({ operation, code, left: times });
  }

  race(race: Race): void {
    this.#races.push(race);
  }

  /** No more faults and races from here on. */
  calm(): void {
    this.#faults = [];
    this.#races = [];
  }

  holdings(): Holdings {
    const { kernelFds, handles, armed } = this.kernel.accounting();
    const { sync, updates } = this.compositor.stats();
    const { counts } = sync;
    return {
      fds: countOpenFds() - kernelFds,
      handles: handles.reduce((sum, { count }) => sum + count, 0),
      armed,
      watches: this.poller.size,
      timelines: counts.timelines,
      waits: counts.waits,
      registrations: counts.registrations,
      releases: counts.releases,
      syncFds: counts.fds,
      updates: updates.pendingGroups,
    };
  }

  dispose(): void {
    this.calm();
    for (const client of this.clients) client?.close();
    this.bystander.close();
    this.compositor.dispose();
    this.kernel.dispose();
    this.poller.close();
  }

  #rowOf(number: number): number {
    const slot = this.clients.findIndex((client) => client?.number === number);
    return slot < 0 ? ROWS - 1 : slot;
  }

  #connection(): PuppetConnection {
    const [serverFd, clientFd] = native.socketPair();
    const { number } = this.compositor.display.connect(new OwnedFd(serverFd));
    return {
      fd: new OwnedFd(clientFd),
      number,
      poller: this.poller,
      settle: () => this.settle(),
      onGroup: (group) => this.judge.grouped(group),
    };
  }

  #around(phase: 'before' | 'after', operation: SimOperation): void {
    const index = this.#races.findIndex(
      (race) => race.phase === phase && race.operation === operation,
    );
    const [race] = index < 0 ? [] : this.#races.splice(index, 1);
    race?.act();
  }

  #fault(operation: SimOperation): FaultCode | undefined {
    const fault = this.#faults.find((candidate) => candidate.operation === operation);
    if (!fault) return undefined;
    this.#lastFaultNs = this.clock.nowNs();
    if (--fault.left <= 0) this.#faults = this.#faults.filter((other) => other !== fault);
    return fault.code;
  }
}
