/** wp_fractional_scale_manager_v1 1 (fractional-scale-v1.xml): the exact scale a surface should be drawn at. */
import {
  WpFractionalScaleManagerV1,
  WpFractionalScaleV1,
} from '../../protocols/generated/fractional-scale-v1.server.ts';
import { WpFractionalScaleManagerV1Error } from '../../protocols/generated/fractional-scale-v1.interfaces.ts';
import type { Display } from '../../protocols/server/display.ts';
import { ProtocolError } from '../../protocols/server/protocol-error.ts';
import type { SurfaceScales } from '../output/surface-scales.ts';
import { Surface } from '../surface/surface.ts';

const VERSION = 1;
/** The protocol counts in 120ths. */
const DENOMINATOR = 120;

export function createFractionalScaleGlobal(display: Display, scales: SurfaceScales): void {
  display.createGlobal(WpFractionalScaleManagerV1, VERSION, (manager) => {
    manager.handler = {
      destroy: () => undefined,
      getFractionalScale: (_, resource, surfaceResource) => {
        const surface = Surface.of(surfaceResource);
        if (scales.listensTo(surface)) {
          throw new ProtocolError(
            manager,
            WpFractionalScaleManagerV1Error.fractionalScaleExists,
            `wl_surface@${surface.id} has a fractional scale object already`,
          );
        }
        resource.handler = { destroy: () => undefined };
        resource.addDestroyListener(() => scales.listen(surface, null));
        scales.listen(surface, (scale) => {
          WpFractionalScaleV1.sendPreferredScale(resource, Math.round(scale * DENOMINATOR));
        });
      },
    };
  });
}
