/** File descriptors with an owner. */
import { native } from './binding.ts';

/** Where live descriptors were made, kept only while tracking (tests). */
let creationStacks: Map<OwnedFd, string> | undefined;

/**
 * A file descriptor with exactly one owner, who closes it.
 *
 * A parameter of this type takes ownership, also when the call throws; `fd: number` borrows for the call.
 */
export class OwnedFd {
  #fd: number;

  constructor(fd: number) {
    if (!Number.isInteger(fd) || fd < 0) throw new RangeError(`not a file descriptor: ${fd}`);
    this.#fd = fd;
    creationStacks?.set(this, new Error('created here').stack ?? '');
  }

  /** The number, borrowed. Throws once closed or released. */
  get fd(): number {
    if (this.#fd < 0) throw new Error('file descriptor used after close');
    return this.#fd;
  }

  get closed(): boolean {
    return this.#fd < 0;
  }

  /** A second descriptor of the same open file (F_DUPFD_CLOEXEC), owned by the caller. */
  dup(): OwnedFd {
    return new OwnedFd(native.dup(this.fd));
  }

  /** Gives ownership of the number to the caller. */
  release(): number {
    const fd = this.fd;
    this.#forget();
    return fd;
  }

  /** Closes it. Idempotent, never throws: there is nothing a caller could do about a failing close(2). */
  close(): void {
    if (this.#fd < 0) return;
    const fd = this.#fd;
    this.#forget();
    try {
      native.close(fd);
    } catch {
      // EIO or EINTR: the descriptor is gone either way (close(2)).
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #forget(): void {
    this.#fd = -1;
    creationStacks?.delete(this);
  }
}

/** From now on remember where each OwnedFd is made. Returns a function giving the creation stacks of those still open. */
export function trackOwnedFds(): () => string[] {
  creationStacks = new Map();
  return () => [...(creationStacks?.values() ?? [])];
}
