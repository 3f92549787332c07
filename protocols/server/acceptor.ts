/** Accepts connections on a listening socket. */
import type { Clock, Timer } from '../../native/clock.ts';
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { EPOLLIN } from '../../native/poller.ts';
import type { Poller, Watch } from '../../native/poller.ts';
import { EAGAIN, EMFILE, ENFILE, ENOBUFS, ENOMEM } from '../../native/errno.ts';
import type { WireLog } from '../wire/log.ts';

/** In {@link Acceptor.acceptAll}. */
const MAX_AT_ONCE = 32;
const RETRY_NS = 1_000_000_000n;
const OUT_OF_RESOURCES = new Set([ENOMEM, ENFILE, EMFILE, ENOBUFS]);

/**
 * Watches one listening socket. Out of descriptors, or of room, it looks away, so that the loop does not spin, and connections wait in the
 * kernel's queue: it looks again when {@link retry} is called (somebody left) or after a second. Nothing is lost.
 */
export class Acceptor {
  readonly #fd: number;
  readonly #watch: Watch;
  readonly #clock: Clock;
  readonly #log: WireLog;
  readonly #hasRoom: () => boolean;
  readonly #onConnection: (socket: OwnedFd) => void;
  #retryTimer: Timer | undefined;

  /** `fd`: borrowed until {@link close}. `hasRoom`: whether one more connection is wanted. */
  constructor(
    fd: number,
    options: {
      poller: Poller;
      clock: Clock;
      log: WireLog;
      hasRoom: () => boolean;
      onConnection: (socket: OwnedFd) => void;
    },
  ) {
    this.#fd = fd;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#hasRoom = options.hasRoom;
    this.#onConnection = options.onConnection;
    // One a turn: hardly ever do two wait, and to ask whether they do is a syscall more for each connection.
    this.#watch = options.poller.watch(fd, EPOLLIN, () => this.#accept());
  }

  /** Accepts what waits, up to a number. */
  acceptAll(): void {
    for (let count = 0; count < MAX_AT_ONCE && this.#accept(); count++) continue;
  }

  /** Accepts the first that waits. Whether there may be another one. */
  #accept(): boolean {
    if (!this.#hasRoom()) {
      this.#lookAway('as many clients as may be');
      return false;
    }
    const fd = native.accept(this.#fd);
    if (fd >= 0) {
      this.#onConnection(new OwnedFd(fd));
      return true;
    }
    if (fd === -EAGAIN) return false;
    if (OUT_OF_RESOURCES.has(-fd)) {
      this.#lookAway(`out of resources (errno ${-fd})`);
      return false;
    }
    this.#log.debug(`accept failed (errno ${-fd})`);
    return true;
  }

  /** Resources may be there again. */
  retry(): void {
    if (this.#retryTimer === undefined) return;
    this.#retryTimer.close();
    this.#retryTimer = undefined;
    this.#watch.modify(EPOLLIN);
  }

  close(): void {
    this.#retryTimer?.close();
    this.#retryTimer = undefined;
    this.#watch.close();
  }

  #lookAway(reason: string): void {
    if (this.#retryTimer !== undefined) return;
    this.#log.warn(`accept: ${reason}, connections wait`);
    this.#watch.modify(0);
    this.#retryTimer = this.#clock.at(this.#clock.nowNs() + RETRY_NS, () => this.retry());
  }
}
