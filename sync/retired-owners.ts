/**
 * Owners whose client is gone and that still owe a release: no device took it when the client left.
 *
 * Whether anybody else holds the syncobj cannot be asked, so the debt is kept until a device comes: the client may have handed
 * the timeline to a process that waits. How much is kept is bounded; then the peer that has most kept loses its oldest.
 */
import type { SyncPeer } from './peer.ts';

/** Timelines an owner may leave with debts, each keeping its descriptor; the others' debts are abandoned. */
export const MAX_RETIRED_PER_OWNER = 128;
/** Of all owners that are gone. */
export const MAX_RETIRED_TIMELINES = 1024;

/** What is kept of an owner. */
export interface RetiredOwner {
  readonly peer: SyncPeer;
  readonly timelineCount: number;
  /** Gives up what is still owed. */
  forget(): void;
}

export class RetiredOwners<T extends RetiredOwner> {
  readonly #owners = new Set<T>();
  readonly #limit: number;

  /** `limit`: timelines of all together. */
  constructor(limit: number = MAX_RETIRED_TIMELINES) {
    this.#limit = limit;
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#owners.values();
  }

  add(owner: T): void {
    this.#owners.add(owner);
    while (this.#timelineCount() > this.#limit) this.#oldestOfGreediest()?.forget();
  }

  delete(owner: T): void {
    this.#owners.delete(owner);
  }

  #timelineCount(): number {
    let count = 0;
    for (const owner of this.#owners) count += owner.timelineCount;
    return count;
  }

  #oldestOfGreediest(): T | undefined {
    const counts = new Map<string, { oldest: T; count: number }>();
    let greediest: { oldest: T; count: number } | undefined;
    for (const owner of this.#owners) {
      const key = `${owner.peer.uid}/${owner.peer.pid}`;
      const entry = counts.get(key) ?? { oldest: owner, count: 0 };
      entry.count += owner.timelineCount;
      counts.set(key, entry);
      if (!greediest || entry.count > greediest.count) greediest = entry;
    }
    return greediest?.oldest;
  }
}
