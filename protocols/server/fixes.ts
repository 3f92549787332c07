/** wl_fixes: what wl_registry lacks (wayland.xml: wl_fixes). */
import { WlFixesError } from '../generated/wayland.interfaces.ts';
import { WlFixes } from '../generated/wayland.server.ts';
import type { WlFixesRequests } from '../generated/wayland.server.ts';
import type { Display } from './display.ts';
import type { Global } from './global.ts';
import { ProtocolError } from './protocol-error.ts';

const VERSION = 2;

/** Lets clients destroy registries, and say that they will not bind a removed global any more. */
export function createFixesGlobal(display: Display): Global {
  const requests: WlFixesRequests = {
    destroy: () => undefined,
    destroyRegistry: (_fixes, registry) => registry.destroy(),
    ackGlobalRemove: (fixes, registry, name) => {
      if (display.acknowledgeRemoval(registry, name)) return;
      throw new ProtocolError(
        fixes,
        WlFixesError.invalidAckRemove,
        `global ${name} was not removed`,
      );
    },
  };
  return display.createGlobal(WlFixes, VERSION, (fixes) => {
    fixes.handler = requests;
  });
}
