/** Descriptors that clients' buffers may hold of the process's limit, so that no client brings another to EMFILE. */

/** Part of RLIMIT_NOFILE for the buffers of all clients. */
const SHARE_OF_ALL = 0.25;
/** Part of it that one client may hold, whoever else is there. */
const SHARE_OF_ONE = 0.1;

export class BufferFds {
  readonly #limit: number;
  readonly #limitOfOne: number;
  #held = 0;
  #clients = 0;

  /** `nofile`: RLIMIT_NOFILE, soft. */
  constructor(nofile: number) {
    this.#limit = Math.floor(nofile * SHARE_OF_ALL);
    this.#limitOfOne = Math.floor(nofile * SHARE_OF_ONE);
  }

  get held(): number {
    return this.#held;
  }

  clientCame(): void {
    this.#clients++;
  }

  clientWent(): void {
    this.#clients--;
  }

  /** One more for a client that has `own`. When all are used up, those below their fair share are still served. */
  take(own: number): boolean {
    if (own >= this.#limitOfOne) return false;
    const fairShare = this.#limit / Math.max(1, this.#clients);
    if (this.#held >= this.#limit && own >= fairShare) return false;
    this.#held++;
    return true;
  }

  give(): void {
    this.#held--;
  }
}
