/** wp_fifo_manager_v1 and wp_fifo_v1 (fifo-v1.xml). */
import {
  WpFifoManagerV1Error,
  WpFifoV1Error,
} from '../../protocols/generated/fifo-v1.interfaces.ts';
import { WpFifoManagerV1 } from '../../protocols/generated/fifo-v1.server.ts';
import type {
  WpFifoManagerV1Requests,
  WpFifoV1Requests,
  WpFifoV1Resource,
} from '../../protocols/generated/fifo-v1.server.ts';
import type { Global } from '../../protocols/server/global.ts';
import { ProtocolError } from '../../protocols/server/protocol-error.ts';
import type { HandlerContext } from '../handler-context.ts';
import { extendSurface } from '../surface/extension.ts';
import { Surface } from '../surface/surface.ts';

const FIFO_VERSION = 1;

export function createFifoGlobal(context: HandlerContext): Global {
  return context.display.createGlobal(WpFifoManagerV1, FIFO_VERSION, (resource) => {
    resource.handler = managerRequests;
  });
}

const managerRequests: WpFifoManagerV1Requests = {
  destroy: () => undefined,

  getFifo(resource, id, surfaceResource): void {
    const surface = Surface.of(surfaceResource);
    if (!extendSurface(surface, id)) {
      throw new ProtocolError(
        resource,
        WpFifoManagerV1Error.alreadyExists,
        `wl_surface@${surface.id} has a fifo object`,
      );
    }
    id.handler = fifoRequests(surface);
  },
};

function fifoRequests(surface: Surface): WpFifoV1Requests {
  const requireSurface = (resource: WpFifoV1Resource): void => {
    if (!surface.destroyed) return;
    throw new ProtocolError(
      resource,
      WpFifoV1Error.surfaceDestroyed,
      'its wl_surface was destroyed',
    );
  };
  return {
    setBarrier(resource): void {
      requireSurface(resource);
      surface.pending.setsBarrier = true;
    },

    waitBarrier(resource): void {
      requireSurface(resource);
      surface.pending.waitsForBarrier = true;
    },

    destroy: () => undefined,
  };
}
