/** wp_tearing_control_manager_v1 and wp_tearing_control_v1 (tearing-control-v1.xml). */
import {
  WpTearingControlManagerV1Error,
  WpTearingControlV1PresentationHint,
} from '../../protocols/generated/tearing-control-v1.interfaces.ts';
import { WpTearingControlManagerV1 } from '../../protocols/generated/tearing-control-v1.server.ts';
import type { WpTearingControlManagerV1Requests } from '../../protocols/generated/tearing-control-v1.server.ts';
import type { Global } from '../../protocols/server/global.ts';
import { ProtocolError } from '../../protocols/server/protocol-error.ts';
import type { HandlerContext } from '../handler-context.ts';
import { extendSurface } from '../surface/extension.ts';
import { Surface } from '../surface/surface.ts';

const TEARING_CONTROL_VERSION = 1;

export function createTearingControlGlobal(context: HandlerContext): Global {
  return context.display.createGlobal(
    WpTearingControlManagerV1,
    TEARING_CONTROL_VERSION,
    (resource) => {
      resource.handler = managerRequests;
    },
  );
}

const managerRequests: WpTearingControlManagerV1Requests = {
  destroy: () => undefined,

  getTearingControl(resource, id, surfaceResource): void {
    const surface = Surface.of(surfaceResource);
    if (!extendSurface(surface, id)) {
      throw new ProtocolError(
        resource,
        WpTearingControlManagerV1Error.tearingControlExists,
        `wl_surface@${surface.id} has a tearing control`,
      );
    }
    id.handler = {
      setPresentationHint(_resource, hint): void {
        surface.pending.tearing = hint === WpTearingControlV1PresentationHint.async;
      },

      destroy: () => undefined,
    };
    id.addDestroyListener(() => {
      surface.pending.tearing = false;
    });
  },
};
