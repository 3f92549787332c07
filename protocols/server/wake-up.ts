/** Another turn of the loop, although no socket has anything new. */
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { EPOLLIN } from '../../native/poller.ts';
import type { Poller, Watch } from '../../native/poller.ts';

/** An eventfd in the poller: works alike in the event loop and by hand. */
export class WakeUp {
  readonly #eventfd: OwnedFd;
  readonly #watch: Watch;

  /** `callback`: called in the next turn after each {@link request}. Throws a SystemError when out of descriptors. */
  constructor(poller: Poller, callback: () => void) {
    this.#eventfd = new OwnedFd(native.eventfd(0));
    try {
      this.#watch = poller.watch(this.#eventfd.fd, EPOLLIN, () => {
        native.eventfdRead(this.#eventfd.fd);
        callback();
      });
    } catch (error) {
      this.#eventfd.close();
      throw error;
    }
  }

  /** Asks for a turn. Twice before it comes is once. */
  request(): void {
    native.eventfdWrite(this.#eventfd.fd, 1n);
  }

  /** Idempotent. */
  close(): void {
    this.#watch.close();
    this.#eventfd.close();
  }
}
