/** zwp_relative_pointer_manager_v1 1 (relative-pointer-unstable-v1.xml): how far the device moved, wherever the pointer went. */
import {
  ZwpRelativePointerManagerV1,
  ZwpRelativePointerV1,
} from '../../protocols/generated/relative-pointer-unstable-v1.server.ts';
import type { ZwpRelativePointerV1Resource } from '../../protocols/generated/relative-pointer-unstable-v1.server.ts';
import type { Display } from '../../protocols/server/display.ts';
import { ClientResources } from '../seat/client-resources.ts';
import type { Seat } from '../seat/seat.ts';

const VERSION = 1;
const HIGH_WORD = 2 ** 32;

export function createRelativePointerGlobal(display: Display, seat: Seat): void {
  const resources = new ClientResources<ZwpRelativePointerV1Resource>();
  display.createGlobal(ZwpRelativePointerManagerV1, VERSION, (manager) => {
    manager.handler = {
      destroy: () => undefined,
      getRelativePointer: (_, resource) => {
        resource.handler = { destroy: () => undefined };
        resources.add(resource);
      },
    };
  });
  seat.pointer.relativeListener = (surface, motion) => {
    const { timeUs, dx, dy, dxUnaccelerated, dyUnaccelerated } = motion;
    for (const resource of resources.of(surface.client)) {
      ZwpRelativePointerV1.sendRelativeMotion(
        resource,
        Math.floor(timeUs / HIGH_WORD),
        timeUs % HIGH_WORD,
        dx,
        dy,
        dxUnaccelerated,
        dyUnaccelerated,
      );
    }
    seat.pointer.needFrame(surface.client);
  };
}
