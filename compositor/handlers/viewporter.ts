/** wp_viewporter and wp_viewport (viewporter.xml). */
import {
  WpViewportError,
  WpViewporterError,
} from '../../protocols/generated/viewporter.interfaces.ts';
import { WpViewporter } from '../../protocols/generated/viewporter.server.ts';
import type {
  WpViewportRequests,
  WpViewportResource,
  WpViewporterRequests,
} from '../../protocols/generated/viewporter.server.ts';
import type { Global } from '../../protocols/server/global.ts';
import { ProtocolError } from '../../protocols/server/protocol-error.ts';
import type { HandlerContext } from '../handler-context.ts';
import { extendSurface } from '../surface/extension.ts';
import { scaledBufferSize } from '../surface/geometry.ts';
import type { PendingState } from '../surface/pending-state.ts';
import { Surface } from '../surface/surface.ts';

const VIEWPORTER_VERSION = 1;
const UNSET = -1;

export function createViewporterGlobal(context: HandlerContext): Global {
  return context.display.createGlobal(WpViewporter, VIEWPORTER_VERSION, (resource) => {
    resource.handler = viewporterRequests;
  });
}

const viewporterRequests: WpViewporterRequests = {
  destroy: () => undefined,

  getViewport(resource, id, surfaceResource): void {
    const surface = Surface.of(surfaceResource);
    if (!extendSurface(surface, id)) {
      throw new ProtocolError(
        resource,
        WpViewporterError.viewportExists,
        `wl_surface@${surface.id} has a viewport`,
      );
    }
    id.handler = viewportRequests(surface);
    const removeCheck = surface.addCommitCheck((pending) => checkViewport(id, surface, pending));
    id.addDestroyListener(() => {
      removeCheck();
      surface.pending.viewportSource = null;
      surface.pending.viewportDestination = null;
    });
  },
};

function viewportRequests(surface: Surface): WpViewportRequests {
  return {
    destroy: () => undefined,

    setSource(resource: WpViewportResource, x, y, width, height): void {
      requireSurface(resource, surface);
      if ([x, y, width, height].every((value) => value === UNSET)) {
        surface.pending.viewportSource = null;
        return;
      }
      if (x < 0 || y < 0 || width <= 0 || height <= 0) {
        const value = `source ${width}x${height} at ${x},${y}`;
        throw new ProtocolError(resource, WpViewportError.badValue, value);
      }
      surface.pending.viewportSource = { x, y, width, height };
    },

    setDestination(resource: WpViewportResource, width, height): void {
      requireSurface(resource, surface);
      if (width === UNSET && height === UNSET) {
        surface.pending.viewportDestination = null;
        return;
      }
      if (width <= 0 || height <= 0) {
        const value = `destination ${width}x${height}`;
        throw new ProtocolError(resource, WpViewportError.badValue, value);
      }
      surface.pending.viewportDestination = { width, height };
    },
  };
}

function requireSurface(resource: WpViewportResource, surface: Surface): void {
  if (!surface.destroyed) return;
  throw new ProtocolError(resource, WpViewportError.noSurface, 'its wl_surface was destroyed');
}

/** At wl_surface.commit: the source must lie inside the buffer; without a destination it must be whole pixels. */
function checkViewport(
  resource: WpViewportResource,
  surface: Surface,
  pending: PendingState,
): void {
  const geometry = surface.geometry.preview(pending);
  const { source, destination } = geometry.viewport;
  if (!source) return;
  const buffer = scaledBufferSize(geometry);
  const outside =
    source.x + source.width > buffer.width || source.y + source.height > buffer.height;
  if (geometry.bufferWidth > 0 && outside) {
    const what = `source ${source.width}x${source.height} at ${source.x},${source.y}`;
    const of = `outside of ${buffer.width}x${buffer.height}`;
    throw new ProtocolError(resource, WpViewportError.outOfBuffer, `${what} ${of}`);
  }
  const whole = Number.isInteger(source.width) && Number.isInteger(source.height);
  if (!destination && !whole) {
    const size = `source ${source.width}x${source.height} without destination`;
    throw new ProtocolError(resource, WpViewportError.badSize, size);
  }
}
