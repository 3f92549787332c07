/** wp_content_type_manager_v1 and wp_content_type_v1 (content-type-v1.xml). */
import { WpContentTypeManagerV1Error } from '../../protocols/generated/content-type-v1.interfaces.ts';
import { WpContentTypeManagerV1 } from '../../protocols/generated/content-type-v1.server.ts';
import type { WpContentTypeManagerV1Requests } from '../../protocols/generated/content-type-v1.server.ts';
import type { Global } from '../../protocols/server/global.ts';
import { ProtocolError } from '../../protocols/server/protocol-error.ts';
import type { HandlerContext } from '../handler-context.ts';
import { extendSurface } from '../surface/extension.ts';
import type { ContentType } from '../surface/surface-state.ts';
import { Surface } from '../surface/surface.ts';

const CONTENT_TYPE_VERSION = 1;

/** By value of wp_content_type_v1.type. */
const CONTENT_TYPES: readonly ContentType[] = ['none', 'photo', 'video', 'game'];

export function createContentTypeGlobal(context: HandlerContext): Global {
  return context.display.createGlobal(WpContentTypeManagerV1, CONTENT_TYPE_VERSION, (resource) => {
    resource.handler = managerRequests;
  });
}

const managerRequests: WpContentTypeManagerV1Requests = {
  destroy: () => undefined,

  getSurfaceContentType(resource, id, surfaceResource): void {
    const surface = Surface.of(surfaceResource);
    if (!extendSurface(surface, id)) {
      throw new ProtocolError(
        resource,
        WpContentTypeManagerV1Error.alreadyConstructed,
        `wl_surface@${surface.id} has a content type object`,
      );
    }
    id.handler = {
      destroy: () => undefined,

      setContentType(_resource, contentType): void {
        surface.pending.contentType = CONTENT_TYPES[contentType] ?? 'none';
      },
    };
    id.addDestroyListener(() => {
      surface.pending.contentType = 'none';
    });
  },
};
