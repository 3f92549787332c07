/** Clients that do wrong: the right error on the right object for them, and not a frame lost for anybody else. */
import { expect, test } from 'vitest';
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import {
  WlShmError,
  WlShmPoolError,
  WlSurfaceError,
} from '../../protocols/generated/wayland.interfaces.ts';
import {
  WlDataDeviceManagerProxy,
  WlSubcompositorProxy,
} from '../../protocols/generated/wayland.client.ts';
import { ZwpPointerConstraintsV1Proxy } from '../../protocols/generated/pointer-constraints-unstable-v1.client.ts';
import { WpViewporterProxy } from '../../protocols/generated/viewporter.client.ts';
import { XdgSurfaceError, XdgWmBaseError } from '../../protocols/generated/xdg-shell.interfaces.ts';
import { type DesktopFixture, withDesktop } from '../support/desktop-fixture.ts';
import type { ShellClient, TestPopup, TestWindow } from '../support/shell-client.ts';

const BUTTON_LEFT = 272;
const XRGB8888 = 1;
const MIB = 2 ** 20;

/** Draws a new colour each frame it is called back for, and counts what it gets. */
class Bystander {
  readonly #client: ShellClient;
  readonly #window: TestWindow;
  #colour = 0x100000;
  callbacks = 0;
  releases = 0;
  commits = 0;

  constructor(fixture: DesktopFixture) {
    this.#client = fixture.connect();
    this.#window = this.#client.openWindow(40, 40, this.#colour);
    const [toplevel] = fixture.compositor.shell.windows;
    if (toplevel) fixture.compositor.shell.move(toplevel, 350, 250);
  }

  get error(): unknown {
    return this.#client.error;
  }

  /** One more frame of its animation. */
  commit(): void {
    const { surface } = this.#window;
    const buffer = this.#client.buffer(40, 40, ++this.#colour);
    buffer.handler = { release: () => this.releases++ };
    surface.attach(buffer, 0, 0);
    surface.damageBuffer(0, 0, 40, 40);
    surface.frame().handler = { done: () => this.callbacks++ };
    surface.commit();
    this.commits++;
  }

