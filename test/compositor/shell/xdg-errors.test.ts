/** Every error code of xdg-shell, on the interface the XML names. */
import { expect, test } from 'vitest';
import { ZxdgDecorationManagerV1Proxy } from '../../../protocols/generated/xdg-decoration-unstable-v1.client.ts';
import type { DesktopFixture } from '../../support/desktop-fixture.ts';
import { withDesktop } from '../../support/desktop-fixture.ts';
import type { ShellClient } from '../../support/shell-client.ts';

type Mistake = (client: ShellClient, fixture: DesktopFixture) => void;

const MISTAKES: [name: string, interfaceName: string, code: number, mistake: Mistake][] = [
  [
    'xdg_wm_base.role: the surface is a cursor',
    'xdg_wm_base',
    0,
    (client) => {
      const surface = client.compositor.createSurface();
      client.pointer.setCursor(0, surface, 0, 0);
      client.wmBase.getXdgSurface(surface);
    },
  ],
  [
    'xdg_wm_base.role: a second xdg_surface',
    'xdg_wm_base',
    0,
    (client) => {
      const surface = client.compositor.createSurface();
      client.wmBase.getXdgSurface(surface);
      client.wmBase.getXdgSurface(surface);
    },
  ],
  [
    'xdg_wm_base.defunct_surfaces',
    'xdg_wm_base',
    1,
    (client) => {
      client.createWindow();
      client.wmBase.destroy();
    },
  ],
  [
    'xdg_wm_base.not_the_topmost_popup: the lower popup is destroyed first',
    'xdg_wm_base',
    2,
    (client, fixture) => {
      const window = client.openWindow(50, 50);
      const lower = client.createPopup(window.xdgSurface, client.positioner(10, 10, [0, 0, 1, 1]));
      lower.surface.commit();
      fixture.settle();
      client.draw(lower, 10, 10);
      const upper = client.createPopup(lower.xdgSurface, client.positioner(5, 5, [0, 0, 1, 1]));
      upper.surface.commit();
      fixture.settle();
      client.draw(upper, 5, 5);
      lower.popup.destroy();
    },
  ],
  [
    'xdg_wm_base.invalid_popup_parent',
    'xdg_wm_base',
    3,
    (client) => {
      client.createPopup(null, client.positioner(10, 10, [0, 0, 1, 1]));
    },
  ],
  [
    'xdg_wm_base.invalid_surface_state: the surface has a buffer',
    'xdg_wm_base',
    4,
    (client) => {
      const surface = client.compositor.createSurface();
      surface.attach(client.buffer(4, 4), 0, 0);
      client.wmBase.getXdgSurface(surface);
    },
  ],
  [
    'xdg_wm_base.invalid_positioner: without a size',
    'xdg_wm_base',
    5,
    (client) => {
      const window = client.openWindow(50, 50);
      client.createPopup(window.xdgSurface, client.wmBase.createPositioner());
    },
  ],
  [
    'xdg_positioner.invalid_input: size 0',
    'xdg_positioner',
    0,
    (client) => client.wmBase.createPositioner().setSize(0, 5),
  ],
  [
    'xdg_positioner.invalid_input: negative anchor rectangle',
    'xdg_positioner',
    0,
    (client) => client.wmBase.createPositioner().setAnchorRect(0, 0, -1, 5),
  ],
  [
    'xdg_surface.not_constructed: geometry before the role',
    'xdg_surface',
    1,
    (client) => {
      const surface = client.compositor.createSurface();
      client.wmBase.getXdgSurface(surface).setWindowGeometry(0, 0, 5, 5);
    },
  ],
  [
    'xdg_surface.not_constructed: commit before the role',
    'xdg_surface',
    1,
    (client) => {
      const surface = client.compositor.createSurface();
      client.wmBase.getXdgSurface(surface);
      surface.commit();
    },
  ],
  [
    'xdg_surface.already_constructed',
    'xdg_surface',
    2,
    (client) => {
      client.createWindow().xdgSurface.getToplevel();
    },
  ],
  [
    'xdg_surface.unconfigured_buffer',
    'xdg_surface',
    3,
    (client) => {
      const window = client.createWindow();
      window.surface.attach(client.buffer(4, 4), 0, 0);
      window.surface.commit();
    },
  ],
  [
    'xdg_surface.invalid_serial',
    'xdg_surface',
    4,
    (client) => client.createWindow().xdgSurface.ackConfigure(12345),
  ],
  [
    'xdg_surface.invalid_serial: acknowledged twice',
    'xdg_surface',
    4,
    (client, fixture) => {
      const window = client.createWindow();
      window.surface.commit();
      fixture.settle();
      const serial = window.configures[0]?.serial ?? 0;
      window.xdgSurface.ackConfigure(serial);
      window.xdgSurface.ackConfigure(serial);
    },
  ],
  [
    'xdg_surface.invalid_size',
    'xdg_surface',
    5,
    (client) => client.createWindow().xdgSurface.setWindowGeometry(0, 0, 0, 5),
  ],
  [
    'xdg_surface.defunct_role_object',
    'xdg_surface',
    6,
    (client) => client.createWindow().xdgSurface.destroy(),
  ],
  [
    'xdg_toplevel.invalid_resize_edge',
    'xdg_toplevel',
    0,
    (client) => client.openWindow(10, 10).toplevel.resize(client.seat, 0, 3 as 0),
  ],
  [
    'xdg_toplevel.invalid_parent: itself',
    'xdg_toplevel',
    1,
    (client) => {
      const window = client.openWindow(10, 10);
      window.toplevel.setParent(window.toplevel);
    },
  ],
  [
    'xdg_toplevel.invalid_size: negative',
    'xdg_toplevel',
    2,
    (client) => client.createWindow().toplevel.setMinSize(-1, 0),
  ],
  [
    'xdg_toplevel.invalid_size: minimum above maximum',
    'xdg_toplevel',
    2,
    (client) => {
      const window = client.createWindow();
      window.toplevel.setMinSize(10, 10);
      window.toplevel.setMaxSize(5, 5);
      window.surface.commit();
    },
  ],
  [
    'xdg_popup.invalid_grab: it is mapped',
    'xdg_popup',
    0,
    (client, fixture) => {
      const window = client.openWindow(50, 50);
      const popup = client.createPopup(window.xdgSurface, client.positioner(10, 10, [0, 0, 1, 1]));
      popup.surface.commit();
      fixture.settle();
      client.draw(popup, 10, 10);
      popup.popup.grab(client.seat, client.serials.press);
    },
  ],
  [
    'zxdg_toplevel_decoration_v1.unconfigured_buffer: version 1',
    'zxdg_toplevel_decoration_v1',
    0,
    (client) => {
      const window = client.openWindow(10, 10);
      client.bind(ZxdgDecorationManagerV1Proxy, 1).getToplevelDecoration(window.toplevel);
    },
  ],
  [
    'zxdg_toplevel_decoration_v1.invalid_mode',
    'zxdg_toplevel_decoration_v1',
    3,
    (client) => {
      const manager = client.bind(ZxdgDecorationManagerV1Proxy);
      manager.getToplevelDecoration(client.createWindow().toplevel).setMode(3 as 1);
    },
  ],
  [
    'zxdg_toplevel_decoration_v1.already_constructed',
    'zxdg_toplevel_decoration_v1',
    1,
    (client) => {
      const manager = client.bind(ZxdgDecorationManagerV1Proxy);
      const { toplevel } = client.createWindow();
      manager.getToplevelDecoration(toplevel);
      manager.getToplevelDecoration(toplevel);
    },
  ],
  [
    'zxdg_toplevel_decoration_v1.orphaned',
    'zxdg_toplevel_decoration_v1',
    2,
    (client) => {
      const manager = client.bind(ZxdgDecorationManagerV1Proxy);
      const { toplevel } = client.createWindow();
      manager.getToplevelDecoration(toplevel);
      toplevel.destroy();
    },
  ],
  [
    'wl_pointer.role: the cursor surface is a window',
    'wl_pointer',
    0,
    (client) => client.pointer.setCursor(0, client.openWindow(5, 5).surface, 0, 0),
  ],
];

test.each(MISTAKES)('%s', (_, interfaceName, code, mistake) => {
  withDesktop({}, (fixture) => {
    const bystander = fixture.connect();
    const window = bystander.openWindow(30, 30, 0x777777);
    const client = fixture.connect();
    mistake(client, fixture);
    fixture.settle();
    // The object as the compositor names it: the client has forgotten the one it destroyed.
    const raised = fixture.logged
      .map((line) => /: (\w+)@\d+ error (\d+):/.exec(line))
      .find(Boolean);
    expect(raised?.slice(1)).toEqual([interfaceName, String(code)]);
    expect(client.error?.code).toBe(code);
    expect(fixture.compositor.display.clients.size).toBe(1);
    bystander.draw(window, 30, 30, 0x888888);
    fixture.frames();
    expect(fixture.pixel(40, 40)).toBe(0x888888);
    expect(bystander.error).toBeUndefined();
  });
});
