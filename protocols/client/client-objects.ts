/** Which object an id is, on the client's side. */
import { WireFormatError } from '../wire/errors.ts';
import type { Writer } from '../wire/writer.ts';
import type { EventQueue } from './event-queue.ts';
import type { ClientInterface, Proxy } from './proxy.ts';

const SERVER_ID_START = 0xff00_0000;

/**
 * The proxies of one connection. An object destroyed on this side stays as a zombie, whose events are read and dropped: one of
 * ours until the server says delete_id, one of the server's until it uses the id again.
 */
export class ClientObjects {
  /** Where new proxies write to. */
  readonly writer: Writer;
  /** Index = id; null = free or 0. Dead proxies are zombies. */
  readonly #clientSide: (Proxy | null)[] = [null];
  readonly #serverSide = new Map<number, Proxy>();
  readonly #freeIds: number[] = [];
  /** Server-side objects made when their event was queued, and not yet taken when it is dispatched. */
  readonly #prepared = new Set<number>();

  constructor(writer: Writer) {
    this.writer = writer;
  }

  /** The live object with this id. */
  lookup(id: number): Proxy | undefined {
    const proxy = this.receiver(id);
    return proxy?.alive ? proxy : undefined;
  }

  /** The object or zombie events to `id` go to. */
  receiver(id: number): Proxy | undefined {
    return (id < SERVER_ID_START ? this.#clientSide[id] : this.#serverSide.get(id)) ?? undefined;
  }

  isZombie(id: number): boolean {
    return this.receiver(id)?.alive === false;
  }

  /** Live objects and zombies. */
  get size(): number {
    let size = this.#serverSide.size;
    for (const proxy of this.#clientSide) if (proxy !== null) size++;
    return size;
  }

  /** Makes an object with an id of ours, the last one freed first. */
  create<P extends Proxy>(type: ClientInterface<P>, version: number, queue: EventQueue | null): P {
    const id = this.#freeIds.pop() ?? this.#clientSide.length;
    const proxy = type.make(this, id, version);
    proxy.queue = queue;
    this.#clientSide[id] = proxy;
    return proxy;
  }

  /** Makes the object of an event, whose id the server chose. Throws a WireFormatError for an id that is not its to give. */
  register<P extends Proxy>(
    type: ClientInterface<P>,
    version: number,
    id: number,
    queue: EventQueue | null,
  ): P {
    if (id < SERVER_ID_START) throw new WireFormatError(`not a server's id: ${id}`);
    const present = this.#serverSide.get(id);
    if (present !== undefined && this.#prepared.delete(id)) return present as P;
    // The server is done with the old object, else it would not give the id again.
    present?.forget();
    const proxy = type.make(this, id, version);
    proxy.queue = queue;
    this.#serverSide.set(id, proxy);
    return proxy;
  }

  /** The object `id` was made ahead of its event's dispatch, which is to find it. */
  markPrepared(id: number): void {
    this.#prepared.add(id);
  }

  /** For Proxy.forget alone. */
  forget(proxy: Proxy): void {
    this.#prepared.delete(proxy.id);
  }

  /** wl_display.delete_id: the server is done with an id of ours. Throws a WireFormatError for one it never had. */
  deleteId(id: number): void {
    const proxy = id < SERVER_ID_START ? this.#clientSide[id] : undefined;
    if (proxy === null || proxy === undefined)
      throw new WireFormatError(`delete_id of unknown id ${id}`);
    // The server destroyed it on its own: for us it ends here.
    proxy.forget();
    this.#clientSide[id] = null;
    this.#freeIds.push(id);
  }

  /** The connection is gone: so are all objects. */
  forgetAll(): void {
    for (const proxy of this.#clientSide) proxy?.forget();
    for (const proxy of this.#serverSide.values()) proxy.forget();
  }
}
