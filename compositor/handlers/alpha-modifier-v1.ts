/** wp_alpha_modifier_v1 and wp_alpha_modifier_surface_v1 (alpha-modifier-v1.xml). */
import {
  WpAlphaModifierSurfaceV1Error,
  WpAlphaModifierV1Error,
} from '../../protocols/generated/alpha-modifier-v1.interfaces.ts';
import { WpAlphaModifierV1 } from '../../protocols/generated/alpha-modifier-v1.server.ts';
import type { WpAlphaModifierV1Requests } from '../../protocols/generated/alpha-modifier-v1.server.ts';
import type { Global } from '../../protocols/server/global.ts';
import { ProtocolError } from '../../protocols/server/protocol-error.ts';
import type { HandlerContext } from '../handler-context.ts';
import { extendSurface } from '../surface/extension.ts';
import { Surface } from '../surface/surface.ts';

const ALPHA_MODIFIER_VERSION = 1;
const OPAQUE = 0xffff_ffff;

export function createAlphaModifierGlobal(context: HandlerContext): Global {
  return context.display.createGlobal(WpAlphaModifierV1, ALPHA_MODIFIER_VERSION, (resource) => {
    resource.handler = managerRequests;
  });
}

const managerRequests: WpAlphaModifierV1Requests = {
  destroy: () => undefined,

  getSurface(resource, id, surfaceResource): void {
    const surface = Surface.of(surfaceResource);
    if (!extendSurface(surface, id)) {
      throw new ProtocolError(
        resource,
        WpAlphaModifierV1Error.alreadyConstructed,
        `wl_surface@${surface.id} has an alpha modifier`,
      );
    }
    id.handler = {
      destroy: () => undefined,

      setMultiplier(modifier, factor): void {
        if (surface.destroyed) {
          throw new ProtocolError(
            modifier,
            WpAlphaModifierSurfaceV1Error.noSurface,
            'its wl_surface was destroyed',
          );
        }
        surface.pending.opacity = (factor >>> 0) / OPAQUE;
      },
    };
    id.addDestroyListener(() => {
      surface.pending.opacity = 1;
    });
  },
};
