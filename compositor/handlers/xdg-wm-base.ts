/** xdg_wm_base 7 (xdg-shell.xml): the global, and its xdg_surface objects with their roles. */
import { XdgWmBase } from '../../protocols/generated/xdg-shell.server.ts';
import type {
  XdgPopupResource,
  XdgPositionerResource,
  XdgSurfaceResource,
  XdgToplevelResource,
  XdgWmBaseResource,
} from '../../protocols/generated/xdg-shell.server.ts';
import type { WlSurfaceResource } from '../../protocols/generated/wayland.server.ts';
import { XdgSurfaceError, XdgWmBaseError } from '../../protocols/generated/xdg-shell.interfaces.ts';
import type { Display } from '../../protocols/server/display.ts';
import { ProtocolError } from '../../protocols/server/protocol-error.ts';
import { Popup, type PopupParent } from '../shell/popup.ts';
import type { Shell } from '../shell/shell.ts';
import { ShellSurface } from '../shell/shell-surface.ts';
import { Toplevel } from '../shell/toplevel.ts';
import { Surface } from '../surface/surface.ts';
import { popupRequests } from './xdg-popup.ts';
import { createPositioner, rulesOf } from './xdg-positioner.ts';
import { toplevelRequests } from './xdg-toplevel.ts';

const VERSION = 7;
const ROLES = new Set<string | null>([null, 'xdg_toplevel', 'xdg_popup']);

interface Context {
  readonly display: Display;
  readonly shell: Shell;
  /** Surfaces with a live xdg_surface. */
  readonly taken: Set<Surface>;
}

export function createXdgWmBaseGlobal(display: Display, shell: Shell): void {
  const context: Context = { display, shell, taken: new Set() };
  display.createGlobal(XdgWmBase, VERSION, (wmBase) => {
    const live = new Set<XdgSurfaceResource>();
    wmBase.handler = {
      createPositioner: (_, positioner) => createPositioner(positioner),
      getXdgSurface: (_, resource, surface) => {
        getXdgSurface(context, wmBase, resource, surface);
        live.add(resource);
        resource.addDestroyListener(() => live.delete(resource));
      },
      pong: () => undefined,
      destroy: () => {
        if (live.size === 0) return;
        throw new ProtocolError(
          wmBase,
          XdgWmBaseError.defunctSurfaces,
          `xdg_wm_base was destroyed before ${live.size} of its xdg_surfaces`,
        );
      },
    };
  });
}

function getXdgSurface(
  context: Context,
  wmBase: XdgWmBaseResource,
  resource: XdgSurfaceResource,
  surfaceResource: WlSurfaceResource,
): void {
  const surface = Surface.of(surfaceResource);
  const { taken } = context;
  if (!ROLES.has(surface.roleName) || surface.role !== null || taken.has(surface)) {
    throw new ProtocolError(
      wmBase,
      XdgWmBaseError.role,
      `wl_surface@${surface.id} has the role ${surface.roleName ?? 'of another xdg_surface'}`,
    );
  }
  if (surface.pending.buffer || surface.mapped) {
    throw new ProtocolError(
      wmBase,
      XdgWmBaseError.invalidSurfaceState,
      `wl_surface@${surface.id} has a buffer already`,
    );
  }
  const shellSurface = new ShellSurface(surface, resource, () => context.display.nextSerial());
  taken.add(surface);
  resource.data = shellSurface;
  resource.addDestroyListener(() => {
    taken.delete(surface);
    shellSurface.dispose();
  });
  resource.handler = {
    getToplevel: (_, toplevel) => getToplevel(context, wmBase, shellSurface, toplevel),
    getPopup: (_, popup, parent, positioner) =>
      getPopup(context, wmBase, shellSurface, popup, parent, positioner),
    setWindowGeometry: (_, x, y, width, height) => shellSurface.setGeometry(x, y, width, height),
    ackConfigure: (_, serial) => shellSurface.ack(serial),
    destroy: () => {
      if (!shellSurface.role) return;
      throw new ProtocolError(
        resource,
        XdgSurfaceError.defunctRoleObject,
        `xdg_surface@${resource.id} was destroyed before its ${shellSurface.role.roleName}`,
      );
    },
  };
}

function getToplevel(
  { shell }: Context,
  wmBase: XdgWmBaseResource,
  shellSurface: ShellSurface,
  resource: XdgToplevelResource,
): void {
  requireFreeRole(wmBase, shellSurface, 'xdg_toplevel');
  const toplevel = new Toplevel(shellSurface, resource, shell);
  shellSurface.construct(toplevel);
  shell.created(toplevel);
  resource.handler = toplevelRequests(shell, toplevel);
  resource.addDestroyListener(() => {
    toplevel.destroy();
    shell.destroyed(toplevel);
  });
}

function getPopup(
  { shell }: Context,
  wmBase: XdgWmBaseResource,
  shellSurface: ShellSurface,
  resource: XdgPopupResource,
  parentResource: XdgSurfaceResource | null,
  positioner: XdgPositionerResource,
): void {
  requireFreeRole(wmBase, shellSurface, 'xdg_popup');
  const rules = rulesOf(positioner);
  if (!rules) {
    throw new ProtocolError(
      wmBase,
      XdgWmBaseError.invalidPositioner,
      `xdg_positioner@${positioner.id} has no size or no anchor rectangle`,
    );
  }
  const parent = parentOf(parentResource);
  if (!parent) {
    throw new ProtocolError(
      wmBase,
      XdgWmBaseError.invalidPopupParent,
      'the parent of a popup is an xdg_surface with a role',
    );
  }
  const popup = new Popup(shellSurface, resource, parent, rules, wmBase, shell);
  shellSurface.construct(popup);
  shell.created(popup);
  resource.handler = popupRequests(shell, popup);
  resource.addDestroyListener(() => {
    popup.destroy();
    shell.popupGrab.unmapped(popup);
    shell.destroyed(popup);
  });
}

function requireFreeRole(
  wmBase: XdgWmBaseResource,
  shellSurface: ShellSurface,
  roleName: string,
): void {
  if (shellSurface.role) {
    throw new ProtocolError(
      shellSurface.resource,
      XdgSurfaceError.alreadyConstructed,
      `xdg_surface@${shellSurface.resource.id} is an ${shellSurface.role.roleName} already`,
    );
  }
  const { surface } = shellSurface;
  if (!surface.canTakeRole(roleName)) {
    throw new ProtocolError(
      wmBase,
      XdgWmBaseError.role,
      `wl_surface@${surface.id} has the role ${surface.roleName}`,
    );
  }
}

function parentOf(resource: XdgSurfaceResource | null): PopupParent | null {
  const role = resource?.data instanceof ShellSurface ? resource.data.role : null;
  return role instanceof Toplevel || role instanceof Popup ? role : null;
}
