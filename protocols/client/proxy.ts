/** An object of the server as a client sees it, and what generated code tells about its interface. */
import type { InterfaceDescription } from '../wire/interface-description.ts';
import type { Reader } from '../wire/reader.ts';
import { CLOSED_WRITER } from '../wire/writer.ts';
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
  // Declared, not defined: each interface has a class of its own, and V8 is slow to define the fields of many classes.
  declare readonly objects: ClientObjects;
  declare readonly id: number;
  declare readonly version: number;
  declare readonly description: InterfaceDescription;
  /** Receives the events. Null: they are checked and dropped, their descriptors closed. */
  declare handler: E | null;
  /** The user's own. */
  declare data: unknown;
  /** Where events wait for a dispatch by hand; null: they are dispatched as they arrive. Objects it makes inherit it. */
  declare queue: EventQueue | null;
  declare readonly dispatch: ClientInterface<Proxy<E>>['dispatch'];
  /** Where requests go: the display's writer while the proxy lives, then one that swallows everything. */
  declare writer: Writer;

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
    this.handler = null;
    this.data = undefined;
    this.queue = null;
    this.dispatch = type.dispatch;
    this.writer = objects.writer;
  }

  get alive(): boolean {
    return this.writer !== CLOSED_WRITER;
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
    if (!this.alive) return;
    this.writer = CLOSED_WRITER;
    this.handler = null;
    this.objects.forget(this);
  }
}
