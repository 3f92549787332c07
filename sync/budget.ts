/**
 * Budgets: what one client, and all of them together, may make us hold.
 *
 * Hard limits throw {@link BudgetExceededError} (the compositor makes it a protocol error). Soft ones tell the owner to stop
 * reading its client's socket, and tell again when there is room. Only what resolves without another request of the client
 * has a soft limit: pausing a client that must speak to get relief would be a deadlock.
 */
import type { SyncPeer } from './peer.ts';
import { Quota, TotalQuota } from './quota.ts';

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
/** Part of RLIMIT_NOFILE that sync may hold; the rest is for sockets, buffers, what is on its way, and the process itself. */
export const FD_SHARE_TOTAL = 0.5;
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

/** All owners together. */
export class TotalAccount {
  readonly timelines: TotalQuota;
  readonly waits: TotalQuota;
  readonly registrations: TotalQuota;
  readonly releases: TotalQuota;
  readonly fds: TotalQuota;
  owners = 0;

  constructor(limits: BudgetLimits) {
    this.timelines = new TotalQuota(limits.timelines.hard);
    this.waits = new TotalQuota(limits.waits.hard);
    this.registrations = new TotalQuota(limits.registrations.hard);
    this.releases = new TotalQuota(limits.releases.hard);
    this.fds = new TotalQuota(limits.fds.hard);
  }

  get counts(): BudgetCounts {
    return countsOf(this);
  }
}

/** One owner's account. What is taken of a quota is given back to it, or all at once with {@link close}. */
export class Account {
  readonly name: string;
  readonly peer: SyncPeer;
  readonly timelines: Quota;
  readonly waits: Quota;
  readonly registrations: Quota;
  readonly releases: Quota;
  readonly fds: Quota;
  readonly #total: TotalAccount;
  readonly #onSoft: (exceeded: BudgetExceeded) => void;
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
    this.#total = total;
    this.#onSoft = onSoft;
    const quota = (resource: BudgetResource): Quota =>
      new Quota(this, resource, limits[resource], total[resource]);
    this.timelines = quota('timelines');
    this.waits = quota('waits');
    this.registrations = quota('registrations');
    this.releases = quota('releases');
    this.fds = quota('fds');
    total.owners++;
  }

  get counts(): BudgetCounts {
    return countsOf(this);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** How many share the total. */
  get owners(): number {
    return Math.max(1, this.#total.owners);
  }

  /** For its quotas: tells the owner. */
  tell(exceeded: BudgetExceeded): void {
    if (!this.#retired) this.#onSoft(exceeded);
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
    for (const quota of [this.timelines, this.waits, this.registrations, this.releases, this.fds])
      quota.clear();
  }
}

function countsOf(
  counted: Readonly<Record<BudgetResource, { readonly count: number }>>,
): BudgetCounts {
  return {
    timelines: counted.timelines.count,
    waits: counted.waits.count,
    registrations: counted.registrations.count,
    releases: counted.releases.count,
    fds: counted.fds.count,
  };
}
