/** Control operations on windows and surfaces. */
import { ClientState } from '../client-state.ts';
import type { Compositor } from '../compositor.ts';
import type { Surface } from '../surface/surface.ts';
import type { Operation } from './operation.ts';
import { field, type Fields } from './fields.ts';

export function surfaceOperations(compositor: Compositor): Record<string, Operation> {
  const { shell, seat } = compositor;
  const window = (fields: Fields) => {
    const surface = find(compositor, fields);
    const toplevel = shell.windowOf(surface);
    if (!toplevel) throw new Error(`wl_surface@${surface.id} is in no window`);
    return toplevel;
  };
  return {
    surfaces: () => ({
      surfaces: [...compositor.surfaces].map((surface) => describe(compositor, surface)),
    }),
    position: (fields) => {
      shell.move(window(fields), field.number(fields, 'x'), field.number(fields, 'y'));
    },
    activate: (fields) => shell.activate(window(fields)),
    maximize: (fields) => shell.setMaximized(window(fields), field.flag(fields, 'maximized')),
    fullscreen: (fields) =>
      shell.setFullscreen(window(fields), field.flag(fields, 'fullscreen'), null),
    close: (fields) => window(fields).close(),
    focus: () => ({
      keyboard: name(seat.keyboard.focus),
      pointer: name(seat.pointer.focus),
      x: seat.pointer.x,
      y: seat.pointer.y,
    }),
  };
}

function find(compositor: Compositor, fields: Fields): Surface {
  const client = field.whole(fields, 'client');
  const id = field.whole(fields, 'surface');
  for (const surface of compositor.surfaces) {
    if (surface.id === id && surface.client.number === client) return surface;
  }
  throw new Error(`client ${client} has no wl_surface@${id}`);
}

function name(surface: Surface | null): object | null {
  return surface && { client: surface.client.number, surface: surface.id };
}

function describe(compositor: Compositor, surface: Surface): object {
  const { shell, seat } = compositor;
  const role = shell.roleOf(surface);
  const toplevel = shell.windowOf(surface);
  const own = role?.surface === surface ? role : null;
  const place = seat.place(surface);
  const { sandbox } = ClientState.of(surface.client);
  return {
    client: surface.client.number,
    pid: surface.client.credentials.pid,
    ...(sandbox && { sandbox }),
    surface: surface.id,
    role: surface.roleName,
    mapped: surface.mapped,
    ...(own && { geometry: { ...own.geometry, x: own.x, y: own.y } }),
    ...(own?.roleName === 'xdg_toplevel' && {
      title: own.title,
      appId: own.appId,
      active: shell.activeWindow === own,
      state: own.acknowledged,
    }),
    ...(toplevel && { window: toplevel.surface.id }),
    ...(place && { place }),
    width: surface.current.width,
    height: surface.current.height,
    outputs: [...surface.visibleOn].map((output) => output.name),
    framesPresented: surface.framesPresented,
    waiting: surface.waiting,
  };
}
