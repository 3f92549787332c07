/** The host's outputs as they come, change and go: what scale and rate our windows on them have. */
import type { ClientRegistry } from '../../protocols/client/client-registry.ts';
import { WlOutputProxy } from '../../protocols/generated/wayland.client.ts';

/** A scale and rate of one of the host's outputs. */
export interface HostOutput {
  readonly proxy: WlOutputProxy;
  readonly scale: number;
  /** 0: not told. */
  readonly refreshMhz: number;
}

/** name and description are of no use to us. */
const VERSION = 4;
const DONE_SINCE = 2;
const RELEASE_SINCE = 3;
/** wl_output.mode current */
const CURRENT_MODE = 1;
const DEFAULT_REFRESH_MHZ = 60_000;

export class HostOutputs {
  readonly #registry: ClientRegistry;
  /** By the global's name. */
  readonly #outputs = new Map<number, HostOutput>();
  readonly #listeners = new Set<() => void>();
  readonly #unlisten: readonly (() => void)[];

  constructor(registry: ClientRegistry) {
    this.#registry = registry;
    this.#unlisten = [
      registry.onGlobal((global) => {
        if (global.interface === 'wl_output') this.#add(global.name, global.version);
      }),
      registry.onGlobalRemove(({ name }) => this.#remove(name)),
    ];
  }

  /** Undefined: it has gone, or is not one of these. */
  of(proxy: WlOutputProxy | null): HostOutput | undefined {
    for (const output of this.#outputs.values()) if (output.proxy === proxy) return output;
    return undefined;
  }

  /** The rate of an output a window may be on that is on none yet. */
  get refreshMhz(): number {
    for (const { refreshMhz } of this.#outputs.values()) if (refreshMhz > 0) return refreshMhz;
    return DEFAULT_REFRESH_MHZ;
  }

  /** One came, went, or is another now. Returns the remover. */
  onChanged(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  dispose(): void {
    for (const unlisten of this.#unlisten) unlisten();
    this.#listeners.clear();
  }

  #add(name: number, offered: number): void {
    const global = this.#registry.globals.get(name);
    if (!global) return;
    const version = Math.min(offered, VERSION);
    const proxy = this.#registry.bind(WlOutputProxy, global, version);
    const output = { proxy, scale: 1, refreshMhz: 0 };
    // Before version 2 nobody says when all has been told.
    const told = (): void => {
      if (version < DONE_SINCE) this.#changed();
    };
    proxy.handler = {
      scale: (_, factor) => {
        output.scale = factor;
      },
      mode: (_, flags, __, ___, refreshMhz) => {
        if ((flags & CURRENT_MODE) !== 0) output.refreshMhz = refreshMhz;
        told();
      },
      done: () => this.#changed(),
    };
    this.#outputs.set(name, output);
  }

  #remove(name: number): void {
    const output = this.#outputs.get(name);
    if (!output) return;
    this.#outputs.delete(name);
    output.proxy.handler = null;
    if (output.proxy.version >= RELEASE_SINCE) output.proxy.release();
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
