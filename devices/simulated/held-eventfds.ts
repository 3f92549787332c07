/**
 * Eventfds the simulated kernel will write to.
 *
 * The real kernel keeps the eventfd itself, whatever its owner closes. Here that takes a descriptor of our own; one is shared
 * by all registrations of the same eventfd, so that ten thousand waits on one eventfd cost one descriptor.
 */
import { native } from '../../native/binding.ts';
import { systemError } from '../../native/errors.ts';
import { OwnedFd } from '../../native/fd.ts';
import { EBADF, EINVAL } from '../../native/errno.ts';
import { O_CLOEXEC, O_RDONLY } from '../../native/open-flags.ts';

const INFO = Buffer.alloc(512);

/** One registration's hold on an eventfd. Ends with exactly one of the two calls. */
export interface HeldEventfd {
  /** Adds 1 to the counter and lets go. */
  fire(): void;
  /** Lets go without a trace. */
  drop(): void;
}

interface Shared {
  readonly fd: OwnedFd;
  holds: number;
}

/** See the file comment. */
export class HeldEventfds {
  readonly #shared = new Map<string, Shared>();
  #holds = 0;

  /** Registrations that have neither fired nor been dropped. */
  get holds(): number {
    return this.#holds;
  }

  /** Descriptors of our own. */
  get descriptors(): number {
    return this.#shared.size;
  }

  /** SystemError: EBADF for a closed descriptor, EINVAL for one that is no eventfd. */
  hold(eventfd: number): HeldEventfd {
    const identity = eventfdIdentity(eventfd);
    let shared = this.#shared.get(identity);
    if (!shared) {
      shared = { fd: new OwnedFd(native.dup(eventfd)), holds: 0 };
      this.#shared.set(identity, shared);
    }
    shared.holds++;
    this.#holds++;
    const held = shared;
    return {
      fire: () => {
        native.eventfdWrite(held.fd.fd, 1n);
        this.#letGo(identity, held);
      },
      drop: () => this.#letGo(identity, held),
    };
  }

  /** Drops everything. */
  dispose(): void {
    for (const shared of this.#shared.values()) shared.fd.close();
    this.#shared.clear();
    this.#holds = 0;
  }

  #letGo(identity: string, shared: Shared): void {
    if (shared.fd.closed) return;
    this.#holds--;
    if (--shared.holds > 0) return;
    shared.fd.close();
    this.#shared.delete(identity);
  }
}

/** The kernel's own number of an eventfd, from /proc (fs/eventfd.c: eventfd_show_fdinfo). */
function eventfdIdentity(fd: number): string {
  const info = readFdInfo(fd);
  if (info === undefined) throw systemError(EBADF, 'ioctl(SYNCOBJ_EVENTFD)', `fd ${fd} is closed`);
  const identity = /^eventfd-id:\s*(\d+)/m.exec(info)?.[1];
  if (identity === undefined)
    throw systemError(EINVAL, 'ioctl(SYNCOBJ_EVENTFD)', `fd ${fd} is no eventfd`);
  return identity;
}

/** Read by hand: node's readFileSync takes four times as long, and this is the cost of arming. */
function readFdInfo(fd: number): string | undefined {
  let file: OwnedFd;
  try {
    file = new OwnedFd(native.open(`/proc/self/fdinfo/${fd}`, O_RDONLY | O_CLOEXEC, 0));
  } catch {
    return undefined;
  }
  try {
    return INFO.toString('latin1', 0, native.pread(file.fd, INFO, 0));
  } finally {
    file.close();
  }
}
