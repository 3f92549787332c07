/** Things in order of arrival that leave one by one: a list whose links are in its members, so that coming and going is cheap. */

/** Written by the list it is in alone. */
export interface Linked<T> {
  previous: T | undefined;
  next: T | undefined;
  listed: boolean;
}

/** A member is in one list at most. */
export class LinkedList<T extends Linked<T>> {
  #first: T | undefined;
  #last: T | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(item: T): void {
    if (item.listed) throw new Error('already in a list');
    item.listed = true;
    item.previous = this.#last;
    if (this.#last) this.#last.next = item;
    else this.#first = item;
    this.#last = item;
    this.#size++;
  }

  /** Returns whether it was there. */
  remove(item: T): boolean {
    if (!item.listed) return false;
    const { previous, next } = item;
    if (previous) previous.next = next;
    else this.#first = next;
    if (next) next.previous = previous;
    else this.#last = previous;
    item.previous = undefined;
    item.next = undefined;
    item.listed = false;
    this.#size--;
    return true;
  }

  /** A copy, oldest first. */
  all(): T[] {
    const items: T[] = [];
    for (let item = this.#first; item; item = item.next) items.push(item);
    return items;
  }
}
