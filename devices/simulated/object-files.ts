/**
 * Real file descriptors that stand for objects of the simulated kernel.
 *
 * Each is one end of a SOCK_SEQPACKET pair; the kernel keeps the other end. So they can be duplicated, passed over sockets and
 * counted like the real thing, are recognised by their socket's inode wherever they come back from, and the kernel's end
 * tells when the last copy was closed.
 */
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { EPOLLET, EPOLLRDHUP, type Poller, type Watch } from '../../native/poller.ts';

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

const INODE_BITS = 64n;
const READABLE_BYTE = Uint8Array.of(1);
const NO_FDS = new Int32Array(1);
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
    const [kernelNumber, userNumber] = native.socketPairSeqpacket();
    const kernelEnd = new OwnedFd(kernelNumber);
    const fd = new OwnedFd(userNumber);
    try {
      const identity = identityOf(userNumber);
      const watch = this.#poller.watch(kernelNumber, EPOLLRDHUP | EPOLLET, () =>
        this.#close(identity, true),
      );
      let readable = false;
      const setReadable = (): void => {
        if (readable || kernelEnd.closed) return;
        readable = true;
        // Fails only when the last copy has just been closed: then nobody is left to see it.
        native.sendmsg(kernelNumber, READABLE_BYTE, 0, 1, NO_FDS, 0);
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
      return this.#entries.get(identityOf(fd))?.object;
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

/** What a descriptor refers to, wherever it is open: device and inode of the file. */
export function identityOf(fd: number): bigint {
  const { dev, ino } = native.fstat(fd);
  return (dev << INODE_BITS) | ino;
}
