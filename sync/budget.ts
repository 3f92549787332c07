/**
 * Budgets: what one client, and all of them together, may make us hold.
 *
 * Hard limits throw {@link BudgetExceededError} (the compositor makes it a protocol error). Soft ones tell the owner to stop
 * reading its client's socket, and tell again when there is room. Only what resolves without another request of the client
 * has a soft limit: pausing a client that must speak to get relief would be a deadlock.
 */
import { BudgetExceededError, SyncDisposedError } from './errors.ts';
import type { SyncPeer } from './peer.ts';

/**
 * - `timelines`: syncobjs held, also those the client destroyed while something of them is pending.
 * - `waits`: pending waits, equal points counted once.
 * - `registrations`: armed eventfds. The kernel can neither cancel nor count them (kernel-facts G), so they are counted here
 *   until their point is reached, also when nobody waits any more.
 * - `releases`: release points not yet signalled.
 * - `fds`: descriptors kept (syncobjs, sync_files).
 */
export type BudgetResource = 'timelines' | 'waits' | 'registrations' | 'releases' | 'fds';
export type BudgetScope = 'owner' | 'total';

export interface BudgetLimit {
  /** Above it the owner is told to pause. Infinity: never. */
  readonly soft: number;
  /** Above it the request fails. */
  readonly hard: number;
}

export type BudgetLimits = Readonly<Record<BudgetResource, BudgetLimit>>;

export interface SyncBudgets {
  readonly owner: BudgetLimits;
  /** Only `hard` counts: once the total is reached, owners above their fair share are refused, the others are not. */
  readonly total: BudgetLimits;
}

/** What an owner is told when a soft limit is crossed upwards (`exceeded`) or there is room again (`relieved`). */
export interface BudgetExceeded {
  readonly resource: BudgetResource;
  readonly state: 'exceeded' | 'relieved';
  readonly count: number;
  readonly limit: number;
}

/** Relief comes at this part of the soft limit, so that a client does not flap at the edge. */
const RELIEF_RATIO = 0.75;

/** Mesa's WSI makes two timelines an image and many images during a resize storm. */
export const MAX_TIMELINES_PER_OWNER = 4096;
export const SOFT_WAITS_PER_OWNER = 4096;
export const MAX_WAITS_PER_OWNER = 16_384;
export const SOFT_REGISTRATIONS_PER_OWNER = 2048;
export const MAX_REGISTRATIONS_PER_OWNER = 4096;
export const MAX_RELEASES_PER_OWNER = 16_384;
export const MAX_TIMELINES = 65_536;
export const MAX_WAITS = 262_144;
/** About 100 bytes of kernel memory each. */
export const MAX_REGISTRATIONS = 131_072;
export const MAX_RELEASES = 262_144;
/** Part of RLIMIT_NOFILE that sync may hold; the rest is for sockets, buffers and the process itself. */
export const FD_SHARE_TOTAL = 0.6;
/** Part of RLIMIT_NOFILE that one owner may hold. */
export const FD_SHARE_OWNER = 0.15;

/** The defaults under a limit of `nofile` descriptors (RLIMIT_NOFILE, soft). */
export function defaultBudgets(nofile: number): SyncBudgets {
  return {
    owner: {
      timelines: { soft: Infinity, hard: MAX_TIMELINES_PER_OWNER },
      waits: { soft: SOFT_WAITS_PER_OWNER, hard: MAX_WAITS_PER_OWNER },
      registrations: { soft: SOFT_REGISTRATIONS_PER_OWNER, hard: MAX_REGISTRATIONS_PER_OWNER },
      releases: { soft: Infinity, hard: MAX_RELEASES_PER_OWNER },
      fds: { soft: Infinity, hard: Math.floor(nofile * FD_SHARE_OWNER) },
    },
    total: {
      timelines: { soft: Infinity, hard: MAX_TIMELINES },
      waits: { soft: Infinity, hard: MAX_WAITS },
      registrations: { soft: Infinity, hard: MAX_REGISTRATIONS },
      releases: { soft: Infinity, hard: MAX_RELEASES },
      fds: { soft: Infinity, hard: Math.floor(nofile * FD_SHARE_TOTAL) },
    },
  };
}

