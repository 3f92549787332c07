/** What the compositor keeps for each Wayland client: its sync owner, its account, what was logged about it. */
import type { Client } from '../protocols/server/client.ts';
import type { SyncOwner } from '../sync/owner.ts';
import { ClientMemory } from './client-memory.ts';
import type { ClientTotals } from './client-totals.ts';
import type { CompositorLog } from './log.ts';
import type { Surface } from './surface/surface.ts';

/** Limits per client. */
export interface ClientBudgets {
  /**
   * Committed updates that wait for a fence, a latch or a time. Above `soft` the client's socket is not read until they are
   * below three quarters of it; at `hard` it gets no_memory.
   */
  readonly pendingUpdates: { readonly soft: number; readonly hard: number };
  /**
   * Updates of synchronised subsurfaces that wait for the parent's commit, at which point the client gets no_memory. There is no
   * soft limit: what they wait for is a request, and a client that is not read cannot make it.
   */
  readonly cachedUpdates: number;
  /** Live wl_surfaces; each takes some KiB of ours. */
  readonly surfaces: number;
  /** Rectangles of its wl_regions, and of the larger regions that surfaces and pointer constraints keep, together. */
  readonly regionRects: number;
  /** Live wl_buffer storages, those still on screen included. */
  readonly buffers: number;
  /**
   * Bytes of shared memory pools and dma-bufs kept for it, each object counted once, by its descriptor. No soft limit, as with
   * all buffers: only requests of the client itself give them back.
   */
  readonly bufferBytes: number;
  /** Descriptors kept for dma-bufs and pools. The process's limit may allow less, see client-totals.ts. */
  readonly bufferFds: number;
}

export const SOFT_PENDING_UPDATES = 128;
export const MAX_PENDING_UPDATES = 256;
export const MAX_CACHED_UPDATES = 4096;
export const MAX_SURFACES = 2048;
export const MAX_REGION_RECTS = 16_384;
export const MAX_BUFFERS = 4096;
export const MAX_BUFFER_BYTES: number = 16 * 2 ** 30;
export const MAX_BUFFER_FDS = 1024;
/** Descriptors of destroyed pools kept for passing the memory on; the buffers of later ones are copied instead. */
export const MAX_KEPT_POOL_FDS = 32;
/** MIME types of all the data a client offers. */
export const MAX_MIME_BYTES_KEPT: number = 2 ** 20;

export const DEFAULT_CLIENT_BUDGETS: ClientBudgets = {
  pendingUpdates: { soft: SOFT_PENDING_UPDATES, hard: MAX_PENDING_UPDATES },
  cachedUpdates: MAX_CACHED_UPDATES,
  surfaces: MAX_SURFACES,
  regionRects: MAX_REGION_RECTS,
  buffers: MAX_BUFFERS,
  bufferBytes: MAX_BUFFER_BYTES,
  bufferFds: MAX_BUFFER_FDS,
};

/** Relief comes at this part of the soft limit, so that a client does not flap at the edge. */
const RELIEF_RATIO = 0.75;
const PAUSE_UPDATES = 'too many pending content updates';

/** What a sandbox engine says of the clients it lets in (security-context-v1.xml: wp_security_context_v1). */
export interface SandboxIdentity {
  readonly engine: string | null;
  readonly appId: string | null;
  readonly instanceId: string | null;
}

/** For globals that clients in sandboxes do not see: they look at other programs, or lead out. */
export const UNSANDBOXED: { readonly filter: (client: Client) => boolean } = {
  filter: (client) => ClientState.of(client).sandbox === null,
};

/** A plain snapshot. */
export interface ClientStats {
  readonly client: number;
  readonly pid: number;
  /** Null: in none. */
  readonly sandbox: SandboxIdentity | null;
  readonly surfaces: number;
  readonly regionRects: number;
  readonly pendingUpdates: number;
  readonly cachedUpdates: number;
  readonly buffers: number;
  /** Sum of the next two. */
  readonly bufferBytes: number;
  readonly shmBytes: number;
  readonly dmabufBytes: number;
  readonly bufferFds: number;
  readonly failedFences: number;
}

export type HeldResource = 'surfaces' | 'buffers' | 'bufferFds';

export class ClientState {
  readonly client: Client;
  /** Timelines, waits and releases of this client. */
  readonly sync: SyncOwner;
  readonly surfaces: Set<Surface> = new Set();
  /** Of its pools and dma-bufs. */
  readonly memory: ClientMemory;
  /** Set once, before its first request. */
  sandbox: SandboxIdentity | null = null;
  /** Acquire fences of it that failed or were lost. */
  failedFences = 0;
  readonly #budgets: ClientBudgets;
  readonly #log: CompositorLog;
  readonly #logged = new Set<string>();
  readonly #held: Record<HeldResource, number> = { surfaces: 0, buffers: 0, bufferFds: 0 };
  readonly #totals: ClientTotals;
  readonly #keptPools = new Set<object>();
  #pendingUpdates = 0;
  #cachedUpdates = 0;
  #regionRects = 0;
  #mimeBytes = 0;
  #paused = false;

