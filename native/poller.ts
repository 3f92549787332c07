/** The one epoll set of a process part: sockets, eventfds, sync_files and timerfds are all members of it. */
import { native } from './binding.ts';

export const EPOLLIN = 0x001;
export const EPOLLOUT = 0x004;
export const EPOLLERR = 0x008;
export const EPOLLHUP = 0x010;
/** The peer sends no more. */
export const EPOLLRDHUP = 0x2000;
export const EPOLLET: number = 0x8000_0000 | 0;

/** A membership. Close it *before* closing the fd. */
export interface Watch {
  /** Replaces the awaited events. */
  modify(events: number): void;
  /** Leaves the set; its callback is never called again, not even for events already collected. Idempotent. */
  close(): void;
}

/** What node does itself between timers of one turn (lib/internal/process/task_queues.js: runNextTicks). */
const { _tickCallback: runTicksAndMicrotasks } = process as { _tickCallback?: () => void };

const READY_PAIRS = 256;
const NOTHING = new Int32Array(0);

/**
 * Watches fds. Driven by the event loop between {@link start} and {@link stop}, or by hand with {@link dispatch}
 * (virtual time, tests): then callbacks run in order of registration, so a run is repeatable.
 */
export class Poller {
  readonly #ready = new Int32Array(2 * READY_PAIRS);
  readonly #members = new Map<number, Member>();
  /** Replaced when it changes, so that a turn goes through it as it was. */
  #afterTurn: readonly (() => void)[] = [];
  readonly #handle: number;
  #nextId: number;
  /** Pairs in {@link #ready} whose callbacks are being called in a turn of the loop. */
  #delivering = 0;
  #started = false;
  #closed = false;

