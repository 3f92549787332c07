/** Ends clients that have left: their sockets tell nothing while a descriptor of the other end is with us. */
import type { Clock, Timer } from '../../native/clock.ts';

/**
 * How long a descriptor may wait for the rest of its request. A client sends both with one sendmsg, or a few in a row: only one that is
 * stopped in between takes long.
 */
export const MAX_STRAY_NS = 10_000_000_000n;

/** A client with descriptors that no request took. */
export interface Straying {
  /** Whether that is still so, though its requests are read. */
  readonly straying: boolean;
  cutForStrayFds(): void;
}

/**
 * Of all clients of a display, on one timer. A client may send its own socket, or one that holds it; when its process is gone, only what we
 * hold keeps the connection open, and nobody would ever close that.
 */
export class StrayWatch {
  readonly #clock: Clock;
  /** The time at which each is looked at; the earliest first. */
  readonly #dueNs = new Map<Straying, bigint>();
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `client` has sent something, and has descriptors left over: it gets its time anew. */
  touch(client: Straying): void {
    this.#dueNs.delete(client);
    this.#dueNs.set(client, this.#clock.nowNs() + MAX_STRAY_NS);
    this.#arm();
  }

  forget(client: Straying): void {
    if (this.#dueNs.delete(client) && this.#dueNs.size === 0) this.close();
  }

  close(): void {
    this.#timer?.close();
    this.#timer = undefined;
    this.#dueNs.clear();
  }

  #arm(): void {
    const [next] = this.#dueNs.values();
    if (next === undefined || this.#timer) return;
    this.#timer = this.#clock.at(next, () => {
      this.#timer = undefined;
      this.#look();
      this.#arm();
    });
  }

  #look(): void {
    const nowNs = this.#clock.nowNs();
    for (const [client, dueNs] of this.#dueNs) {
      if (dueNs > nowNs) return;
      this.#dueNs.delete(client);
      if (client.straying) client.cutForStrayFds();
    }
  }
}
