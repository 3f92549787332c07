/** A guest stream as it arrives on a socket: bytes, then a mark that says it is complete. */

/**
 * Passes bytes on at once and notices the end mark behind them.
 *
 * The guest's ports have no end of file, and data may still be under way when the command's status is already here.
 * Only bytes that could begin the mark are held back; as it begins with NUL, text never is.
 */
export class MarkedStream {
  readonly #mark: Buffer;
  readonly #write: (bytes: Buffer) => void;
  #held: Buffer = Buffer.alloc(0);
  #complete = false;

  /** `mark` comes without its NUL. `write` gets each piece of payload. */
  constructor(mark: string, write: (bytes: Buffer) => void) {
    this.#mark = Buffer.from(`\0${mark}`);
    this.#write = write;
  }

  /** True once the mark was seen; nothing follows it. */
  get complete(): boolean {
    return this.#complete;
  }

  push(bytes: Buffer): void {
    if (this.#complete) return;
    const pending = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const end = pending.indexOf(this.#mark);
    this.#complete = end >= 0;
    const ready = this.#complete ? end : pending.length - this.#heldBack(pending);
    this.#held = Buffer.from(pending.subarray(ready));
    if (ready > 0) this.#write(pending.subarray(0, ready));
  }

  /** What was held back when the stream broke off without its mark. */
  flush(): void {
    if (!this.#complete && this.#held.length > 0) this.#write(this.#held);
    this.#held = Buffer.alloc(0);
  }

  /** Length of the longest end of `bytes` that begins the mark. */
  #heldBack(bytes: Buffer): number {
    const most = Math.min(bytes.length, this.#mark.length - 1);
    for (let length = most; length > 0; length--) {
      if (bytes.subarray(bytes.length - length).equals(this.#mark.subarray(0, length)))
        return length;
    }
    return 0;
  }
}