  /** `firstId`: tests alone begin near the last one. */
  constructor({ firstId = 1 }: { firstId?: number } = {}) {
    this.#nextId = firstId;
    this.#handle = native.pollerCreate(this.#ready.buffer, (count, mayStay) =>
      this.#runTurns(count, mayStay),
    );
  }

  /** Watched fds. */
  get size(): number {
    return this.#members.size;
  }

  /** `fd` stays borrowed until the watch is closed. `events`: EPOLLIN…, add EPOLLET for eventfds that are never read. */
  watch(fd: number, events: number, callback: (events: number) => void): Watch {
    const id = this.#takeId();
    native.pollerAdd(this.#handle, fd, events, id);
    const member = new Member(this.#members, this.#handle, id, fd, callback);
    this.#members.set(id, member);
    return member;
  }

  /** Called after each turn's callbacks, driven either way: the place to flush sockets. Returns its remover. */
  onTurnEnd(callback: () => void): () => void {
    // Its own entry, should one function be given twice.
    const entry = (): void => callback();
    this.#afterTurn = [...this.#afterTurn, entry];
    return () => {
      this.#afterTurn = this.#afterTurn.filter((other) => other !== entry);
    };
  }

  /** Joins the event loop. `ref`: whether being watched keeps the process alive. */
  start(options: { ref?: boolean } = {}): void {
    native.pollerStart(this.#handle);
    this.#started = true;
    native.pollerRef(this.#handle, options.ref ?? true);
  }

  stop(): void {
    this.#started = false;
    if (!this.#closed) native.pollerStop(this.#handle);
  }

  /**
   * Handles what is ready now, once, without the event loop. Returns the number of callbacks due. `timeoutMs` blocks: tests only.
   *
   * Epoll's own order depends on when each fd became ready; the order of registration depends on nothing.
   */
  dispatch(timeoutMs = 0): number {
    // In a callback of a turn of the loop: the rest of that turn comes after.
    const interrupted =
      this.#delivering === 0 ? NOTHING : this.#ready.slice(0, 2 * this.#delivering);
    const count = native.pollerWait(this.#handle, timeoutMs);
    const collected = count === 0 ? NOTHING : this.#collect(count);
    this.#ready.set(interrupted);
    this.#deliver(collected, collected.length / 2);
    return collected.length / 2;
  }

  /**
   * One turn as the event loop makes it, now: for code that is to be compiled the way it will run. True when something was ready.
   * What a callback throws is an uncaught exception, as there.
   */
  turn(): boolean {
    return native.pollerTurn(this.#handle);
  }

  /** The same as turns are that follow one of the loop's within its call, on a poller that is not started. Throws what a callback does. */
  furtherTurn(): boolean {
    if (this.#started) throw new Error('the poller is on the event loop');
    return this.#turnOfStay();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#started = false;
    this.#members.clear();
    native.pollerClose(this.#handle);
  }

  /**
   * Epoll has room for 32 bits, which a display that runs for weeks gets through: one that came round passes those still in use.
   * No number is used again soon: an event that was collected already must not find another member under it.
   */
  #takeId(): number {
    while (this.#members.has(this.#nextId)) this.#nextId = (this.#nextId + 1) | 0;
    const id = this.#nextId;
    this.#nextId = (id + 1) | 0;
    return id;
  }

  /** A copy of the `count` pairs that are ready, in order of registration. */
  #collect(count: number): Int32Array {
    const collected =
      count < READY_PAIRS ? this.#ready.slice(0, 2 * count) : this.#collectAll(count);
    sortPairs(collected);
    return collected;
  }

  /** A batch was full. What was collected goes to the end of epoll's list: as many turns as it takes have seen every member. */
  #collectAll(firstCount: number): Int32Array {
    const ready = new Map<number, number>();
    const fullTurns = Math.ceil(this.#members.size / READY_PAIRS);
    let count = firstCount;
    this.#addCollected(count, ready);
    for (let turn = 1; turn < fullTurns && count === READY_PAIRS; turn++) {
      count = native.pollerWait(this.#handle, 0);
      this.#addCollected(count, ready);
    }
    return Int32Array.from([...ready].flat());
  }

  #addCollected(count: number, ready: Map<number, number>): void {
    for (let index = 0; index < 2 * count; index += 2) {
      const id = this.#ready[index] ?? 0;
      ready.set(id, (this.#ready[index + 1] ?? 0) | (ready.get(id) ?? 0));
    }
  }

  /**
   * A turn of the loop; with `mayStay` more of them, one after the other while nobody else on the loop has anything to do, each ended as
   * node ends one. Not in a function of its own, which would be read and compiled when the first clients have become busy.
   */
  #runTurns(count: number, mayStay: boolean): void {
    this.#deliverCollected(count);
    if (!mayStay || runTicksAndMicrotasks === undefined) return;
    do runTicksAndMicrotasks();
    while (this.#started && this.#turnOfStay());
  }

  #turnOfStay(): boolean {
    const count = native.pollerStay(this.#handle);
    if (count === 0) return false;
    this.#deliverCollected(count);
    return true;
  }

  #deliverCollected(count: number): void {
    this.#delivering = count;
    try {
      this.#deliver(this.#ready, count);
    } finally {
      this.#delivering = 0;
    }
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

/** One watched fd. Has no reference to the poller itself, which may be gone before. */
class Member implements Watch {
  readonly callback: (events: number) => void;
  readonly #members: Map<number, Member>;
  readonly #handle: number;
  readonly #id: number;
  readonly #fd: number;

  constructor(
    members: Map<number, Member>,
    handle: number,
    id: number,
    fd: number,
    callback: (events: number) => void,
  ) {
    this.callback = callback;
    this.#members = members;
    this.#handle = handle;
    this.#id = id;
    this.#fd = fd;
  }

  modify(events: number): void {
    if (this.#members.has(this.#id)) native.pollerModify(this.#handle, this.#fd, events, this.#id);
  }

  close(): void {
    // A closed poller has no members.
    if (this.#members.delete(this.#id)) native.pollerRemove(this.#handle, this.#fd);
  }
}

/** By their first numbers, in place. A turn's events are few and nearly in order: insertion beats a general sort. */
function sortPairs(pairs: Int32Array): void {
  for (let from = 2; from < pairs.length; from += 2) {
    const [id, events] = [pairs[from]!, pairs[from + 1]!];
    let to = from;
    for (; to > 0 && pairs[to - 2]! > id; to -= 2) pairs.copyWithin(to, to - 2, to);
    pairs[to] = id;
    pairs[to + 1] = events;
  }
}