  /** `totals`: of all clients together. */
  constructor(
    client: Client,
    sync: SyncOwner,
    budgets: ClientBudgets,
    totals: ClientTotals,
    log: CompositorLog,
  ) {
    this.client = client;
    this.sync = sync;
    this.#budgets = budgets;
    this.#totals = totals;
    this.memory = new ClientMemory(budgets.bufferBytes, totals.bufferBytes);
    this.#log = log;
    client.data = this;
  }

  /** The state of a client of this compositor. */
  static of(client: Client): ClientState {
    if (client.data instanceof ClientState) return client.data;
    throw new Error(`client ${client.number} has no state`);
  }

  /** Whether one more content update fits. */
  get hasRoomForUpdate(): boolean {
    return (
      this.#pendingUpdates < this.#budgets.pendingUpdates.hard &&
      this.#cachedUpdates < this.#budgets.cachedUpdates &&
      this.#totals.updates.hasRoom(this.#pendingUpdates + this.#cachedUpdates)
    );
  }

  /** Updates in a phase became more or fewer. */
  countUpdates(phase: 'cached' | 'queued', change: number): void {
    this.#totals.updates.add(change);
    if (phase === 'cached') {
      this.#cachedUpdates += change;
      return;
    }
    this.#pendingUpdates += change;
    const relief = this.#budgets.pendingUpdates.soft * RELIEF_RATIO;
    if (this.#paused && this.#pendingUpdates <= relief) {
      this.#paused = false;
      if (this.client.alive) this.client.resume(PAUSE_UPDATES);
    }
  }

  /** Stops reading the client when too many updates wait: asked after a commit has had its chance to apply at once. */
  pauseIfNeeded(): void {
    if (this.#paused || this.#pendingUpdates <= this.#budgets.pendingUpdates.soft) return;
    this.#paused = true;
    this.client.pause(PAUSE_UPDATES);
  }

  /** Books one; false (and nothing booked) when the budget does not allow it. */
  take(resource: HeldResource): boolean {
    const held = this.#held[resource];
    const total = this.#totals[resource];
    if (held >= this.#budgets[resource] || !total.hasRoom(held)) return false;
    total.add(1);
    this.#held[resource]++;
    return true;
  }

  give(resource: HeldResource): void {
    this.#held[resource]--;
    this.#totals[resource].add(-1);
  }

  /** See {@link RegionAccount}. */
  changeRegionRects(change: number): boolean {
    const rects = this.#regionRects + change;
    if (change > 0 && rects > this.#budgets.regionRects) return false;
    this.#regionRects = rects;
    return true;
  }

  /** As {@link changeRegionRects}, for the bytes of the MIME types it offers. */
  keepMimeBytes(change: number): boolean {
    const bytes = this.#mimeBytes + change;
    if (change > 0 && bytes > MAX_MIME_BYTES_KEPT) return false;
    this.#mimeBytes = bytes;
    return true;
  }

  /** Whether a pool keeps its descriptor beyond its wl_shm_pool; then {@link poolFdClosed} tells its end. */
  keepPoolFd(pool: object): boolean {
    if (this.#keptPools.size >= MAX_KEPT_POOL_FDS) return false;
    this.#keptPools.add(pool);
    return true;
  }

  poolFdClosed(pool: object): void {
    this.#keptPools.delete(pool);
  }

  /** Warns once per client and kind of event. */
  warnOnce(kind: string, message: string): void {
    this.#logOnce('warn', kind, message);
  }

  /** As {@link warnOnce}, for what nobody did wrong. */
  infoOnce(kind: string, message: string): void {
    this.#logOnce('info', kind, message);
  }

  stats(): ClientStats {
    return {
      client: this.client.number,
      pid: this.client.credentials.pid,
      sandbox: this.sandbox,
      regionRects: this.#regionRects,
      pendingUpdates: this.#pendingUpdates,
      cachedUpdates: this.#cachedUpdates,
      ...this.#held,
      bufferBytes: this.memory.totalBytes,
      shmBytes: this.memory.bytesOf('shm'),
      dmabufBytes: this.memory.bytesOf('dmabuf'),
      failedFences: this.failedFences,
    };
  }

  #logOnce(level: 'warn' | 'info', kind: string, message: string): void {
    if (this.#logged.has(kind)) return;
    this.#logged.add(kind);
    const { pid } = this.client.credentials;
    this.#log[level](`client ${this.client.number} (pid ${pid}): ${message}`);
  }
}