export type BudgetCounts = Record<BudgetResource, number>;

export function noCounts(): BudgetCounts {
  return { timelines: 0, waits: 0, registrations: 0, releases: 0, fds: 0 };
}

/** All owners together. */
export class TotalAccount {
  readonly limits: BudgetLimits;
  readonly counts: BudgetCounts = noCounts();
  owners = 0;

  constructor(limits: BudgetLimits) {
    this.limits = limits;
  }
}

/** One owner's account. What is taken is given back with {@link give}, or all at once with {@link close}. */
export class Account {
  readonly name: string;
  readonly peer: SyncPeer;
  readonly counts: BudgetCounts = noCounts();
  readonly #limits: BudgetLimits;
  readonly #total: TotalAccount;
  readonly #onSoft: (exceeded: BudgetExceeded) => void;
  readonly #exceeded = new Set<BudgetResource>();
  #closed = false;
  #retired = false;

  constructor(
    name: string,
    peer: SyncPeer,
    limits: BudgetLimits,
    total: TotalAccount,
    onSoft: (exceeded: BudgetExceeded) => void,
  ) {
    this.name = name;
    this.peer = peer;
    this.#limits = limits;
    this.#total = total;
    this.#onSoft = onSoft;
    total.owners++;
  }

  /** Whether one more would be granted. */
  hasRoom(resource: BudgetResource): boolean {
    return this.#refusal(resource) === undefined;
  }

  /** Takes one. BudgetExceededError, SyncDisposedError: nothing was taken. */
  take(resource: BudgetResource): void {
    if (this.#closed) throw new SyncDisposedError(`owner ${this.name}`);
    const scope = this.#refusal(resource);
    if (scope !== undefined) {
      const limits = scope === 'owner' ? this.#limits : this.#total.limits;
      throw new BudgetExceededError(this.name, resource, scope, limits[resource].hard);
    }
    this.#total.counts[resource]++;
    const count = ++this.counts[resource];
    const limit = this.#limits[resource].soft;
    if (count > limit && !this.#retired && !this.#exceeded.has(resource)) {
      this.#exceeded.add(resource);
      this.#onSoft({ resource, state: 'exceeded', count, limit });
    }
  }

  give(resource: BudgetResource): void {
    if (this.#closed) return;
    this.#total.counts[resource]--;
    const count = --this.counts[resource];
    const limit = this.#limits[resource].soft;
    if (count <= limit * RELIEF_RATIO && this.#exceeded.delete(resource) && !this.#retired) {
      this.#onSoft({ resource, state: 'relieved', count, limit });
    }
  }

  /** The client is gone: what is still held stays counted, but no share is kept for it and nobody is told. Idempotent. */
  retire(): void {
    if (this.#retired) return;
    this.#retired = true;
    this.#total.owners--;
  }

  /** The owner is gone; whatever is still counted is given back, nobody is told. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.retire();
    this.#closed = true;
    for (const resource of Object.keys(this.counts) as BudgetResource[]) {
      this.#total.counts[resource] -= this.counts[resource];
      this.counts[resource] = 0;
    }
  }

  /** Which limit forbids one more. A crowd cannot starve an owner below its fair share of the total. */
  #refusal(resource: BudgetResource): BudgetScope | undefined {
    const count = this.counts[resource];
    if (count >= this.#limits[resource].hard) return 'owner';
    const total = this.#total.limits[resource].hard;
    if (this.#total.counts[resource] < total) return undefined;
    return count >= total / Math.max(1, this.#total.owners) ? 'total' : undefined;
  }
}
