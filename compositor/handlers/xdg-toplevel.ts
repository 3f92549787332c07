/** xdg_toplevel's requests (xdg-shell.xml). */
import type { XdgToplevelRequests } from '../../protocols/generated/xdg-shell.server.ts';
import { XdgToplevelError } from '../../protocols/generated/xdg-shell.interfaces.ts';
import { ProtocolError } from '../../protocols/server/protocol-error.ts';
import type { Seat } from '../seat/seat.ts';
import { startMove, startResize } from '../shell/interactive.ts';
import type { Shell } from '../shell/shell.ts';
import { Toplevel } from '../shell/toplevel.ts';
import { outputOf } from './output.ts';
import { seatOf } from './seat.ts';

/** xdg_toplevel.resize_edge: none, the four edges, the four corners. */
const RESIZE_EDGES = new Set([0, 1, 2, 4, 5, 6, 8, 9, 10]);

export function toplevelRequests(shell: Shell, toplevel: Toplevel): XdgToplevelRequests {
  const { windowManager } = shell;
  return {
    destroy: () => undefined,
    setParent: (_, parent) => toplevel.setParent(parent && Toplevel.of(parent)),
    setTitle: (_, title) => {
      toplevel.title = title;
    },
    setAppId: (_, appId) => {
      toplevel.appId = appId;
    },
    // There is no menu to show; wm_capabilities says so.
    showWindowMenu: () => undefined,
    move: (_, seat, serial) => {
      if (mayDrag(seatOf(seat), toplevel, serial)) startMove(shell, seatOf(seat), toplevel);
    },
    resize: (resource, seat, serial, edges) => {
      if (!RESIZE_EDGES.has(edges)) {
        throw new ProtocolError(
          resource,
          XdgToplevelError.invalidResizeEdge,
          `no edge or corner has the number ${edges}`,
        );
      }
      if (edges === 0 || !mayDrag(seatOf(seat), toplevel, serial)) return;
      startResize(shell, seatOf(seat), toplevel, edges);
    },
    setMaxSize: (_, width, height) => toplevel.setMaxSize(width, height),
    setMinSize: (_, width, height) => toplevel.setMinSize(width, height),
    setMaximized: () => windowManager.maximizeRequested(toplevel, true),
    unsetMaximized: () => windowManager.maximizeRequested(toplevel, false),
    setFullscreen: (_, output) =>
      windowManager.fullscreenRequested(toplevel, true, outputOf(output) ?? null),
    unsetFullscreen: () => windowManager.fullscreenRequested(toplevel, false, null),
    setMinimized: () => windowManager.minimizeRequested(toplevel),
  };
}

/** Interactive moves and resizes follow a button that is still down on one of the client's surfaces. */
function mayDrag(seat: Seat, toplevel: Toplevel, serial: number): boolean {
  const { maximized, fullscreen } = toplevel.wanted;
  if (!toplevel.mapped || maximized || fullscreen || seat.pointer.grabbed) return false;
  return seat.pointer.holdsPress(toplevel.surface.client, serial);
}
