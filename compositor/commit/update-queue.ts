/** The updates of one surface that wait to be applied, oldest first. */
import type { ContentUpdate } from './content-update.ts';

const COMPACT_AT = 32;

/** First in, first out; taking the head is O(1) amortised. */
export class UpdateQueue {
  #items: ContentUpdate[] = [];
  #start = 0;

  get length(): number {
    return this.#items.length - this.#start;
  }

  get head(): ContentUpdate | undefined {
    return this.#items[this.#start];
  }

  push(update: ContentUpdate): void {
    this.#items.push(update);
  }

  /** Removes the head. */
  shift(): ContentUpdate | undefined {
    const head = this.#items[this.#start];
    if (!head) return undefined;
    this.#start++;
    if (this.#start === this.#items.length) {
      this.#items = [];
      this.#start = 0;
    } else if (this.#start >= COMPACT_AT) {
      this.#items = this.#items.slice(this.#start);
      this.#start = 0;
    }
    return head;
  }

  /** Empties it. */
  takeAll(): ContentUpdate[] {
    const all = this.#items.slice(this.#start);
    this.#items = [];
    this.#start = 0;
    return all;
  }
}
