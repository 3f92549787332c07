/** Clients that do wrong: the right error on the right object for them, and not a frame lost for anybody else. */
import { expect, test } from 'vitest';
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import {
  WlShmError,
  WlShmPoolError,
  WlSurfaceError,
} from '../../protocols/generated/wayland.interfaces.ts';
import { WlSubcompositorProxy } from '../../protocols/generated/wayland.client.ts';
import { WpViewporterProxy } from '../../protocols/generated/viewporter.client.ts';
import { XdgSurfaceError, XdgWmBaseError } from '../../protocols/generated/xdg-shell.interfaces.ts';
import { type Case, judge, pressNewest } from '../support/bystander.ts';
import {
  BUTTON_LEFT,
  type ShellClient,
  type TestPopup,
  type TestWindow,
} from '../support/shell-client.ts';

const XRGB8888 = 1;
const MIB = 2 ** 20;

/** A sparse file of that size, as a pool. */
function bigPool(client: ShellClient, sizeBytes: number) {
  const memory = new OwnedFd(native.memfdCreate('big', 0));
  client.pools.push(memory);
  native.ftruncate(memory.fd, sizeBytes);
  return { memory, pool: client.shm.createPool(memory.fd, sizeBytes) };
}

function show(window: TestWindow, buffer: Parameters<TestWindow['surface']['attach']>[0]): void {
  window.surface.attach(buffer, 0, 0);
  window.surface.damageBuffer(0, 0, 0x7fff_ffff, 0x7fff_ffff);
  window.surface.commit();
}

test('a pool truncated while it is shown', () => {
  judge(({ fixture, client }) => {
    const window = client.openWindow(100, 100);
    const { memory, pool } = bigPool(client, MIB);
    const buffer = pool.createBuffer(0, 100, 100, 400, XRGB8888);
    show(window, buffer);
    fixture.frames();
    native.ftruncate(memory.fd, 0);
    window.surface.damageBuffer(0, 0, 100, 100);
    window.surface.commit();
    fixture.frames();
    return { interface: 'wl_buffer', code: WlShmError.invalidFd, object: buffer.id };
  });
});

test('a memfd that shrinks between commit and frame, and grows again', () => {
  judge(({ fixture, client }) => {
    const window = client.openWindow(100, 100);
    const { memory, pool } = bigPool(client, MIB);
    const buffer = pool.createBuffer(0, 100, 100, 400, XRGB8888);
    show(window, buffer);
    fixture.settle();
    native.ftruncate(memory.fd, 4096);
    fixture.frames();
    native.ftruncate(memory.fd, MIB);
    return { interface: 'wl_buffer', code: WlShmError.invalidFd, object: buffer.id };
  });
});

test('a stride below a row', () => {
  judge(({ client }) => {
    const { pool } = bigPool(client, MIB);
    pool.createBuffer(0, 100, 100, 399, XRGB8888);
    return { interface: 'wl_shm_pool', code: WlShmPoolError.invalidStride, object: pool.id };
  });
});

test('a buffer of a gigabyte is shown as far as the output goes', () => {
  judge(({ fixture, client }) => {
    const window = client.openWindow(10, 10);
    const { pool } = bigPool(client, 1024 * MIB);
    show(window, pool.createBuffer(0, 16_384, 16_384, 65_536, XRGB8888));
    fixture.frames();
    const { shell } = fixture.compositor;
    const [bystander] = shell.windows;
    if (bystander) shell.raise(bystander);
    return null;
  });
});

test('a buffer that overflows is refused', () => {
  judge(({ client }) => {
    const { pool } = bigPool(client, MIB);
    pool.createBuffer(0, 0x7fff_ffff, 0x7fff_ffff, 0x7fff_ffff, XRGB8888);
    return { interface: 'wl_shm_pool', code: WlShmPoolError.invalidStride, object: pool.id };
  });
});

test('more memory than a client may have', () => {
  judge(({ client }) => {
    for (let count = 0; count < 9; count++) bigPool(client, 2048 * MIB - 1);
    return { interface: 'wl_display', code: 2 };
  });
});

test('a surface as large as numbers go', () => {
  judge(({ fixture, client }) => {
    const window = client.openWindow(10, 10);
    const viewport = client.bind(WpViewporterProxy).getViewport(window.surface);
    viewport.setDestination(0x7fff_ffff, 0x7fff_ffff);
    window.surface.commit();
    fixture.frames();
    viewport.setDestination(1, 0x7fff_ffff);
    window.surface.commit();
    fixture.frames();
    return null;
  });
});

