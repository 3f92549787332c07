/** wl_display: the generated dispatch, but for sync, which needs no object. */
import { WlCallback, WlDisplay } from '../generated/wayland.server.ts';
import type {
  WlCallbackResource,
  WlDisplayRequests,
  WlDisplayResource,
  WlRegistryResource,
} from '../generated/wayland.server.ts';
import type { GlobalRegistry } from './registry.ts';
import type { RequestReader } from './request-reader.ts';
import type { Resource, ServerInterface } from './resource.ts';

const SYNC = 0;

/**
 * The wl_callback of a sync is made, done and gone within the request. Where nobody looks (traces name objects), it is never made: this
 * halves the cost of a round trip's message (bench wire-raw-syncs).
 */
export const displayInterface: ServerInterface<DisplayRequests> = {
  description: WlDisplay.description,

  dispatch(display: Resource<DisplayRequests>, reader: RequestReader): void {
    const { kind } = display;
    let resource: Resource<DisplayRequests> | null = display;
    for (; resource !== null; resource = reader.next(kind)) {
      const { handler } = resource;
      if (reader.opcode !== SYNC || handler === null || resource.writer.trace !== null) {
        // This one alone: what follows may be a sync again.
        reader.stop();
        WlDisplay.dispatch(resource, reader);
        return;
      }
      const { at } = reader;
      reader.need(at, reader.end, 1);
      resource.client.answerSync(reader.words[at]! >>> 0, handler.serial);
    }
  },
};

/** Handles the requests of all clients' wl_display. */
export class DisplayRequests implements WlDisplayRequests {
  /** The event serial given last; 0 before the first. */
  serial = 0;
  readonly #registry: GlobalRegistry;

  constructor(registry: GlobalRegistry) {
    this.#registry = registry;
  }

  sync(_display: WlDisplayResource, callback: WlCallbackResource): void {
    WlCallback.sendDone(callback, this.serial);
  }

  getRegistry(_display: WlDisplayResource, registry: WlRegistryResource): void {
    this.#registry.add(registry);
  }
}
