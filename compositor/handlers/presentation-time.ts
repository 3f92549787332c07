/** wp_presentation (presentation-time.xml). Outputs answer the feedbacks through SurfaceFrame. */
import { WpPresentation } from '../../protocols/generated/presentation-time.server.ts';
import type { WpPresentationRequests } from '../../protocols/generated/presentation-time.server.ts';
import type { Global } from '../../protocols/server/global.ts';
import type { HandlerContext } from '../handler-context.ts';
import { PresentationFeedback } from '../surface/presentation-feedback.ts';
import { Surface } from '../surface/surface.ts';

const PRESENTATION_VERSION = 2;
/** clock_gettime(2) */
const CLOCK_MONOTONIC = 1;

export function createPresentationGlobal(context: HandlerContext): Global {
  const requests: WpPresentationRequests = {
    destroy: () => undefined,

    feedback(_resource, surfaceResource, callback): void {
      const { pending } = Surface.of(surfaceResource);
      (pending.feedbacks ??= []).push(new PresentationFeedback(callback));
    },
  };
  return context.display.createGlobal(WpPresentation, PRESENTATION_VERSION, (resource) => {
    resource.handler = requests;
    WpPresentation.sendClockId(resource, CLOCK_MONOTONIC);
  });
}