  /** All frames shown, all callbacks come, every buffer but the last one released. */
  expectUnharmed(fixture: DesktopFixture): void {
    this.commit();
    fixture.frames();
    expect(this.error).toBeUndefined();
    expect(fixture.pixel(360, 260)).toBe(this.#colour);
    expect([this.callbacks, this.releases]).toEqual([this.commits, this.commits - 1]);
  }
}

interface Case {
  readonly fixture: DesktopFixture;
  readonly client: ShellClient;
}

/** What the client should be told: the code on that interface and object; null: nothing, it goes on. */
type Told = { readonly interface: string; readonly code: number; readonly object?: number } | null;

function judge(mistake: (scene: Case) => Told | void): void {
  withDesktop({}, (fixture) => {
    const bystander = new Bystander(fixture);
    const client = fixture.connect();
    bystander.commit();
    fixture.frames();
    const told = mistake({ fixture, client });
    bystander.commit();
    fixture.frames();
    if (told !== undefined) {
      const raised = raisedBy(fixture);
      expect(client.error?.code).toBe(told?.code);
      if (told) expect(raised).toMatchObject(told);
      else expect(raised).toBeUndefined();
    }
    bystander.expectUnharmed(fixture);
    client.close();
    fixture.settle();
    expect(fixture.compositor.display.clients.size).toBe(1);
    bystander.expectUnharmed(fixture);
  });
}

/** The error as the compositor names its object: the client has forgotten one that it destroyed. */
function raisedBy(fixture: DesktopFixture): Told | undefined {
  for (const line of fixture.logged) {
    const [, name, object, code] = /: (\w+)@(\d+) error (\d+):/.exec(line) ?? [];
    if (name) return { interface: name, object: Number(object), code: Number(code) };
  }
  return undefined;
}

/** A press on the newest window, which is told of it. */
function pressNewest(fixture: DesktopFixture): void {
  const { seat, shell } = fixture.compositor;
  const newest = shell.windows.at(-1);
  if (!newest) throw new Error('no window');
  seat.pointer.moveTo(newest.x + 5, newest.y + 5);
  seat.pointer.button(BUTTON_LEFT, true);
  fixture.settle();
}

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

test('a client that dies in the middle of a message', () => {
  withDesktop({}, (fixture) => {
    const bystander = new Bystander(fixture);
    const [serverFd, clientFd] = native.socketPair();
    fixture.compositor.display.connect(new OwnedFd(serverFd));
    // wl_display.get_registry, cut off after its header.
    const half = new Uint8Array(Uint32Array.of(1, (12 << 16) | 1).buffer);
    native.sendmsg(clientFd, half, 0, half.byteLength, new Int32Array(1), 0);
    fixture.settle();
    native.close(clientFd);
    fixture.settle();
    expect(fixture.compositor.display.clients.size).toBe(1);
    bystander.expectUnharmed(fixture);
  });
});

test('a client that dies between attach and commit, in the middle of a tree', () => {
  judge(({ fixture, client }) => {
    const window = client.openWindow(50, 50);
    const subcompositor = client.bind(WlSubcompositorProxy);
    let parent = window.surface;
    for (let depth = 0; depth < 5; depth++) {
      const child = client.compositor.createSurface();
      subcompositor.getSubsurface(child, parent);
      child.attach(client.buffer(10, 10), 0, 0);
      child.frame();
      child.commit();
      parent = child;
    }
    window.surface.attach(client.buffer(50, 50), 0, 0);
    window.surface.frame();
    fixture.settle();
    client.close();
    fixture.settle();
  });
});

/** What is under way when the client dies; the button is down on its window. */
const MOMENTS: Readonly<Record<string, (scene: Case, window: TestWindow) => void>> = {
  press: () => undefined,
  move: ({ client }, { toplevel }) => toplevel.move(client.seat, client.serials.press),
  resize: ({ client }, { toplevel }) => toplevel.resize(client.seat, client.serials.press, 8),
  touch: ({ fixture }) => fixture.compositor.seat.touch.down(0, 20, 20),
  drag: ({ client }, { surface }) => {
    const manager = client.bind(WlDataDeviceManagerProxy);
    const source = manager.createDataSource();
    manager.getDataDevice(client.seat).startDrag(source, surface, null, client.serials.press);
  },
  lock: ({ client }, { surface }) => {
    const persistent = 2;
    client
      .bind(ZwpPointerConstraintsV1Proxy)
      .lockPointer(surface, client.pointer, null, persistent);
  },
  'popup grab': ({ fixture, client }, { xdgSurface }) => {
    const popup = client.createPopup(xdgSurface, client.positioner(9, 9, [0, 0, 1, 1]));
    popup.popup.grab(client.seat, client.serials.press);
    popup.surface.commit();
    fixture.settle();
    client.draw(popup, 9, 9);
  },
};

test.each(Object.entries(MOMENTS))('a client that dies in the middle of a %s', (moment, begin) => {
  withDesktop({}, (fixture) => {
    const bystander = new Bystander(fixture);
    const client = fixture.connect();
    const window = client.openWindow(100, 100);
    const { pointer, touch } = fixture.compositor.seat;
    const [, toplevel] = fixture.compositor.shell.windows;
    if (toplevel) fixture.compositor.shell.move(toplevel, 0, 0);
    pressNewest(fixture);
    begin({ fixture, client }, window);
    fixture.settle();
    pointer.moveBy(3, 3);
    fixture.settle();
    client.close();
    fixture.settle();
    if (moment === 'touch') touch.up(0);
    pointer.button(BUTTON_LEFT, false);
    pointer.moveTo(360, 260);
    fixture.settle();
    expect(pointer.focus?.client).toBe([...fixture.compositor.display.clients][0]);
    expect(fixture.compositor.seat.keyboard.focus).toBe(pointer.focus);
    bystander.expectUnharmed(fixture);
  });
});
