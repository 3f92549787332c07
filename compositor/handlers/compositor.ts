/** wl_compositor, wl_surface, wl_region (wayland.xml). */
import { WlSurfaceError } from '../../protocols/generated/wayland.interfaces.ts';
import { WlCompositor } from '../../protocols/generated/wayland.server.ts';
import type {
  WlBufferResource,
  WlCallbackResource,
  WlCompositorRequests,
  WlCompositorResource,
  WlRegionRequests,
  WlRegionResource,
  WlSurfaceRequests,
  WlSurfaceResource,
} from '../../protocols/generated/wayland.server.ts';
import type { Global } from '../../protocols/server/global.ts';
import { ProtocolError } from '../../protocols/server/protocol-error.ts';
import { ClientBuffer } from '../buffer/client-buffer.ts';
import { ClientState } from '../client-state.ts';
import type { HandlerContext } from '../handler-context.ts';
import { addDamage } from '../surface/damage-list.ts';
import { KeptRegion } from '../surface/kept-region.ts';
import { Region } from '../surface/region.ts';
import { Surface } from '../surface/surface.ts';
import { isTransform } from '../surface/transform.ts';

const COMPOSITOR_VERSION = 7;
/** From here on attach's offset must be 0 and wl_surface.offset exists. */
const OFFSET_SINCE = 5;
/**
 * An opaque region is a hint that saves drawing (wayland.xml: wl_surface.set_opaque_region); one of more saves none. Round corners take
 * a rectangle a row.
 */
const MAX_OPAQUE_RECTS = 64;
/** Real windows' shapes are a few rectangles, at most one a row. */
const MAX_RECTS_OF_A_REGION = 1024;
/** A request on a region of so many rectangles takes as long as another usual request. */
const RECTS_OF_A_REQUEST = 16;

export function createCompositorGlobal(context: HandlerContext): Global {
  const requests: WlCompositorRequests = {
    createSurface(resource: WlCompositorResource, id: WlSurfaceResource): void {
      if (!ClientState.of(resource.client).take('surfaces')) {
        resource.client.postNoMemory();
        return;
      }
      const surface = new Surface(id, context.scheduler);
      id.handler = surfaceRequests(surface);
      context.addSurface(surface);
    },

    createRegion(_resource: WlCompositorResource, id: WlRegionResource): void {
      id.data = Region.empty;
      id.handler = regionRequests;
      id.addDestroyListener(() => {
        ClientState.of(id.client).changeRegionRects(-regionOf(id).rectCount);
      });
    },

    release: () => undefined,
  };
  return context.display.createGlobal(WlCompositor, COMPOSITOR_VERSION, (resource) => {
    resource.handler = requests;
  });
}

function surfaceRequests(surface: Surface): WlSurfaceRequests {
  return {
    destroy(resource: WlSurfaceResource): void {
      const role = surface.role;
      if (role?.outlivesSurface === false) {
        throw new ProtocolError(
          resource,
          WlSurfaceError.defunctRoleObject,
          `destroyed before its ${role.name} object`,
        );
      }
    },

    attach(
      resource: WlSurfaceResource,
      buffer: WlBufferResource | null,
      x: number,
      y: number,
    ): void {
      if (resource.version >= OFFSET_SINCE && (x !== 0 || y !== 0)) {
        throw new ProtocolError(resource, WlSurfaceError.invalidOffset, `attach at ${x},${y}`);
      }
      const { pending } = surface;
      const attached = buffer && ClientBuffer.of(buffer);
      attached?.ref();
      pending.buffer?.unref();
      pending.buffer = attached;
      if (resource.version < OFFSET_SINCE) {
        pending.offsetX = x;
        pending.offsetY = y;
      }
    },

    damage(
      _resource: WlSurfaceResource,
      x: number,
      y: number,
      width: number,
      height: number,
    ): void {
      const { pending } = surface;
      pending.surfaceDamage = addDamage(pending.surfaceDamage, { x, y, width, height });
    },

    frame(_resource: WlSurfaceResource, callback: WlCallbackResource): void {
      const { pending } = surface;
      if (pending.frameCallbacks) pending.frameCallbacks.push(callback);
      else pending.frameCallbacks = [callback];
    },

    setOpaqueRegion(_resource: WlSurfaceResource, region: WlRegionResource | null): void {
      const opaque = region ? regionOf(region) : Region.empty;
      surface.pending.opaqueRegion = opaque.rectCount <= MAX_OPAQUE_RECTS ? opaque : Region.empty;
    },

    setInputRegion(_resource: WlSurfaceResource, region: WlRegionResource | null): void {
      const { pending } = surface;
      pending.inputRegion?.drop();
      pending.inputRegion = region && keepRegion(region);
    },

    commit(): void {
      surface.commit();
    },

    setBufferTransform(resource: WlSurfaceResource, transform: number): void {
      if (!isTransform(transform)) {
        throw new ProtocolError(resource, WlSurfaceError.invalidTransform, `${transform}`);
      }
      surface.pending.bufferTransform = transform;
    },

    setBufferScale(resource: WlSurfaceResource, scale: number): void {
      if (scale < 1) throw new ProtocolError(resource, WlSurfaceError.invalidScale, `${scale}`);
      surface.pending.bufferScale = scale;
    },

    damageBuffer(
      _resource: WlSurfaceResource,
      x: number,
      y: number,
      width: number,
      height: number,
    ): void {
      const { pending } = surface;
      pending.bufferDamage = addDamage(pending.bufferDamage, { x, y, width, height });
    },

    offset(_resource: WlSurfaceResource, x: number, y: number): void {
      surface.pending.offsetX = x;
      surface.pending.offsetY = y;
    },

    getRelease(_resource: WlSurfaceResource, callback: WlCallbackResource): void {
      (surface.pending.releaseCallbacks ??= []).push(callback);
    },
  };
}

/** The value of a wl_region at this moment. */
function regionOf(resource: WlRegionResource): Region {
  return resource.data instanceof Region ? resource.data : Region.empty;
}

/** Its value at this moment, to be kept. When the client may keep no more it gets no_memory, and this is null. */
export function keepRegion(resource: WlRegionResource): KeptRegion | null {
  const { client } = resource;
  const kept = KeptRegion.keep(regionOf(resource), ClientState.of(client));
  if (!kept) client.postNoMemory();
  return kept;
}

/** wl_surface takes the value at the time of the request, so a region is just a value in `data`. */
const regionRequests: WlRegionRequests = {
  destroy: () => undefined,

  add(resource: WlRegionResource, x: number, y: number, width: number, height: number): void {
    setRegion(resource, regionOf(resource).union(Region.rect(x, y, width, height)));
  },

  subtract(resource: WlRegionResource, x: number, y: number, width: number, height: number): void {
    setRegion(resource, regionOf(resource).subtract(Region.rect(x, y, width, height)));
  },
};

function setRegion(resource: WlRegionResource, region: Region): void {
  const { client } = resource;
  const rects = region.rectCount;
  client.charge(rects / RECTS_OF_A_REQUEST);
  const more = rects - regionOf(resource).rectCount;
  if (rects <= MAX_RECTS_OF_A_REGION && ClientState.of(client).changeRegionRects(more))
    resource.data = region;
  else client.postNoMemory();
}
