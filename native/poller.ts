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
    this.#handle = native.pollerCreate(this.#ready, (count) => this.#deliver(count));
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

  /** Handles what is ready now, once, without the event loop. Returns the number of callbacks run. `timeoutMs` blocks: tests only. */
  dispatch(timeoutMs = 0): number {
    const count = native.pollerWait(this.#handle, timeoutMs);
    this.#sortReady(count);
    this.#deliver(count);
    return count;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#members.clear();
    native.pollerClose(this.#handle);
  }

  #deliver(count: number): void {
    const batch = this.#ready.slice(0, 2 * count);
    for (let index = 0; index < batch.length; index += 2) {
      this.#members.get(batch[index]!)?.callback(batch[index + 1]!);
    }
    for (const callback of this.#afterTurn) callback();
  }

  /** epoll's own order depends on when each fd became ready; by id it depends on nothing. */
  #sortReady(count: number): void {
    const pairs: [number, number][] = [];
    for (let index = 0; index < count; index++)
      pairs.push([this.#ready[2 * index]!, this.#ready[2 * index + 1]!]);
    pairs.sort((a, b) => a[0] - b[0]);
    pairs.forEach(([id, events], index) => {
      this.#ready[2 * index] = id;
      this.#ready[2 * index + 1] = events;
    });
  }
}
