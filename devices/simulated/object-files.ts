/**
 * Real file descriptors that stand for objects of the simulated kernel.
 *
 * Each is the reading end of a pipe; the kernel keeps the other end. So they can be duplicated, passed over sockets and
 * counted like the real thing, are recognised by their pipe's inode wherever they come back from, and the kernel's end
 * tells when the last copy was closed. (A pair of sockets would do as well, at twice the price.)
 */
import { native } from '../../native/binding.ts';
import { hasErrno } from '../../native/errors.ts';
import { OwnedFd } from '../../native/fd.ts';
import { EPOLLERR, EPOLLET, type Poller, type Watch } from '../../native/poller.ts';

/** One open file of the simulated kernel. */
export interface ObjectFile<T> {
  readonly object: T;
  /** Makes every copy of the descriptor readable, for good. Idempotent. */
  setReadable(): void;
}

interface Entry<T> extends ObjectFile<T> {
  readonly identity: bigint;
  readonly kernelEnd: OwnedFd;
  readonly watch: Watch;
}

const READABLE_BYTE = Uint8Array.of(1);
/** How many descriptors may be opened before the closed ones are looked for. */
const OPENS_PER_REAP = 64;

/** The open files of one kind of object. */
export class ObjectFiles<T> {
  readonly #entries = new Map<bigint, Entry<T>>();
  readonly #poller: Poller;
  readonly #onLastClose: (object: T) => void;
  #opensSinceReap = 0;

  /** `onLastClose`: called from the poller's dispatch, once a file, when no copy of its descriptor is left. */
  constructor(poller: Poller, onLastClose: (object: T) => void) {
    this.#poller = poller;
    this.#onLastClose = onLastClose;
  }

  /** Open files. The kernel holds one descriptor of its own for each. */
  get size(): number {
    return this.#entries.size;
  }

  /** Opens a file for `object`. The caller owns the descriptor. SystemError: EMFILE. */
  open(object: T): { fd: OwnedFd; file: ObjectFile<T> } {
    if (++this.#opensSinceReap >= OPENS_PER_REAP) {
      this.#opensSinceReap = 0;
      this.#poller.dispatch(0);
    }
    const [userNumber, kernelNumber] = native.pipe();
    const kernelEnd = new OwnedFd(kernelNumber);
    const fd = new OwnedFd(userNumber);
    try {
      const identity = native.fileIdentity(userNumber);
      const watch = this.#poller.watch(kernelNumber, EPOLLERR | EPOLLET, () =>
        this.#close(identity, true),
      );
      let readable = false;
      const setReadable = (): void => {
        if (readable || kernelEnd.closed) return;
        readable = true;
        try {
          native.write(kernelNumber, READABLE_BYTE);
        } catch (error) {
          // The last copy has just been closed: nobody is left to see it.
          if (!hasErrno(error, 'EPIPE')) throw error;
        }
      };
      const entry = { identity, object, kernelEnd, watch, setReadable };
      this.#entries.set(identity, entry);
      return { fd, file: entry };
    } catch (error) {
      kernelEnd.close();
      fd.close();
      throw error;
    }
  }

  /** The object behind a (borrowed) descriptor; undefined when it is no such file, or closed. */
  find(fd: number): T | undefined {
    try {
      return this.#entries.get(native.fileIdentity(fd))?.object;
    } catch {
      return undefined;
    }
  }

  /** Closes the kernel's ends. Descriptors still held by others stay open, but mean nothing any more. */
  dispose(): void {
    for (const identity of this.#entries.keys()) this.#close(identity, false);
  }

  #close(identity: bigint, last: boolean): void {
    const entry = this.#entries.get(identity);
    if (!entry) return;
    this.#entries.delete(identity);
    entry.watch.close();
    entry.kernelEnd.close();
    if (last) this.#onLastClose(entry.object);
  }
}
