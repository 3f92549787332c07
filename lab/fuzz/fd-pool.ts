/** One descriptor of each kind, lent to all steps that bring one. */
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { O_CLOEXEC, O_RDWR } from '../../native/open-flags.ts';
import { FD_KINDS, type FdKind } from './input.ts';

const MFD_CLOEXEC = 1;
const O_DIRECTORY_CLOEXEC = 0o200_000 | 0o2_000_000;
const MEMFD_BYTES = 65_536;

export class FdPool {
  readonly #fds = new Map<FdKind, OwnedFd>();
  readonly #others: OwnedFd[] = [];

  constructor() {
    for (const kind of FD_KINDS) {
      const fd = this.#make(kind);
      if (fd !== undefined) this.#fds.set(kind, new OwnedFd(fd));
    }
  }

  /** Borrowed. A kind that only some targets have is a memfd here. */
  lend(kind: FdKind): number {
    const fd = this.#fds.get(kind) ?? this.#fds.get('memfd');
    if (fd === undefined) throw new RangeError(`no descriptor of kind ${kind}`);
    return fd.fd;
  }

  /** A server may have shrunk it through its duplicate, which shares the file. */
  renew(): void {
    native.ftruncate(this.lend('memfd'), MEMFD_BYTES);
  }

  dispose(): void {
    for (const fd of [...this.#fds.values(), ...this.#others]) fd.close();
  }

  #make(kind: FdKind): number | undefined {
    switch (kind) {
      case 'memfd': {
        const fd = native.memfdCreate('syncline-fuzz', MFD_CLOEXEC);
        native.ftruncate(fd, MEMFD_BYTES);
        return fd;
      }
      case 'empty-memfd':
        return native.memfdCreate('syncline-fuzz-empty', MFD_CLOEXEC);
      case 'pipe': {
        const [readEnd, writeEnd] = native.pipe();
        this.#others.push(new OwnedFd(readEnd));
        return writeEnd;
      }
      case 'socket': {
        const [ours, theirs] = native.socketPair();
        this.#others.push(new OwnedFd(ours));
        return theirs;
      }
      case 'null-device':
        return native.open('/dev/null', O_RDWR | O_CLOEXEC, 0);
      case 'eventfd':
        return native.eventfd(0);
      case 'directory':
        return native.open('/', O_DIRECTORY_CLOEXEC, 0);
      case 'timeline':
      case 'dmabuf':
        return undefined;
    }
  }
}
