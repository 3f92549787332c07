/** When a client's signal comes, as seen from the event loop. */
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { EPOLLET, EPOLLIN } from '../../../native/poller.ts';
import type { SyncBed } from './bed.ts';

/**
 * - `busy`: in a turn of a poller that had many of them: it waits on its epoll set itself, as the C loop does (see poller_stay.rs).
 * - `idle`: when node's own loop comes round, from which the poller is then woken.
 */
export type Idleness = 'busy' | 'idle';

/** Never in the turn that began a wait: a compositor is told of signals in a turn of their own. */
export interface Signalling {
  /** Calls `signal`, once, at such a time. */
  soon(signal: () => void): void;
  dispose(): void;
}

export function signalling(bed: SyncBed, idleness: Idleness): Signalling {
  if (idleness === 'idle') {
    return { soon: (signal) => void setImmediate(signal), dispose: () => undefined };
  }
  const eventfd = new OwnedFd(native.eventfd(0));
  let next = (): void => undefined;
  const watch = bed.poller.watch(eventfd.fd, EPOLLIN | EPOLLET, () => next());
  return {
    soon: (signal) => {
      next = signal;
      native.eventfdWrite(eventfd.fd, 1n);
    },
    dispose: () => {
      watch.close();
      eventfd.close();
    },
  };
}
