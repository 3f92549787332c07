/** The part of the compositor that takes content updates: surfaces, buffers, explicit sync. No output, no input, no shell. */
import type { Clock } from '../native/clock.ts';
import { native } from '../native/binding.ts';
import { Lifetime } from '../native/lifetime.ts';
import type { Poller } from '../native/poller.ts';
import type { SyncKernel } from '../devices/sync-kernel.ts';
import type { Client } from '../protocols/server/client.ts';
import { Display } from '../protocols/server/display.ts';
import { createFixesGlobal } from '../protocols/server/fixes.ts';
import type { BudgetExceeded, SyncBudgets } from '../sync/budget.ts';
import { SyncManager } from '../sync/manager.ts';
import type { RecoveryStrategy } from '../sync/recovery.ts';
import type { SyncStats } from '../sync/stats.ts';
import type { SyncTrace } from '../sync/trace.ts';
import type { WatchdogPolicy } from '../sync/watchdog.ts';
import { DmabufTracker } from './buffer/dmabuf-tracker.ts';
import type { AllocationHint } from './buffer/allocation-hint.ts';
import type { LostBufferPolicy } from './buffer/dmabuf-policy.ts';
import type { DmabufStats } from './buffer/dmabuf-tracker.ts';
import { ClientState, DEFAULT_CLIENT_BUDGETS } from './client-state.ts';
import type { ClientBudgets, ClientStats } from './client-state.ts';
import { BUFFER_FD_SHARE_CLIENT, ClientTotals, defaultTotalBudgets } from './client-totals.ts';
import type { TotalBudgets, TotalStats } from './client-totals.ts';
import type { FailurePolicy } from './commit/failure-policy.ts';
import { Scheduler } from './commit/scheduler.ts';
import type { SchedulerStats } from './commit/scheduler.ts';
import type { HandlerContext } from './handler-context.ts';
import { createAlphaModifierGlobal } from './handlers/alpha-modifier-v1.ts';
import { createCommitTimingGlobal } from './handlers/commit-timing-v1.ts';
import { createCompositorGlobal } from './handlers/compositor.ts';
import { createContentTypeGlobal } from './handlers/content-type-v1.ts';
import { createFifoGlobal } from './handlers/fifo-v1.ts';
import { LinuxDmabuf } from './handlers/linux-dmabuf-v1.ts';
import { createSyncobjGlobal } from './handlers/linux-drm-syncobj-v1.ts';
import { createPresentationGlobal } from './handlers/presentation-time.ts';
import { SecurityContexts } from './handlers/security-context-v1.ts';
import { createShmGlobal } from './handlers/shm.ts';
import { createSinglePixelBufferGlobal } from './handlers/single-pixel-buffer-v1.ts';
import { createSubcompositorGlobal } from './handlers/subcompositor.ts';
import { createTearingControlGlobal } from './handlers/tearing-control-v1.ts';
import { createViewporterGlobal } from './handlers/viewporter.ts';
import { silentLog } from './log.ts';
import type { CompositorLog } from './log.ts';
import type { Surface } from './surface/surface.ts';
import { CommitTracer } from './trace.ts';
import type { CommitTrace } from './trace.ts';

export interface CoreOptions {
  /** The caller's, who starts, drives and closes it (after dispose). */
  readonly poller: Poller;
  readonly clock: Clock;
  /** Where devices, fences and dma-bufs are: the running kernel or the simulated one. */
  readonly kernel: SyncKernel;
  readonly strategy: RecoveryStrategy;
  /** Default: silent. */
  readonly log?: CompositorLog;
  readonly trace?: CommitTrace;
  readonly syncTrace?: SyncTrace;
  readonly budgets?: Partial<ClientBudgets>;
  readonly totalBudgets?: Partial<TotalBudgets>;
  readonly syncBudgets?: Partial<SyncBudgets>;
  readonly watchdog?: WatchdogPolicy;
  /** Default: keep-last-good. */
  readonly failurePolicy?: FailurePolicy;
  /** What becomes of the content of dma-bufs whose device went. Default: show. */
  readonly lostBuffers?: LostBufferPolicy;
  /** Explicit sync with wl_shm and single-pixel buffers too. Default: true. */
  readonly syncForShm?: boolean;
  /** Keep the descriptors of wl_shm pools as long as their buffers. Default: false. */
  readonly keepsPoolFds?: boolean;
  /** Where clients are told to allocate dma-bufs, before devices of our own. */
  readonly allocationHint?: AllocationHint;
  /** For WAYLAND_DEBUG and XDG_RUNTIME_DIR. Default: the process's. */
  readonly env?: NodeJS.ProcessEnv;
}

/** A plain snapshot. */
export interface CoreStats {
  readonly surfaces: number;
  readonly updates: SchedulerStats;
  readonly clients: readonly ClientStats[];
  /** Of all clients together. */
  readonly totals: TotalStats;
  readonly sync: SyncStats;
  readonly dmabufs: DmabufStats;
}

/** Part of RLIMIT_NOFILE for clients' connections, beside what sync and buffers may hold (sync/budget.ts, client-totals.ts). */
const CLIENT_FD_SHARE = 0.1;
/** Part of it for descriptors on their way. What is left, a twentieth, is for the process itself. */
const IN_FLIGHT_FD_SHARE = 0.1;
/** Of one client, before others have theirs: some requests take 10 us and more, so a turn some milliseconds. */
const REQUESTS_PER_TURN = 512;
const SYNC_BUDGET = 'too many fences waited for';

