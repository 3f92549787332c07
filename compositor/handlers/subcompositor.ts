/** wl_subcompositor and wl_subsurface (wayland.xml). */
import {
  WlSubcompositorError,
  WlSubsurfaceError,
} from '../../protocols/generated/wayland.interfaces.ts';
import { WlSubcompositor } from '../../protocols/generated/wayland.server.ts';
import type {
  WlSubcompositorRequests,
  WlSubcompositorResource,
  WlSubsurfaceRequests,
  WlSubsurfaceResource,
  WlSurfaceResource,
} from '../../protocols/generated/wayland.server.ts';
import type { Global } from '../../protocols/server/global.ts';
import { ProtocolError } from '../../protocols/server/protocol-error.ts';
import type { Scheduler } from '../commit/scheduler.ts';
import type { HandlerContext } from '../handler-context.ts';
import { Subsurface } from '../surface/subsurface.ts';
import { Surface } from '../surface/surface.ts';

const SUBCOMPOSITOR_VERSION = 1;

export function createSubcompositorGlobal(context: HandlerContext): Global {
  const requests: WlSubcompositorRequests = {
    destroy: () => undefined,

    getSubsurface(
      resource: WlSubcompositorResource,
      id: WlSubsurfaceResource,
      surfaceResource: WlSurfaceResource,
      parentResource: WlSurfaceResource,
    ): void {
      const surface = Surface.of(surfaceResource);
      const parent = Surface.of(parentResource);
      if (!surface.canTakeRole('wl_subsurface')) {
        const role = surface.roleName ?? 'none';
        throw new ProtocolError(
          resource,
          WlSubcompositorError.badSurface,
          `wl_surface@${surface.id} has a role (${role})`,
        );
      }
      if (isWithin(parent, surface)) {
        throw new ProtocolError(
          resource,
          WlSubcompositorError.badParent,
          `wl_surface@${parent.id} is wl_surface@${surface.id} or below it`,
        );
      }
      const subsurface = new Subsurface(surface, parent);
      id.handler = subsurfaceRequests(subsurface, context.scheduler);
      id.addDestroyListener(() => {
        subsurface.destroy();
        context.scheduler.desynchronized(surface);
      });
    },
  };
  return context.display.createGlobal(WlSubcompositor, SUBCOMPOSITOR_VERSION, (resource) => {
    resource.handler = requests;
  });
}

/** Whether `surface` is `ancestor` or one of its descendants. */
function isWithin(surface: Surface, ancestor: Surface): boolean {
  for (let above: Surface | null = surface; above; above = above.subsurface?.parent ?? null) {
    if (above === ancestor) return true;
  }
  return false;
}

function subsurfaceRequests(subsurface: Subsurface, scheduler: Scheduler): WlSubsurfaceRequests {
  const place = (
    resource: WlSubsurfaceResource,
    siblingResource: WlSurfaceResource,
    where: 'above' | 'below',
  ): void => {
    const sibling = Surface.of(siblingResource);
    if (sibling !== subsurface.surface && subsurface.place(sibling, where)) return;
    throw new ProtocolError(
      resource,
      WlSubsurfaceError.badSurface,
      `wl_surface@${sibling.id} is neither sibling nor parent`,
    );
  };
  return {
    destroy: () => undefined,

    setPosition(_resource: WlSubsurfaceResource, x: number, y: number): void {
      subsurface.setPosition(x, y);
    },

    placeAbove: (resource, sibling) => place(resource, sibling, 'above'),

    placeBelow: (resource, sibling) => place(resource, sibling, 'below'),

    setSync(): void {
      subsurface.mode = 'sync';
    },

    setDesync(): void {
      subsurface.mode = 'desync';
      scheduler.desynchronized(subsurface.surface);
    },
  };
}
