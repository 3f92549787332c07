/** wp_cursor_shape_manager_v1 2 (cursor-shape-v1.xml): named cursors, drawn by a host when there is one. */
import { WpCursorShapeManagerV1 } from '../../protocols/generated/cursor-shape-v1.server.ts';
import type { WpCursorShapeDeviceV1Resource } from '../../protocols/generated/cursor-shape-v1.server.ts';
import {
  WpCursorShapeDeviceV1Error,
  WpCursorShapeDeviceV1Shape,
} from '../../protocols/generated/cursor-shape-v1.interfaces.ts';
import type { Display } from '../../protocols/server/display.ts';
import { ProtocolError } from '../../protocols/server/protocol-error.ts';
import type { Cursor } from '../seat/cursor.ts';
import type { Seat } from '../seat/seat.ts';

const VERSION = 2;
const SHAPES = new Set<number>(Object.values(WpCursorShapeDeviceV1Shape));

export function createCursorShapeGlobal(display: Display, seat: Seat, cursor: Cursor): void {
  display.createGlobal(WpCursorShapeManagerV1, VERSION, (manager) => {
    manager.handler = {
      destroy: () => undefined,
      getPointer: (_, device) => serve(device, seat, cursor),
      // There are no tablets; the object is good for nothing but its destruction.
      getTabletToolV2: (_, device) => {
        device.handler = { destroy: () => undefined, setShape: () => undefined };
      },
    };
  });
}

function serve(device: WpCursorShapeDeviceV1Resource, seat: Seat, cursor: Cursor): void {
  device.handler = {
    destroy: () => undefined,
    setShape: (_, serial, shape) => {
      if (!isShape(shape, device.version)) {
        throw new ProtocolError(
          device,
          WpCursorShapeDeviceV1Error.invalidShape,
          `no cursor shape ${shape}`,
        );
      }
      const { pointer } = seat;
      if (pointer.focus?.client === device.client && pointer.enterSerial === serial) {
        cursor.setShape(shape);
      }
    },
  };
}

/** Version 1 ends with zoom_out. */
function isShape(value: number, version: number): value is WpCursorShapeDeviceV1Shape {
  const last = version === 1 ? WpCursorShapeDeviceV1Shape.zoomOut : Infinity;
  return value <= last && SHAPES.has(value);
}
