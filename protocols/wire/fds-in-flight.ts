/** Descriptors on their way between us and all peers of a display: they are in our table, and no budget of a request's has them yet. */

export class FdsInFlight {
  readonly #limit: number;
  #count = 0;
  #peers = 0;

  /** `limit`: of all peers together. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Received and not taken by a message, or queued and not sent. */
  get count(): number {
    return this.#count;
  }

  peerCame(): void {
    this.#peers++;
  }

  peerWent(): void {
    this.#peers--;
  }

  /** So many more, or fewer. */
  add(change: number): void {
    this.#count += change;
  }

  /** Whether a peer with `own` of them has to part with some: the limit is reached, and it holds more than its share of it. */
  isTooMany(own: number): boolean {
    return this.#count > this.#limit && own > this.#limit / Math.max(1, this.#peers);
  }
}
