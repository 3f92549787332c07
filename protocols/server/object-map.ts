/** Which object an id is, per client. */
import { WireFormatError } from '../wire/errors.ts';
import type { Resource } from './resource.ts';

/** Ids from here on are given by the server (wayland-private.h: WL_SERVER_ID_START). */
export const SERVER_ID_START = 0xff00_0000;

const MAX_SERVER_IDS = 0x00ff_ffff;

/**
 * Two dense arrays, as in libwayland (wayland-util.c: wl_map). A client takes an id that is free or the next one after all it used.
 *
 * A server-side object that ends while its client may still write to it stays behind as a zombie, whose requests are read and
 * ignored until its destructor comes; only then its id is free again.
 */
export class ObjectMap {
  /** Index = id; null = free. Index 0 stays null: no object has that id. */
  readonly clientSide: (Resource | null)[] = [null];
  /** Index = id - SERVER_ID_START; also the zombies. Made with the first one. */
  #serverSide: (Resource | null)[] | null = null;
  #freeServerIds: number[] | null = null;
  #zombies: Set<number> | null = null;
  /** The server-side object whose destructor is being dispatched: its client knows that it ends. */
  #endingId = 0;
  #size = 0;

  /** Live objects. */
  get size(): number {
    return this.#size;
  }

  /** The live object with this id. */
  get(id: number): Resource | undefined {
    if (id < SERVER_ID_START) return this.clientSide[id] ?? undefined;
    return this.#zombies?.has(id) ? undefined : this.receiver(id);
  }

  /** The object or zombie requests to `id` go to. */
  receiver(id: number): Resource | undefined {
    if (id < SERVER_ID_START) return this.clientSide[id] ?? undefined;
    return this.#serverSide?.[id - SERVER_ID_START] ?? undefined;
  }

  /** Who gets this request: undefined when nobody does. A destructor frees the id of a zombie. */
  addressee(id: number, opcode: number): Resource | undefined {
    const receiver = this.receiver(id);
    if (id < SERVER_ID_START) return receiver;
    if (receiver?.description.requests[opcode]?.destructor !== true) return receiver;
    if (this.#zombies?.delete(id)) this.#freeServerId(id);
    else this.#endingId = id;
    return receiver;
  }

  /** Throws a WireFormatError for an id the client may not give. */
  checkClientId(id: number): void {
    const ids = this.clientSide;
    // The most usual are first: an id that was given back, then the next new one. Id 0 is never free.
    if (id < ids.length) {
      if (ids[id] !== null || id === 0) throw idTaken(id);
    } else if (id > ids.length || id >= SERVER_ID_START) throw idNotNext(id);
  }

  /** As if an object with this checked id had been made and destroyed. */
  use(id: number): void {
    if (id === this.clientSide.length) this.clientSide.push(null);
  }

  /** A free server-side id. */
  takeServerId(): number {
    const free = this.#freeServerIds?.pop();
    if (free !== undefined) {
      if (free === this.#endingId) this.#endingId = 0;
      return free;
    }
    this.#serverSide ??= [];
    if (this.#serverSide.length >= MAX_SERVER_IDS) throw new RangeError('out of server-side ids');
    this.#serverSide.push(null);
    return SERVER_ID_START + this.#serverSide.length - 1;
  }

  /** `id` was checked before. */
  setClientSide(id: number, resource: Resource): void {
    this.#size++;
    this.clientSide[id] = resource;
  }

  /** `id` was taken before. */
  setServerSide(id: number, resource: Resource): void {
    this.#size++;
    if (this.#serverSide !== null) this.#serverSide[id - SERVER_ID_START] = resource;
  }

  /** The object with this client-side id ended. */
  removeClientSide(id: number): void {
    this.#size--;
    this.clientSide[id] = null;
  }

  /** The server-side object ended. Until its client has called its destructor it is a zombie; unless `clientGone`. */
  removeServerSide(resource: Resource, clientGone: boolean): void {
    const { id } = resource;
    this.#size--;
    const awaitsDestructor = id !== this.#endingId && resource.description.requests.length > 0;
    if (awaitsDestructor && !clientGone) (this.#zombies ??= new Set()).add(id);
    else this.#freeServerId(id);
  }

  /** All live objects in the order a dying client's are freed. */
  newestFirst(): Resource[] {
    const found: Resource[] = [];
    for (const resource of this.clientSide) if (resource !== null) found.push(resource);
    if (this.#serverSide !== null)
      for (const resource of this.#serverSide)
        if (resource !== null && !this.#isZombie(resource.id)) found.push(resource);
    return found.sort((a, b) => b.order - a.order);
  }

  *live(): Iterable<Resource> {
    for (const resource of this.clientSide) if (resource !== null) yield resource;
    for (const resource of this.#serverSide ?? [])
      if (resource !== null && !this.#isZombie(resource.id)) yield resource;
  }

  #isZombie(id: number): boolean {
    return this.#zombies?.has(id) ?? false;
  }

  #freeServerId(id: number): void {
    if (this.#serverSide === null) return;
    this.#serverSide[id - SERVER_ID_START] = null;
    (this.#freeServerIds ??= []).push(id);
  }
}

function idTaken(id: number): WireFormatError {
  return new WireFormatError(id === 0 ? notAClients(id) : `id ${id} is in use`);
}

function idNotNext(id: number): WireFormatError {
  return new WireFormatError(
    id >= SERVER_ID_START ? notAClients(id) : `id ${id} is not the next one`,
  );
}

function notAClients(id: number): string {
  return `not a client's id: ${id}`;
}
