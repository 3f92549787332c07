/** The seat of the host we take input from: the first it has, and another one when that goes. */
import type { ClientGlobal, ClientRegistry } from '../../protocols/client/client-registry.ts';
import { WlSeatProxy } from '../../protocols/generated/wayland.client.ts';

const VERSION = 8;
const RELEASE_SINCE = 5;

export class HostSeat {
  readonly #registry: ClientRegistry;
  readonly #unlisten: readonly (() => void)[];
  #global: ClientGlobal | undefined;
  #proxy: WlSeatProxy | null = null;
  #capabilities = 0;
  /** Another seat, none, or other capabilities. */
  onChanged: (() => void) | undefined;

  constructor(registry: ClientRegistry) {
    this.#registry = registry;
    this.#unlisten = [
      registry.onGlobal((global) => {
        if (!this.#global && global.interface === 'wl_seat') this.#take(global);
      }),
      registry.onGlobalRemove((global) => {
        if (global.name === this.#global?.name) this.#lose();
      }),
    ];
  }

  /** Null: the host has none now. */
  get proxy(): WlSeatProxy | null {
    return this.#proxy;
  }

  /** WlSeatCapability bits. */
  get capabilities(): number {
    return this.#capabilities;
  }

  dispose(): void {
    this.onChanged = undefined;
    for (const unlisten of this.#unlisten) unlisten();
  }

  #take(global: ClientGlobal): void {
    this.#global = global;
    this.#proxy = this.#registry.bind(WlSeatProxy, global, Math.min(global.version, VERSION));
    this.#proxy.handler = {
      capabilities: (_, capabilities) => {
        this.#capabilities = capabilities;
        this.onChanged?.();
      },
    };
  }

  /** Whoever has its devices gives them back before it goes. */
  #lose(): void {
    const lost = this.#proxy;
    this.#global = undefined;
    this.#proxy = null;
    this.#capabilities = 0;
    this.onChanged?.();
    if (lost) {
      lost.handler = null;
      if (lost.version >= RELEASE_SINCE) lost.release();
    }
    const other = this.#registry.find('wl_seat');
    if (other) this.#take(other);
  }
}
