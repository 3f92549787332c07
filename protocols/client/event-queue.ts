/** Events that wait until their user asks for them. */
import type { QueuedEvent } from './queued-event.ts';

/**
 * Set as `proxy.queue`, it collects the events of that proxy, and of the objects made by it, in order, until
 * {@link dispatch}. Made by ClientDisplay.createQueue. Order is kept within a queue, not between queues.
 */
export class EventQueue {
  readonly #deliver: (event: QueuedEvent) => void;
  #events: QueuedEvent[] = [];

  constructor(deliver: (event: QueuedEvent) => void) {
    this.#deliver = deliver;
  }

  get size(): number {
    return this.#events.length;
  }

  /** For the display alone. */
  push(event: QueuedEvent): void {
    this.#events.push(event);
  }

  /** Calls the handlers of what has been collected; their number. What handlers cause to arrive waits for the next call. */
  dispatch(): number {
    const events = this.#events;
    this.#events = [];
    for (const event of events) this.#deliver(event);
    return events.length;
  }

  /** Drops what was collected and closes its descriptors. */
  clear(): void {
    for (const event of this.#events) event.fds.closeAll();
    this.#events = [];
  }
}
