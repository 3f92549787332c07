/** The one epoll set of a process part: sockets, eventfds, sync_files and timerfds are all members of it. */
import { native } from './binding.ts';

export const EPOLLIN = 0x001;
export const EPOLLOUT = 0x004;
export const EPOLLERR = 0x008;
export const EPOLLHUP = 0x010;
export const EPOLLRDHUP = 0x2000;
export const EPOLLET: number = 0x8000_0000 | 0;

/** A membership. Close it *before* closing the fd. */
export interface Watch {
  /** Replaces the awaited events. */
  modify(events: number): void;
  /** Leaves the set; its callback is never called again, not even for events already collected. Idempotent. */
  close(): void;
}

interface Member {
  readonly fd: number;
  readonly callback: (events: number) => void;
}

const READY_PAIRS = 256;

/**
 * Watches fds. Driven by the event loop between {@link start} and {@link stop}, or by hand with {@link dispatch}
 * (virtual time, tests): then callbacks run in order of registration, so a run is repeatable.
 */
export class Poller {
  readonly #ready = new Int32Array(2 * READY_PAIRS);
  readonly #members = new Map<number, Member>();
  readonly #afterTurn = new Set<() => void>();
  readonly #handle: number;
  #nextId = 1;
  #closed = false;

  constructor() {
    this.#handle = native.pollerCreate(this.#ready, (count) => this.#deliverCollected(count));
  }

  /** Watched fds. */
  get size(): number {
    return this.#members.size;
  }

  /** `fd` stays borrowed until the watch is closed. `events`: EPOLLIN…, add EPOLLET for eventfds that are never read. */
  watch(fd: number, events: number, callback: (events: number) => void): Watch {
    const id = this.#nextId++;
    native.pollerAdd(this.#handle, fd, events, id);
    this.#members.set(id, { fd, callback });
    return {
      modify: (next) => {
        if (this.#members.has(id)) native.pollerModify(this.#handle, fd, next, id);
      },
      close: () => {
        if (this.#members.delete(id) && !this.#closed) native.pollerRemove(this.#handle, fd);
      },
    };
  }

  /** Called after each turn's callbacks, driven either way: the place to flush sockets. Returns its remover. */
  onTurnEnd(callback: () => void): () => void {
    this.#afterTurn.add(callback);
    return () => this.#afterTurn.delete(callback);
  }

  /** Joins the event loop. `ref`: whether being watched keeps the process alive. */
  start(options: { ref?: boolean } = {}): void {
    native.pollerStart(this.#handle);
    native.pollerRef(this.#handle, options.ref ?? true);
  }

  stop(): void {
    if (!this.#closed) native.pollerStop(this.#handle);
  }

  /**
   * Handles what is ready now, once, without the event loop. Returns the number of callbacks due. `timeoutMs` blocks: tests only.
   *
   * Epoll's own order depends on when each fd became ready; the order of registration depends on nothing.
   */
  dispatch(timeoutMs = 0): number {
    const ready = new Map<number, number>();
    const fullTurns = Math.ceil(this.#members.size / READY_PAIRS);
    let count = native.pollerWait(this.#handle, timeoutMs);
    this.#addCollected(count, ready);
    // What was collected goes to the end of epoll's list: as many turns as it takes have seen every member.
    for (let turn = 1; turn < fullTurns && count === READY_PAIRS; turn++) {
      count = native.pollerWait(this.#handle, 0);
      this.#addCollected(count, ready);
    }
    const sorted = [...ready].sort(([first], [second]) => first - second);
    this.#deliver(Int32Array.from(sorted.flat()), ready.size);
    return ready.size;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#members.clear();
    native.pollerClose(this.#handle);
  }

  #addCollected(count: number, ready: Map<number, number>): void {
    for (let index = 0; index < 2 * count; index += 2) {
      const id = this.#ready[index] ?? 0;
      ready.set(id, (this.#ready[index + 1] ?? 0) | (ready.get(id) ?? 0));
    }
  }

  /** A callback may dispatch again, so what is read after it has to be a copy; a single event, the usual case, needs none. */
  #deliverCollected(count: number): void {
    this.#deliver(count === 1 ? this.#ready : this.#ready.slice(0, 2 * count), count);
  }

  /**
   * `ready`: pairs of id and events. An edge-triggered event comes once, so a callback that throws must not cost the others theirs:
   * its error is thrown last.
   */
  #deliver(ready: Int32Array, count: number): void {
    let errors: unknown[] | null = null;
    for (let index = 0; index < 2 * count; index += 2) {
      try {
        this.#members.get(ready[index]!)?.callback(ready[index + 1]!);
      } catch (error) {
        (errors ??= []).push(error);
      }
    }
    for (const callback of this.#afterTurn) {
      try {
        callback();
      } catch (error) {
        (errors ??= []).push(error);
      }
    }
    if (errors === null) return;
    if (errors.length === 1) throw errors[0];
    throw new AggregateError(errors, 'several poller callbacks failed');
  }
}