test('a subsurface as far away as numbers go', () => {
  judge(({ fixture, client }) => {
    const window = client.openWindow(10, 10);
    const child = client.compositor.createSurface();
    const subsurface = client.bind(WlSubcompositorProxy).getSubsurface(child, window.surface);
    subsurface.setDesync();
    child.attach(client.buffer(4, 4), 0, 0);
    child.commit();
    for (const position of [0x7fff_ffff, -0x8000_0000]) {
      subsurface.setPosition(position, position);
      window.surface.commit();
      fixture.frames();
    }
    return null;
  });
});

function openPopup({ fixture, client }: Case, window: TestWindow): TestPopup {
  const popup = client.createPopup(window.xdgSurface, client.positioner(10, 10, [0, 0, 1, 1]));
  popup.surface.commit();
  fixture.settle();
  client.draw(popup, 10, 10);
  return popup;
}

test('a popup whose window is gone is dismissed; drawing it goes nowhere', () => {
  judge((scene) => {
    const { fixture, client } = scene;
    const window = client.openWindow(50, 50);
    const popup = openPopup(scene, window);
    window.surface.attach(null, 0, 0);
    window.surface.commit();
    fixture.settle();
    expect(popup.done).toBe(1);
    client.draw(popup, 10, 10);
    fixture.frames();
    popup.popup.reposition(client.positioner(5, 5, [0, 0, 1, 1]), 7);
    fixture.settle();
    return null;
  });
});

test('a popup on an xdg_surface without a role', () => {
  judge(({ client }) => {
    const parent = client.wmBase.getXdgSurface(client.compositor.createSurface());
    client.createPopup(parent, client.positioner(10, 10, [0, 0, 1, 1]));
    return {
      interface: 'xdg_wm_base',
      code: XdgWmBaseError.invalidPopupParent,
      object: client.wmBase.id,
    };
  });
});

test('a toplevel destroyed under its grabbing popup', () => {
  judge((scene) => {
    const { fixture, client } = scene;
    const window = client.openWindow(50, 50);
    pressNewest(fixture);
    fixture.compositor.seat.pointer.button(BUTTON_LEFT, false);
    const popup = client.createPopup(window.xdgSurface, client.positioner(10, 10, [0, 0, 1, 1]));
    popup.popup.grab(client.seat, client.serials.press);
    popup.surface.commit();
    fixture.settle();
    client.draw(popup, 10, 10);
    expect(fixture.compositor.shell.popupGrab.topmost).not.toBeNull();
    window.toplevel.destroy();
    fixture.settle();
    expect(fixture.compositor.shell.popupGrab.topmost).toBeNull();
    expect(popup.done).toBe(1);
    return null;
  });
});

test('a wl_surface destroyed before its role', () => {
  judge(({ client }) => {
    const { surface } = client.openWindow(20, 20);
    const object = surface.id;
    surface.destroy();
    return { interface: 'wl_surface', code: WlSurfaceError.defunctRoleObject, object };
  });
});

test('an xdg_surface destroyed before its toplevel', () => {
  judge(({ client }) => {
    const { xdgSurface } = client.openWindow(20, 20);
    const object = xdgSurface.id;
    xdgSurface.destroy();
    return { interface: 'xdg_surface', code: XdgSurfaceError.defunctRoleObject, object };
  });
});

test('a surface that lost its role draws nothing, whatever is committed', () => {
  judge(({ fixture, client }) => {
    const window = client.openWindow(20, 20);
    window.toplevel.destroy();
    window.xdgSurface.destroy();
    show(window, client.buffer(20, 20));
    fixture.frames();
    expect(fixture.compositor.shell.windows).toHaveLength(1);
    return null;
  });
});

test('a cursor whose surface goes while it is shown', () => {
  judge(({ fixture, client }) => {
    client.openWindow(100, 100);
    fixture.compositor.seat.pointer.moveTo(50, 50);
    fixture.settle();
    const cursor = client.compositor.createSurface();
    client.pointer.setCursor(client.serials.enter, cursor, 0, 0);
    cursor.attach(client.buffer(8, 8), 0, 0);
    cursor.commit();
    fixture.frames();
    cursor.destroy();
    fixture.frames();
    expect(fixture.compositor.desktop.cursor.root()).toBeNull();
    return null;
  });
});
