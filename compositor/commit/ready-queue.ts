/** Groups whose constraints are met, in commit order. */
import type { UpdateGroup } from './update-group.ts';

/** A binary heap by sequence: push and pop are O(log ready), and hardly ever more than one is ready. */
export class ReadyQueue {
  readonly #heap: UpdateGroup[] = [];

  get size(): number {
    return this.#heap.length;
  }

  push(group: UpdateGroup): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(group);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (!above || above.sequence <= group.sequence) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = group;
  }

  /** The earliest committed one. */
  pop(): UpdateGroup | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const right = heap[child + 1];
      if (right && right.sequence < (heap[child]?.sequence ?? 0)) child++;
      const below = heap[child];
      if (!below || below.sequence >= last.sequence) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}
