/** What is awaited of a client's socket. */
import { EPOLLERR, EPOLLET, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP } from '../../native/poller.ts';
import type { Poller, Watch } from '../../native/poller.ts';

/**
 * Of a socket that takes our events. Edge-triggered: else the kernel would look at it once more after each of its turns, before it waits,
 * to see whether there is anything left. We know that of each receive, and ask it to look where there may be.
 */
const REQUESTS = EPOLLIN | EPOLLRDHUP | EPOLLET;
const HUNG_UP = EPOLLHUP | EPOLLERR;
/** What the peer sent is to be read up to its end. */
const ENDS = HUNG_UP | EPOLLRDHUP;

/** Whose socket it is. */
export interface WatchedClient {
  /** Whether its requests are dispatched now. */
  readonly running: boolean;
  flush(): void;
  /** With `receive`: also what is in the socket. */
  read(receive: boolean): void;
  disconnect(): void;
}

/** A client's place in the poller. Close it before the socket. */
export class ClientWatch {
  readonly #watch: Watch;
  #events = REQUESTS;

  /** `fd` stays borrowed; `onEvents` gets what {@link tell} takes. */
  constructor(poller: Poller, fd: number, onEvents: (events: number) => void) {
    this.#watch = poller.watch(fd, REQUESTS, onEvents);
  }

  tell(client: WatchedClient, events: number): void {
    if (events & EPOLLOUT) client.flush();
    if (!(events & (EPOLLIN | ENDS))) return;
    if (!client.running) {
      // Nobody reads what it has sent, nor would it read the answer.
      if (events & HUNG_UP) client.disconnect();
      return;
    }
    client.read(true);
    // The end comes after what the peer has sent, and is no event of its own.
    if (events & ENDS) this.lookAgain();
  }

  /** `running`: requests are dispatched. `blocked`: events wait for room. */
  await(running: boolean, blocked: boolean): void {
    const requests = running ? (blocked ? EPOLLIN : REQUESTS) : 0;
    const events = blocked ? requests | EPOLLOUT : requests;
    if (events === this.#events) return;
    this.#events = events;
    this.#watch.modify(events);
  }

  /** There may be more to read: has the kernel tell, for the next turn. */
  lookAgain(): void {
    // Where it waits for room it is told of all there is anyway.
    if (this.#events === REQUESTS) this.#watch.modify(REQUESTS);
  }

  close(): void {
    this.#watch.close();
  }
}
