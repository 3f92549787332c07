/** The globals a server offers. */
import type { WlRegistryProxy } from '../generated/wayland.client.ts';
import type { ClientInterface, Proxy } from './proxy.ts';

/** One wl_registry.global. */
export interface ClientGlobal {
  readonly name: number;
  readonly interface: string;
  /** The newest version the server offers. */
  readonly version: number;
}

/** wl_registry of a connection: kept up to date as events are dispatched, so complete after the first round trip. */
export class ClientRegistry {
  readonly proxy: WlRegistryProxy;
  readonly #globals = new Map<number, ClientGlobal>();
  readonly #addListeners = new Set<(global: ClientGlobal) => void>();
  readonly #removeListeners = new Set<(global: ClientGlobal) => void>();

  /** Takes the proxy's handler. */
  constructor(proxy: WlRegistryProxy) {
    this.proxy = proxy;
    proxy.handler = {
      global: (_proxy, name, interfaceName, version) => {
        const global: ClientGlobal = { name, interface: interfaceName, version };
        this.#globals.set(name, global);
        for (const listener of this.#addListeners) listener(global);
      },
      globalRemove: (_proxy, name) => {
        const global = this.#globals.get(name);
        this.#globals.delete(name);
        if (global !== undefined) for (const listener of this.#removeListeners) listener(global);
      },
    };
  }

  /** By name. */
  get globals(): ReadonlyMap<number, ClientGlobal> {
    return this.#globals;
  }

  /** The first global of this interface. */
  find(interfaceName: string): ClientGlobal | undefined {
    for (const global of this.#globals.values())
      if (global.interface === interfaceName) return global;
    return undefined;
  }

  /** Called for those there are already, then for each new one. Returns its remover. */
  onGlobal(listener: (global: ClientGlobal) => void): () => void {
    for (const global of this.#globals.values()) listener(global);
    this.#addListeners.add(listener);
    return () => this.#addListeners.delete(listener);
  }

  onGlobalRemove(listener: (global: ClientGlobal) => void): () => void {
    this.#removeListeners.add(listener);
    return () => this.#removeListeners.delete(listener);
  }

  /** wl_registry.bind. `version` default: the newest both sides know. Throws a TypeError for a global of another interface. */
  bind<P extends Proxy>(
    type: { readonly interface: ClientInterface<P> },
    global: ClientGlobal,
    version: number = Math.min(global.version, type.interface.description.version),
  ): P {
    const wanted = type.interface.description.name;
    if (global.interface !== wanted)
      throw new TypeError(`global ${global.name} is a ${global.interface}, not a ${wanted}`);
    return this.proxy.bind(global.name, type.interface, version);
  }
}
