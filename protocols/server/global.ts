/** What clients find in wl_registry. */
import type { Client } from './client.ts';
import type { Resource, ServerInterface } from './resource.ts';

/** What a global needs of its display. */
export interface GlobalHost {
  /** Tells the registries and keeps the name for those who may still bind it. */
  removeGlobal(global: Global): void;
}

/** Made by Display.createGlobal. */
export class Global {
  /** The number in wl_registry.global; never used twice. */
  readonly name: number;
  readonly type: ServerInterface<unknown>;
  readonly version: number;
  /** The arguments of its wl_registry.global: the same for every client. */
  readonly announcement: Int32Array;
  readonly #host: GlobalHost;
  readonly #bind: (resource: Resource) => void;
  readonly #filter: ((client: Client) => boolean) | undefined;
  #removed = false;
  /** After removal: the registries that were told of it and may not have read that it is gone. */
  #audience: Set<Resource> | null = null;

  constructor(
    host: GlobalHost,
    name: number,
    type: ServerInterface<unknown>,
    version: number,
    bind: (resource: Resource) => void,
    filter: ((client: Client) => boolean) | undefined,
  ) {
    this.#host = host;
    this.name = name;
    this.type = type;
    this.version = version;
    this.announcement = announcementOf(name, type.description.name, version);
    this.#bind = bind;
    this.#filter = filter;
  }

  get removed(): boolean {
    return this.#removed;
  }

  /** Whether this client is told of it. */
  visibleTo(client: Client): boolean {
    return this.#filter === undefined || this.#filter(client);
  }

  /** Whether it may be bound through this registry: after removal only by who was told of it before. */
  bindableThrough(registry: Resource): boolean {
    if (this.#audience !== null) return this.#audience.has(registry);
    return !this.#removed && this.visibleTo(registry.client);
  }

  /** Gives a freshly made resource to the implementer; after removal it stays without a handler, inert. */
  bind(resource: Resource): void {
    if (!this.#removed) this.#bind(resource);
  }

  /**
   * Sends wl_registry.global_remove. Clients that have not read it yet may still bind: they get an inert resource and no error.
   * The name is forgotten with the last of them. Idempotent.
   */
  remove(): void {
    if (this.#removed) return;
    this.#host.removeGlobal(this);
    this.#removed = true;
  }

  /** For GlobalRegistry alone, at removal. */
  keepFor(audience: Set<Resource>): void {
    this.#audience = audience;
  }

  /** For GlobalRegistry alone: true when no registry is left that could bind it. */
  release(registry: Resource): boolean {
    this.#audience?.delete(registry);
    return this.#audience?.size === 0;
  }
}

function announcementOf(name: number, interfaceName: string, version: number): Int32Array {
  const text = Buffer.from(`${interfaceName}\0`);
  const words = new Int32Array(3 + ((text.length + 3) >>> 2));
  words[0] = name;
  words[1] = text.length;
  new Uint8Array(words.buffer).set(text, 8);
  words[words.length - 1] = version;
  return words;
}
