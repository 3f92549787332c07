/**
 * zxdg_decoration_manager_v1 2 (xdg-decoration-unstable-v1.xml): we draw no frames, clients draw their own. Those that ask between
 * their first configure and their first buffer get what they ask for: SDL 2 makes its window anew, and loses it, over any other answer.
 */
import {
  ZxdgDecorationManagerV1,
  ZxdgToplevelDecorationV1,
} from '../../protocols/generated/xdg-decoration-unstable-v1.server.ts';
import type { ZxdgToplevelDecorationV1Resource } from '../../protocols/generated/xdg-decoration-unstable-v1.server.ts';
import type { XdgToplevelResource } from '../../protocols/generated/xdg-shell.server.ts';
import {
  ZxdgToplevelDecorationV1Error,
  ZxdgToplevelDecorationV1Mode,
} from '../../protocols/generated/xdg-decoration-unstable-v1.interfaces.ts';
import type { Display } from '../../protocols/server/display.ts';
import { ProtocolError } from '../../protocols/server/protocol-error.ts';
import { Toplevel } from '../shell/toplevel.ts';

const VERSION = 2;
/** From here on a window that is shown already may be given a decoration object. */
const LATE_SINCE = 2;

export function createXdgDecorationGlobal(display: Display): void {
  const decorated = new Set<XdgToplevelResource>();
  display.createGlobal(ZxdgDecorationManagerV1, VERSION, (manager) => {
    manager.handler = {
      destroy: () => undefined,
      getToplevelDecoration: (_, decoration, toplevel) => decorate(decorated, decoration, toplevel),
    };
  });
}

function decorate(
  decorated: Set<XdgToplevelResource>,
  decoration: ZxdgToplevelDecorationV1Resource,
  toplevelResource: XdgToplevelResource,
): void {
  const fail = (code: number, message: string): ProtocolError =>
    new ProtocolError(decoration, code, message);
  if (decorated.has(toplevelResource)) {
    throw fail(
      ZxdgToplevelDecorationV1Error.alreadyConstructed,
      `xdg_toplevel@${toplevelResource.id} has a decoration object already`,
    );
  }
  const toplevel = Toplevel.of(toplevelResource);
  const { surface } = toplevel;
  if (decoration.version < LATE_SINCE && (surface.pending.buffer || surface.mapped)) {
    throw fail(
      ZxdgToplevelDecorationV1Error.unconfiguredBuffer,
      `wl_surface@${surface.id} has a buffer already`,
    );
  }
  decorated.add(toplevelResource);
  const unlisten = toplevelResource.addDestroyListener(() => {
    decorated.delete(toplevelResource);
    if (!decoration.alive || !decoration.client.alive) return;
    decoration.client.postError(
      decoration,
      ZxdgToplevelDecorationV1Error.orphaned,
      'the xdg_toplevel was destroyed before its decoration object',
    );
  });
  decoration.addDestroyListener(() => {
    unlisten();
    decorated.delete(toplevelResource);
  });
  const granted = toplevel.shellSurface.initialCommitted && !surface.mapped;
  const { clientSide, serverSide } = ZxdgToplevelDecorationV1Mode;
  const tell = (mode: ZxdgToplevelDecorationV1Mode): void => {
    ZxdgToplevelDecorationV1.sendConfigure(decoration, mode);
    toplevel.configure({}, true);
  };
  decoration.handler = {
    destroy: () => undefined,
    setMode: (_, mode) => {
      if (mode !== clientSide && mode !== serverSide) {
        throw fail(ZxdgToplevelDecorationV1Error.invalidMode, `no decoration mode ${mode}`);
      }
      tell(granted ? mode : clientSide);
    },
    unsetMode: () => tell(clientSide),
  };
  if (!granted) tell(clientSide);
}