export class CompositorCore implements HandlerContext {
  readonly display: Display;
  readonly clock: Clock;
  readonly log: CompositorLog;
  readonly sync: SyncManager;
  readonly scheduler: Scheduler;
  readonly keepsPoolFds: boolean;
  readonly #lifetime: Lifetime;
  readonly #surfaces = new Set<Surface>();
  readonly #states = new Set<ClientState>();
  readonly #budgets: ClientBudgets;
  readonly #totals: ClientTotals;
  readonly #dmabufs: DmabufTracker;

  /** Announces its globals; listens nowhere yet. */
  constructor(options: CoreOptions) {
    const { clock, poller, kernel } = options;
    const log = options.log ?? silentLog;
    this.clock = clock;
    this.log = log;
    this.keepsPoolFds = options.keepsPoolFds ?? false;
    const { soft: nofile } = native.getNofileLimit();
    const budgets = { ...DEFAULT_CLIENT_BUDGETS, ...options.budgets };
    const bufferFds = Math.min(budgets.bufferFds, Math.floor(nofile * BUFFER_FD_SHARE_CLIENT));
    this.#budgets = { ...budgets, bufferFds };
    this.#totals = new ClientTotals({ ...defaultTotalBudgets(nofile), ...options.totalBudgets });
    this.#lifetime = new Lifetime((error) => log.error('while shutting down', error));
    this.sync = this.#lifetime.add(
      new SyncManager({
        kernel,
        poller,
        clock,
        strategy: options.strategy,
        log,
        ...(options.syncBudgets && { budgets: options.syncBudgets }),
        ...(options.watchdog && { policy: options.watchdog }),
        ...(options.syncTrace && { trace: options.syncTrace }),
      }),
    );
    this.scheduler = this.#lifetime.add(
      new Scheduler({
        clock,
        log,
        tracer: new CommitTracer(options.trace, log),
        policy: options.failurePolicy ?? 'keep-last-good',
        sync: this.sync,
      }),
    );
    this.display = this.#lifetime.add(
      new Display({
        poller,
        clock,
        log,
        maxClients: Math.floor(nofile * CLIENT_FD_SHARE),
        maxFdsInFlight: Math.floor(nofile * IN_FLIGHT_FD_SHARE),
        limits: { maxMessagesPerTurn: REQUESTS_PER_TURN },
        ...(options.env && { env: options.env }),
      }),
    );
    this.display.addClientListener({
      created: (client) => this.#clientCreated(client),
      destroyed: (client) => this.#clientDestroyed(client),
    });
    this.#dmabufs = this.#lifetime.add(
      new DmabufTracker({
        dmabufs: kernel.dmabufs,
        sync: this.sync,
        policy: options.lostBuffers ?? 'show',
        log,
      }),
    );
    this.#createGlobals(options);
    this.#lifetime.add(new SecurityContexts(this.display, poller));
  }

  get surfaces(): ReadonlySet<Surface> {
    return this.#surfaces;
  }

  addSurface(surface: Surface): void {
    const state = ClientState.of(surface.client);
    this.#surfaces.add(surface);
    state.surfaces.add(surface);
    surface.onDestroyed(() => {
      this.#surfaces.delete(surface);
      state.surfaces.delete(surface);
      state.give('surfaces');
    });
  }

  stats(): CoreStats {
    return {
      surfaces: this.#surfaces.size,
      updates: this.scheduler.stats(),
      clients: [...this.#states].map((state) => state.stats()),
      totals: { ...this.#totals.held, fdsInFlight: this.display.fdsInFlight.count },
      sync: this.sync.stats(),
      dmabufs: this.#dmabufs.stats(),
    };
  }

  /** Disconnects all clients, then gives devices back. Idempotent. */
  dispose(): void {
    this.#lifetime.dispose();
  }

  #createGlobals({ kernel, syncForShm = true, allocationHint }: CoreOptions): void {
    createCompositorGlobal(this);
    createSubcompositorGlobal(this);
    createShmGlobal(this);
    this.#lifetime.add(new LinuxDmabuf(this, kernel, this.#dmabufs, allocationHint));
    this.#lifetime.add(createSyncobjGlobal(this, { syncForShm }));
    createViewporterGlobal(this);
    createPresentationGlobal(this);
    createSinglePixelBufferGlobal(this);
    createFifoGlobal(this);
    createCommitTimingGlobal(this);
    createTearingControlGlobal(this);
    createContentTypeGlobal(this);
    createAlphaModifierGlobal(this);
    createFixesGlobal(this.display);
  }

  #clientCreated(client: Client): void {
    const onBudget = ({ resource, state }: BudgetExceeded): void => {
      const reason = `${SYNC_BUDGET} (${resource})`;
      if (state === 'exceeded') client.pause(reason);
      else if (client.alive) client.resume(reason);
    };
    const name = `client ${client.number}`;
    const owner = this.sync.createOwner(name, onBudget, client.credentials);
    this.#totals.clientCame();
    this.#states.add(new ClientState(client, owner, this.#budgets, this.#totals, this.log));
  }

  /** After its objects: their releases have been signalled. */
  #clientDestroyed(client: Client): void {
    const state = ClientState.of(client);
    this.#states.delete(state);
    this.#totals.clientWent();
    state.sync.dispose();
  }
}
