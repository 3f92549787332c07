/** The globals of windows, outputs and input. */
import type { Display } from '../../protocols/server/display.ts';
import { createCursorShapeGlobal } from './cursor-shape-v1.ts';
import { createDataDeviceGlobal } from './data-device.ts';
import { createForeignToplevelListGlobal } from './foreign-toplevel-list-v1.ts';
import { createFractionalScaleGlobal } from './fractional-scale-v1.ts';
import { createIdleInhibitGlobal } from './idle-inhibit.ts';
import { createImageCaptureSourceGlobals } from './image-capture-source-v1.ts';
import { createImageCopyCaptureGlobal, type CaptureContext } from './image-copy-capture-v1.ts';
import { createPointerConstraintsGlobal } from './pointer-constraints.ts';
import { createPrimarySelectionGlobal } from './primary-selection.ts';
import { createRelativePointerGlobal } from './relative-pointer.ts';
import { createSeatGlobal } from './seat.ts';
import { createXdgActivationGlobal } from './xdg-activation.ts';
import { createXdgDecorationGlobal } from './xdg-decoration.ts';
import { createXdgOutputGlobal } from './xdg-output.ts';
import { createXdgWmBaseGlobal } from './xdg-wm-base.ts';

export function createDesktopGlobals(display: Display, context: CaptureContext): void {
  const { desktop } = context;
  const { seat, shell, cursor, scales } = desktop;
  createSeatGlobal(display, seat, cursor);
  createDataDeviceGlobal(display, desktop);
  createPrimarySelectionGlobal(display, seat);
  createXdgOutputGlobal(display);
  createXdgWmBaseGlobal(display, shell);
  createXdgDecorationGlobal(display);
  createXdgActivationGlobal(display, shell);
  createForeignToplevelListGlobal(display, shell);
  createFractionalScaleGlobal(display, scales);
  createCursorShapeGlobal(display, seat, cursor);
  createRelativePointerGlobal(display, seat);
  createPointerConstraintsGlobal(display, seat);
  createIdleInhibitGlobal(display, desktop.idleInhibitors);
  createImageCaptureSourceGlobals(display, desktop);
  createImageCopyCaptureGlobal(display, context);
}
