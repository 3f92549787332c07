/** Explicit sync as a whole: devices, owners, and what moves between them when a device goes or comes. */
import type { Observable, Subscription } from 'rxjs';
import { map } from 'rxjs/internal/operators/map';
import { native } from '../native/binding.ts';
import type { Clock } from '../native/clock.ts';
import type { Poller } from '../native/poller.ts';
import { DeviceRegistry, type DeviceProblem } from '../devices/registry.ts';
import type { SyncKernel } from '../devices/sync-kernel.ts';
import type { SyncobjDevice } from '../devices/syncobj-device.ts';
import {
  Account,
  TotalAccount,
  defaultBudgets,
  type BudgetExceeded,
  type SyncBudgets,
} from './budget.ts';
import type { SyncContext } from './context.ts';
import { SyncDisposedError } from './errors.ts';
import { ExportPoll } from './export-poll.ts';
import { guarded } from './guarded.ts';
import { LeftBehind } from './left-behind.ts';
import { SILENT_LOG, type SyncLog } from './log.ts';
import { SyncOwner } from './owner.ts';
import { OWN_PROCESS, type SyncPeer } from './peer.ts';
import type { RecoveryContext, RecoveryStrategy } from './recovery.ts';
import { RetiredOwners } from './retired-owners.ts';
import { RetryQueue } from './retry.ts';
import { SignalBatch } from './signal-batch.ts';
import { newCounters, type SyncStats } from './stats.ts';
import { Tracer, type SyncTrace } from './trace.ts';
import { DEFAULT_WATCHDOG_POLICY, Watchdog, type WatchdogPolicy } from './watchdog.ts';

export interface SyncManagerOptions {
  readonly kernel: SyncKernel;
  /** Stays the caller's, who starts, drives and closes it (after {@link SyncManager.dispose}). */
  readonly poller: Poller;
  readonly clock: Clock;
  readonly strategy: RecoveryStrategy;
  /** Default: {@link defaultBudgets} under this process's RLIMIT_NOFILE. */
  readonly budgets?: Partial<SyncBudgets>;
  /** Default: report only. */
  readonly policy?: WatchdogPolicy;
  /** Default: silent. */
  readonly log?: SyncLog;
  readonly trace?: SyncTrace;
}

/** How long an unsubmitted point for which nothing may be armed goes unnoticed at most. */
const LONGEST_POLL_NS = 40_000_000n;

/** A dummy render node made to hold syncobjs; what stands behind /dev/syncobj says so by its kind. */
const CONTAINER_DRIVERS: ReadonlySet<string> = new Set(['rendersync']);

export class SyncManager {
  readonly strategy: RecoveryStrategy;
  /** Live, capable devices, best first. Has a current value; completes on dispose. */
  readonly devices$: Observable<readonly SyncobjDevice[]>;
  readonly #registry: DeviceRegistry;
  readonly #context: SyncContext;
  readonly #budgets: SyncBudgets;
  readonly #total: TotalAccount;
  readonly #owners = new Set<SyncOwner>();
  readonly #retired = new RetiredOwners<SyncOwner>();
  readonly #subscription: Subscription;
  #known: readonly SyncobjDevice[] = [];
  /** What strategies were last told; still true while none of its devices is lost. */
  #recovery: RecoveryContext | undefined;
  #nextTimelineId = 1;
  #wasAvailable = false;
  #problem: DeviceProblem | undefined;
  #initial: SyncobjDevice | undefined;
  #disposed = false;

