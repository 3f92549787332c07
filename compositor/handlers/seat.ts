/** wl_seat 11 (wayland.xml): pointer, keyboard and touch objects, and the cursor role. */
import { WlSeat } from '../../protocols/generated/wayland.server.ts';
import type {
  WlPointerResource,
  WlSeatResource,
  WlSurfaceResource,
} from '../../protocols/generated/wayland.server.ts';
import {
  WlPointerError,
  WlSeatCapability,
  WlSeatError,
} from '../../protocols/generated/wayland.interfaces.ts';
import type { Display } from '../../protocols/server/display.ts';
import { ProtocolError } from '../../protocols/server/protocol-error.ts';
import { type Cursor, CURSOR_ROLE, CursorRole } from '../seat/cursor.ts';
import type { Seat } from '../seat/seat.ts';
import { Surface } from '../surface/surface.ts';

const VERSION = 11;

export function createSeatGlobal(display: Display, seat: Seat, cursor: Cursor): void {
  display.createGlobal(WlSeat, VERSION, (resource) => {
    resource.data = seat;
    resource.handler = {
      getPointer: (_, pointer) => {
        pointer.data = seat;
        pointer.handler = {
          setCursor: (of, serial, surface, x, y) =>
            setCursor(of, seat, cursor, serial, surface, x, y),
          release: () => undefined,
        };
        seat.pointer.resources.add(pointer);
        seat.pointer.welcome(pointer);
      },
      getKeyboard: (of, keyboard) => {
        if (!seat.keyboard.present) {
          throw new ProtocolError(of, WlSeatError.missingCapability, 'the seat has no keyboard');
        }
        keyboard.handler = { release: () => undefined };
        seat.keyboard.resources.add(keyboard);
        seat.keyboard.welcome(keyboard);
      },
      getTouch: (_, touch) => {
        touch.handler = { release: () => undefined };
        seat.touch.resources.add(touch);
      },
      release: () => undefined,
    };
    WlSeat.sendCapabilities(resource, capabilities(seat));
    if (resource.version >= WlSeat.nameSince) WlSeat.sendName(resource, seat.name);
  });
}

/** The seat behind a wl_seat object. */
export function seatOf(resource: WlSeatResource): Seat {
  return resource.data as Seat;
}

function capabilities(seat: Seat): number {
  const keyboard = seat.keyboard.present ? WlSeatCapability.keyboard : 0;
  return WlSeatCapability.pointer | WlSeatCapability.touch | keyboard;
}

function setCursor(
  resource: WlPointerResource,
  seat: Seat,
  cursor: Cursor,
  serial: number,
  surfaceResource: WlSurfaceResource | null,
  hotspotX: number,
  hotspotY: number,
): void {
  const surface = surfaceResource ? Surface.of(surfaceResource) : null;
  // The role is taken also when the serial is old: it is the request that gives it.
  const role = surface && takeRole(resource, surface, hotspotX, hotspotY);
  const { pointer } = seat;
  if (pointer.focus?.client !== resource.client || serial !== pointer.enterSerial) return;
  if (role) {
    role.hotspotX = hotspotX;
    role.hotspotY = hotspotY;
  }
  cursor.setSurface(surface);
}

function takeRole(
  resource: WlPointerResource,
  surface: Surface,
  hotspotX: number,
  hotspotY: number,
): CursorRole {
  if (surface.role instanceof CursorRole) return surface.role;
  if (!surface.canTakeRole(CURSOR_ROLE)) {
    throw new ProtocolError(
      resource,
      WlPointerError.role,
      `wl_surface@${surface.id} has the role ${surface.roleName}`,
    );
  }
  const role = new CursorRole(hotspotX, hotspotY);
  surface.setRole(role);
  return role;
}
