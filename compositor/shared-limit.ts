/** A limit that several share, so that no crowd of the others takes what is one's own part. */

export class SharedLimit {
  readonly #limit: number;
  readonly #sharers: () => number;
  #held = 0;

  /** `sharers`: how many there are at the moment. */
  constructor(limit: number, sharers: () => number) {
    this.#limit = limit;
    this.#sharers = sharers;
  }

  /** Of all of them. */
  get held(): number {
    return this.#held;
  }

  /** Whether one that has `own` may have `more`: there is room, or it stays within its share. */
  hasRoom(own: number, more = 1): boolean {
    if (this.#held + more <= this.#limit) return true;
    return own + more <= Math.ceil(this.#limit / Math.max(1, this.#sharers()));
  }

  /** So much more is held, or less. */
  add(change: number): void {
    this.#held += change;
  }
}
