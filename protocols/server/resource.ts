/** An object of a client as the server sees it, and what generated code tells about its interface. */
import type { InterfaceDescription } from '../wire/interface-description.ts';
import type { Writer } from '../wire/writer.ts';
import type { Client } from './client.ts';
import type { Kind } from './kind.ts';
import type { RequestReader } from './request-reader.ts';

/** An interface to implement: made by the scanner, with one `send…` function an event beside these two. */
export interface ServerInterface<R> {
  readonly description: InterfaceDescription;
  /**
   * Reads the arguments of the request that `reader` is at and calls the handler; then it may do the same for those that follow, as long
   * as {@link RequestReader.next} has one. Never called with an opcode the interface or the resource's version has not. Without a
   * handler the arguments are read, the new objects made and the descriptors closed all the same.
   * Throws a WireFormatError for arguments that do not fit, and whatever the handler throws.
   */
  dispatch(resource: Resource<R>, reader: RequestReader): void;
}

/**
 * One class for every interface, so that the hot path sees one shape. Made by {@link Client.createResource}
 * or by the dispatcher for a typed new_id.
 */
export class Resource<R = unknown> {
  // Declared, not defined: of a field that is there before its first value, V8 keeps no type. No private methods: each class of them
  // would cost an object a word.
  declare readonly client: Client;
  /** Its interface and version. */
  declare readonly kind: Kind<R>;
  /** Grows with each object of the client: on its death the newest goes first. */
  declare readonly order: number;
  /** Receives the requests. While it is null the resource is inert: requests are checked and ignored, but for destructors. */
  handler: R | null = null;
  /** The implementer's own. */
  data: unknown = undefined;
  /** Where events go: the client's writer while the resource lives, then one that swallows everything. */
  declare writer: Writer;
  /** With its sign: ids of the server's are beyond small integers. */
  #id = 0;
  /** {@link ENDED} from the moment destruction begins: a field of its own for that would cost an object a word. */
  #destroyListeners: (() => void)[] | (() => void) | null = null;

  /** Used by {@link Client} alone, which also registers it. */
  constructor(client: Client, writer: Writer, kind: Kind<R>, id: number, order: number) {
    this.client = client;
    this.kind = kind;
    this.order = order;
    this.writer = writer;
    this.#id = id | 0;
  }

  get id(): number {
    return this.#id >>> 0;
  }

  get description(): InterfaceDescription {
    return this.kind.description;
  }

  /** The version that was bound, or the creating object's. */
  get version(): number {
    return this.kind.version;
  }

  /** False from the moment destruction begins: destroy listeners already see false. */
  get alive(): boolean {
    return this.#destroyListeners !== ENDED;
  }

  /**
   * Ends the object: listeners run, its id is given back (wl_display.delete_id for an id the client chose), later events to it
   * vanish. The dispatcher does it after a destructor request. Idempotent.
   */
  destroy(): void {
    const listeners = this.#destroyListeners;
    if (listeners === ENDED) return;
    this.#destroyListeners = ENDED;
    if (listeners === null) {
      end(this);
      return;
    }
    try {
      if (typeof listeners === 'function') listeners();
      else runAll(listeners);
    } finally {
      end(this);
    }
  }

  /** Called once when the resource ends in any way, unless it has ended before. Returns its remover. */
  addDestroyListener(listener: () => void): () => void {
    const listeners = this.#destroyListeners;
    if (listeners === ENDED) return ENDED;
    if (listeners === null) this.#destroyListeners = listener;
    else if (typeof listeners === 'function') this.#destroyListeners = [listeners, listener];
    else listeners.push(listener);
    return () => {
      const present = this.#destroyListeners;
      if (present === listener) this.#destroyListeners = null;
      else if (Array.isArray(present))
        this.#destroyListeners = present.filter((other) => other !== listener);
    };
  }

  /** "wl_surface@3" */
  toString(): string {
    return `${this.description.name}@${this.id}`;
  }
}

/** In place of the listeners of an object that has ended. */
const ENDED = (): void => undefined;

function end(resource: Resource): void {
  resource.handler = null;
  resource.client.forget(resource);
}

/** All of them, whatever one throws; then the first error is thrown. */
function runAll(listeners: readonly (() => void)[]): void {
  let failed = false;
  let failure: unknown;
  for (const listener of listeners) {
    try {
      listener();
    } catch (error) {
      if (!failed) failure = error;
      failed = true;
    }
  }
  if (failed) throw failure;
}
