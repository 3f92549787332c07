/** An object of the server as a client sees it, and what generated code tells about its interface. */
import type { InterfaceDescription } from '../wire/interface-description.ts';
import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';
import type { EventQueue } from './event-queue.ts';
import type { ClientObjects } from './client-objects.ts';

/** An interface to use: a static field of each generated proxy class. */
export interface ClientInterface<P extends Proxy> {
  readonly description: InterfaceDescription;
  make(objects: ClientObjects, id: number, version: number): P;
  /**
   * Reads the arguments of one event and calls the handler when it has that method. The arguments are the words `[at, end)`
   * of `reader`. Throws a WireFormatError for arguments that do not fit, and whatever the handler throws.
   */
  dispatch(proxy: P, opcode: number, reader: Reader, at: number, end: number): void;
}

/** Base class of the generated proxies. `E`: the events' handler, all of its methods optional. */
export abstract class Proxy<E = unknown> {
  readonly objects: ClientObjects;
  readonly id: number;
  readonly version: number;
  readonly description: InterfaceDescription;
  /** Receives the events. Null: they are checked and dropped, their descriptors closed. */
  handler: E | null = null;
  /** The user's own. */
  data: unknown = undefined;
  /** Where events wait for a dispatch by hand; null: they are dispatched as they arrive. Objects it makes inherit it. */
  queue: EventQueue | null = null;
  readonly dispatch: ClientInterface<Proxy<E>>['dispatch'];
  /** Where requests go: the display's writer while the proxy lives, then one that swallows everything. */
  writer: Writer;
  #alive = true;

  /** Used by the generated `make` alone; {@link ClientObjects} registers it. */
  constructor(
    objects: ClientObjects,
    type: ClientInterface<Proxy<E>>,
    id: number,
    version: number,
  ) {
    this.objects = objects;
    this.id = id;
    this.version = version;
    this.description = type.description;
    this.dispatch = type.dispatch;
    this.writer = objects.writer;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** "wl_surface@3" */
  toString(): string {
    return `${this.description.name}@${this.id}`;
  }

  /**
   * Ends the proxy on this side: after a destructor request, or by the user for an object without one. Its id is used again once the
   * server has said delete_id; events until then are dropped. Idempotent.
   */
  forget(): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.handler = null;
    this.objects.forget(this);
  }
}