  /** Opens every capable device of the kernel and follows hot-plug from here on. */
  constructor(options: SyncManagerOptions) {
    const { kernel, poller, clock, strategy } = options;
    const log = options.log ?? SILENT_LOG;
    const policy = options.policy ?? DEFAULT_WATCHDOG_POLICY;
    const tracer = new Tracer(() => clock.nowNs(), options.trace);
    const counters = newCounters();
    const deviceLost = (device: SyncobjDevice): void => this.#registry.reportLost(device);
    this.strategy = strategy;
    this.#budgets = { ...defaultBudgets(native.getNofileLimit().soft), ...options.budgets };
    this.#total = new TotalAccount(this.#budgets.total);
    this.#context = {
      kernel,
      poller,
      clock,
      strategy,
      log,
      tracer,
      counters,
      watchdog: new Watchdog({
        clock,
        policy,
        graceNs:
          policy.unsubmittedGraceNs === undefined
            ? (strategy.unsubmittedGraceNs ?? null)
            : policy.unsubmittedGraceNs,
        log,
        tracer,
        counters,
      }),
      retries: new RetryQueue(clock),
      exportPoll: new ExportPoll(clock),
      signals: new SignalBatch(deviceLost),
      leftBehind: new LeftBehind(),
      unarmed: new RetryQueue(clock, LONGEST_POLL_NS),
      recovery: () => this.#recoveryNow(),
      deviceLost,
    };
    this.#registry = new DeviceRegistry({
      kernel,
      clock,
      onProblem: (problem) => this.#onProblem(problem),
    });
    this.devices$ = this.#registry.devices$.pipe(map((devices) => this.#bestFirst(devices)));
    const failed = (error: unknown): void => log.error('device registry failed', error);
    const next = (devices: readonly SyncobjDevice[]): void => this.#onDevices(devices);
    this.#subscription = this.#registry.devices$.subscribe(
      guarded({ next, error: failed }, failed),
    );
  }

  get devices(): readonly SyncobjDevice[] {
    return this.#recoveryNow().devices;
  }

  /**
   * Whether clients can be offered explicit sync. False: nowhere to put a timeline, and the strategy cannot do without. Once
   * offered it stays so while the strategy keeps fds, since timelines can then wait for a device.
   */
  get available(): boolean {
    return this.#canPlace || (this.strategy.keepsFd && this.#wasAvailable);
  }

  /** Why {@link available} is false; undefined when it is true. */
  get unavailableReason(): string | undefined {
    if (this.available) return undefined;
    const wanted = 'timeline syncobjs and SYNCOBJ_EVENTFD (Linux 6.6)';
    if (this.devices.length > 0) return `strategy ${this.strategy.name} finds no device it can use`;
    if (this.#problem)
      return `no device with ${wanted}: ${this.#problem.node.path}: ${String(this.#problem.error)}`;
    const nodes = this.#context.kernel.listNodes().map((node) => node.path);
    if (nodes.length === 0) return `no DRM device at all (${this.#context.kernel.description})`;
    return `no device with ${wanted} among ${nodes.join(', ')}`;
  }

  /**
   * One owner a client. `onBudget` tells when to stop reading the client's socket and when to go on; it is called from within
   * other calls and must not dispose the owner. `peer`: the process at the other end, which what it leaves behind is booked to.
   */
  createOwner(
    name: string,
    onBudget: (exceeded: BudgetExceeded) => void,
    peer: SyncPeer = OWN_PROCESS,
  ): SyncOwner {
    if (this.#disposed) throw new SyncDisposedError('sync manager');
    const account = new Account(name, peer, this.#budgets.owner, this.#total, onBudget);
    const owner = new SyncOwner(
      this.#context,
      {
        nextTimelineId: () => this.#nextTimelineId++,
        onOwnerRetired: (retired) => {
          this.#owners.delete(retired);
          this.#retired.add(retired);
        },
        onOwnerEnded: (ended) => {
          this.#owners.delete(ended);
          this.#retired.delete(ended);
        },
      },
      account,
    );
    this.#owners.add(owner);
    return owner;
  }

  /** Release points that fall due within `scope` are signalled with one ioctl a device. */
  batch(scope: () => void): void {
    this.#context.signals.run(scope);
  }

  /** See {@link SyncOwner.hintDeadline}, for all owners. */
  hintDeadline(deadlineNs: bigint): void {
    for (const owner of this.#owners) owner.hintDeadline(deadlineNs);
  }

  stats(): SyncStats {
    const owners = [...this.#owners].map((owner) => owner.stats());
    return {
      strategy: this.strategy.name,
      devices: this.devices.map(({ id, label }) => ({ id, label })),
      counts: { ...this.#total.counts },
      counters: { ...this.#context.counters },
      handles: owners.reduce((sum, owner) => sum + owner.handles, 0),
      releasesOwed: owners.reduce((sum, owner) => sum + owner.releasesOwed, 0),
      retired: this.#retiredStats(),
      registrationsLeftBehind: this.#context.leftBehind.total,
      owners,
      waits: owners.flatMap((owner) => owner.waits),
    };
  }

  /** Disposes all owners, then closes the devices. Idempotent. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const owner of this.#owners) owner.dispose();
    for (const owner of this.#retired) owner.forget();
    this.#subscription.unsubscribe();
    this.#context.watchdog.dispose();
    this.#context.retries.dispose();
    this.#context.unarmed.dispose();
    this.#context.exportPoll.dispose();
    this.#registry.dispose();
  }

  #retiredStats(): SyncStats['retired'] {
    const stats = [...this.#retired].map((owner) => owner.stats());
    return {
      owners: stats.length,
      timelines: stats.reduce((sum, owner) => sum + owner.counts.timelines, 0),
      releasesOwed: stats.reduce((sum, owner) => sum + owner.releasesOwed, 0),
    };
  }

  get #canPlace(): boolean {
    return this.strategy.placeTimeline(this.#recoveryNow()).length > 0;
  }

  /** The registry emits in one order, also for what is lost while we are at it: this is never re-entered. */
  #onDevices(devices: readonly SyncobjDevice[]): void {
    this.#recovery = undefined;
    const before = this.#known;
    this.#known = devices;
    for (const device of before) if (!devices.includes(device)) this.#onLost(device);
    const added = devices.filter((device) => !before.includes(device));
    if (added.length > 0) this.#onAdded(added);
  }

  #onLost(device: SyncobjDevice): void {
    const { counters, tracer, watchdog, signals, log } = this.#context;
    const { id, label } = device;
    counters.devicesLost++;
    log.info(`${label}: gone, ${this.devices.length} devices left`);
    if (tracer.active) tracer.emit({ type: 'device-lost', device: id, label });
    watchdog.onDeviceLost();
    signals.run(() => {
      for (const owner of this.#owners) owner.deviceLost(device);
      for (const owner of this.#retired) owner.deviceLost(device);
    });
  }

  #onAdded(devices: readonly SyncobjDevice[]): void {
    const { tracer, retries, signals, log } = this.#context;
    this.#wasAvailable ||= this.#canPlace;
    for (const { id, label } of devices) {
      log.info(`${label}: in use for explicit sync`);
      if (tracer.active) tracer.emit({ type: 'device-added', device: id, label });
    }
    signals.run(() => {
      for (const owner of this.#owners) owner.deviceAdded();
      for (const owner of this.#retired) owner.deviceAdded();
      retries.kick();
    });
  }

  #onProblem(problem: DeviceProblem): void {
    this.#problem = problem;
    if (!problem.retrying)
      this.#context.log.warn(`${problem.node.path}: cannot be opened: ${String(problem.error)}`);
  }

  /** A device may be known lost before the registry has told so. */
  #recoveryNow(): RecoveryContext {
    if (!this.#recovery || this.#recovery.devices.some((device) => device.lost))
      this.#recovery = this.#makeRecovery();
    return this.#recovery;
  }

  #makeRecovery(): RecoveryContext {
    const devices = this.#bestFirst(this.#registry.devices).filter((device) => !device.lost);
    // What is there first is there for good in this respect; asked before anything could be lost (the constructor does).
    this.#initial ??= devices[0];
    return {
      devices,
      containers: devices.filter((device) => this.#isContainer(device)),
      initial: this.#initial,
    };
  }

  #bestFirst(devices: readonly SyncobjDevice[]): readonly SyncobjDevice[] {
    return [
      ...devices.filter((device) => !this.#isContainer(device)),
      ...devices.filter((device) => this.#isContainer(device)),
    ];
  }

  #isContainer(device: SyncobjDevice): boolean {
    const node = this.#registry.nodeOf(device);
    return node !== undefined && (node.kind === 'syncobj' || CONTAINER_DRIVERS.has(node.driver));
  }
}
