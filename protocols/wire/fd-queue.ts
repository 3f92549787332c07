/** File descriptors that travel beside the bytes, in order. */
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import type { FdsInFlight } from './fds-in-flight.ts';

/** A first-in first-out of owned descriptors; the numbers stay plain until somebody takes them. Empty queues hold no memory. */
export class FdQueue {
  readonly #inFlight: FdsInFlight | null;
  #fds: number[] | null = null;
  #head = 0;

  /** `inFlight`: counts what is in this queue. */
  constructor(inFlight: FdsInFlight | null = null) {
    this.#inFlight = inFlight;
  }

  get size(): number {
    return this.#fds === null ? 0 : this.#fds.length - this.#head;
  }

  /** Takes ownership of the number. */
  push(fd: number): void {
    if (this.#fds === null) this.#fds = [fd];
    else this.#fds.push(fd);
    this.#inFlight?.add(1);
  }

  /** The number at `index` from the front, borrowed; -1 when there is none. For traces and sendmsg. */
  peek(index: number): number {
    return this.#fds?.[this.#head + index] ?? -1;
  }

  /** The first one, owned by the caller; undefined when the queue is empty. */
  take(): OwnedFd | undefined {
    if (this.#fds === null) return undefined;
    const fd = this.#fds[this.#head];
    if (fd === undefined) return undefined;
    this.#advance(1);
    return new OwnedFd(fd);
  }

  /** Closes the first `count`, or as many as there are. */
  closeFirst(count: number): void {
    const closing = Math.min(count, this.size);
    for (let index = 0; index < closing; index++) closeQuietly(this.peek(index));
    this.#advance(closing);
  }

  closeAll(): void {
    this.closeFirst(this.size);
  }

  /** Moves the first `count` to the end of `other`. */
  moveTo(other: FdQueue, count: number): void {
    const moving = Math.min(count, this.size);
    for (let index = 0; index < moving; index++) other.push(this.peek(index));
    this.#advance(moving);
  }

  #advance(count: number): void {
    if (this.#fds === null) return;
    this.#inFlight?.add(-count);
    this.#head += count;
    if (this.#head < this.#fds.length) return;
    this.#fds = null;
    this.#head = 0;
  }
}

function closeQuietly(fd: number): void {
  try {
    native.close(fd);
  } catch {
    // Gone either way (close(2)).
  }
}
