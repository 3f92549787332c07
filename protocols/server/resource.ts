/** An object of a client as the server sees it, and what generated code tells about its interface. */
import { sinceOf } from '../wire/interface-description.ts';
import type { InterfaceDescription } from '../wire/interface-description.ts';
import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';
import type { Client } from './client.ts';

/** An interface to implement: made by the scanner, with one `send…` function an event beside these two. */
export interface ServerInterface<R> {
  readonly description: InterfaceDescription;
  /**
   * Reads the arguments of one request and calls the handler. The arguments are the words `[at, end)` of `reader`.
   * Never called with an opcode the interface or the resource's version has not. Without a handler the arguments are read, the
   * new objects made and the descriptors closed all the same.
   * Throws a WireFormatError for arguments that do not fit, and whatever the handler throws.
   */
  dispatch(resource: Resource<R>, opcode: number, reader: Reader, at: number, end: number): void;
}

/**
 * One class for every interface, so that the hot path sees one shape. Made by {@link Client.createResource}
 * or by the dispatcher for a typed new_id.
 */
export class Resource<R = unknown> {
  readonly client: Client;
  readonly id: number;
  /** Its interface and version. */
  readonly kind: Kind<R>;
  /** Grows with each object of the client: on its death the newest goes first. */
  readonly order: number;
  /** Receives the requests. While it is null the resource is inert: requests are checked and ignored, but for destructors. */
  handler: R | null = null;
  /** The implementer's own. */
  data: unknown = undefined;
  /** Where events go: the client's writer while the resource lives, then one that swallows everything. */
  writer: Writer;
  #destroyListeners: (() => void)[] | (() => void) | null = null;
  #alive = true;

  /** Used by {@link Client} alone, which also registers it. */
  constructor(
    client: Client,
    writer: Writer,
    type: ServerInterface<R>,
    version: number,
    id: number,
    order: number,
  ) {
    this.client = client;
    this.id = id;
    this.kind = kindOf(type, version);
    this.order = order;
    this.writer = writer;
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
    return this.#alive;
  }

  /**
   * Ends the object: listeners run, its id is given back (wl_display.delete_id for an id the client chose), later events to it
   * vanish. The dispatcher does it after a destructor request. Idempotent.
   */
  destroy(): void {
    if (!this.#alive) return;
    this.#alive = false;
    const listeners = this.#destroyListeners;
    this.#destroyListeners = null;
    try {
      if (typeof listeners === 'function') listeners();
      else if (listeners !== null) runAll(listeners);
    } finally {
      this.handler = null;
      this.client.forget(this);
    }
  }

  /** Called once when the resource ends in any way. Returns its remover. */
  addDestroyListener(listener: () => void): () => void {
    const listeners = this.#destroyListeners;
    if (listeners === null) this.#destroyListeners = listener;
    else if (typeof listeners === 'function') this.#destroyListeners = [listeners, listener];
    else listeners.push(listener);
    return () => this.#removeDestroyListener(listener);
  }

  /** "wl_surface@3" */
  toString(): string {
    return `${this.description.name}@${this.id}`;
  }

  #removeDestroyListener(listener: () => void): void {
    const listeners = this.#destroyListeners;
    if (listeners === listener) this.#destroyListeners = null;
    else if (Array.isArray(listeners))
      this.#destroyListeners = listeners.filter((other) => other !== listener);
  }
}

/**
 * What all objects of an interface and version share. Generated interfaces differ in shape by their events, so that reading from them
 * would cost every new object a slow lookup for each field; kinds are all alike, and an object has one field for all of this.
 */
export interface Kind<R> {
  readonly description: InterfaceDescription;
  readonly version: number;
  readonly dispatch: ServerInterface<R>['dispatch'];
  /** Requests with an opcode below this exist in this version; others have to be looked at one by one. */
  readonly openRequests: number;
}

/** By interface, then by version. */
const kinds = new Map<object, unknown[]>();

function kindOf<R>(type: ServerInterface<R>, version: number): Kind<R> {
  // The key's own R.
  const kind = kinds.get(type)?.[version] as Kind<R> | undefined;
  return kind ?? newKind(type, version);
}

function newKind<R>(type: ServerInterface<R>, version: number): Kind<R> {
  const { description, dispatch } = type;
  const { requests } = description;
  const first = requests.findIndex((request) => sinceOf(request) > version);
  const openRequests = first < 0 ? requests.length : first;
  const kind: Kind<R> = { description, version, dispatch, openRequests };
  const versions = kinds.get(type) ?? [];
  kinds.set(type, versions);
  while (versions.length <= version) versions.push(undefined);
  versions[version] = kind;
  return kind;
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
