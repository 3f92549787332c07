/** The globals of windows, outputs and input. */
import type { Display } from '../../protocols/server/display.ts';
import type { Desktop } from '../desktop.ts';
import { createSeatGlobal } from './seat.ts';
import { createXdgOutputGlobal } from './xdg-output.ts';
import { createXdgWmBaseGlobal } from './xdg-wm-base.ts';

export function createDesktopGlobals(display: Display, desktop: Desktop): void {
  createSeatGlobal(display, desktop.seat, desktop.cursor);
  createXdgOutputGlobal(display);
  createXdgWmBaseGlobal(display, desktop.shell);
}
