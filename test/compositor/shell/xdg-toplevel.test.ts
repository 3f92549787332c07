import { expect, test } from 'vitest';
import { WlSubcompositorProxy } from '../../../protocols/generated/wayland.client.ts';
import { XdgWmBaseProxy } from '../../../protocols/generated/xdg-shell.client.ts';
import { standardWindowManager } from '../../../compositor/shell/standard-window-manager.ts';
import { withDesktop } from '../../support/desktop-fixture.ts';
import { BUTTON_LEFT } from '../../support/shell-client.ts';

const MAXIMIZED = 1;
const FULLSCREEN = 2;
const RESIZING = 3;
const ACTIVATED = 4;
const SUSPENDED = 9;

test('the initial commit is answered by a configure, the first buffer maps the window and gets it the keyboard', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.createWindow();
    fixture.settle();
    expect(window.configures).toEqual([]);
    window.surface.commit();
    fixture.settle();
    expect(window.configures).toMatchObject([{ width: 0, height: 0, states: [] }]);
    client.draw(window, 100, 80, 0xff0000);
    expect(window.configures.at(-1)?.states).toEqual([ACTIVATED]);
    expect(client.take()).toContain(`focus ${window.surface.id} 0`);
    fixture.frames();
    expect(fixture.pixel(40, 40)).toBe(0xff0000);
    expect(fixture.pixel(20, 20)).not.toBe(0xff0000);
  });
});

test('windows are cascaded; a click raises and focuses the one below', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const first = client.openWindow(100, 100, 0xff0000);
    const second = client.openWindow(100, 100, 0x00ff00);
    fixture.frames();
    const [a, b] = fixture.compositor.shell.windows;
    expect([a?.x, a?.y, b?.x, b?.y]).toEqual([32, 32, 64, 64]);
    expect(fixture.pixel(70, 70)).toBe(0x00ff00);
    client.take();
    fixture.compositor.seat.pointer.moveTo(40, 40);
    fixture.compositor.seat.pointer.button(BUTTON_LEFT, true);
    fixture.compositor.seat.pointer.button(BUTTON_LEFT, false);
    fixture.frames();
    expect(fixture.pixel(70, 70)).toBe(0xff0000);
    expect(client.take()).toEqual([
      `enter ${first.surface.id} 8,8`,
      `unfocus ${second.surface.id}`,
      `focus ${first.surface.id} 0`,
      'modifiers 0 0 0 0',
      `button ${BUTTON_LEFT} 1`,
      `button ${BUTTON_LEFT} 0`,
    ]);
    expect(first.configures.at(-1)?.states).toEqual([ACTIVATED]);
    expect(second.configures.at(-1)?.states).toEqual([]);
  });
});

test('the cascade begins anew where a window was closed, and when all its places are taken', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const place = (): number[] => {
      const { windows } = fixture.compositor.shell;
      const newest = windows[windows.length - 1];
      return [newest?.x ?? -1, newest?.y ?? -1];
    };
    const first = client.openWindow(100, 200);
    client.openWindow(100, 200);
    expect(place()).toEqual([64, 64]);
    first.toplevel.destroy();
    fixture.settle();
    client.openWindow(100, 200);
    expect(place()).toEqual([32, 32]);
    // The output is 400x300: three steps of 32 fit.
    client.openWindow(100, 200);
    expect(place()).toEqual([96, 96]);
    client.openWindow(100, 200);
    expect(place()).toEqual([32, 32]);
    client.openWindow(500, 400);
    expect(place()).toEqual([0, 0]);
  });
});

test('maximised it covers its output, and goes back to where it was', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(100, 80, 0x0000ff);
    window.toplevel.setMaximized();
    fixture.settle();
    expect(window.configures.at(-1)).toMatchObject({
      width: 400,
      height: 300,
      states: [MAXIMIZED, ACTIVATED],
    });
    client.draw(window, 400, 300, 0x0000ff);
    fixture.frames();
    expect(fixture.pixel(0, 0)).toBe(0x0000ff);
    expect(fixture.pixel(399, 299)).toBe(0x0000ff);
    window.toplevel.unsetMaximized();
    fixture.settle();
    expect(window.configures.at(-1)).toMatchObject({ width: 100, height: 80, states: [ACTIVATED] });
    client.draw(window, 100, 80, 0x0000ff);
    const [toplevel] = fixture.compositor.shell.windows;
    expect([toplevel?.x, toplevel?.y]).toEqual([32, 32]);
  });
});

test('fullscreen is on the output asked for, and follows its size', () => {
  withDesktop(
    {
      outputs: [
        { width: 400, height: 300 },
        { width: 200, height: 100 },
      ],
    },
    (fixture) => {
      const client = fixture.connect();
      const window = client.openWindow(50, 50);
      fixture.compositor.shell.setFullscreen(
        fixture.compositor.shell.windows[0]!,
        true,
        fixture.compositor.outputs[1]!,
      );
      fixture.settle();
      expect(window.configures.at(-1)).toMatchObject({
        width: 200,
        height: 100,
        states: [FULLSCREEN, ACTIVATED],
      });
      client.draw(window, 200, 100, 0x123456);
      fixture.frames();
      expect(fixture.pixel(0, 0, 1)).toBe(0x123456);
      fixture.compositor.outputs[1]?.change({ width: 220 });
      fixture.settle();
      expect(window.configures.at(-1)).toMatchObject({ width: 220, height: 100 });
    },
  );
});

test('interactive move follows the pointer while the button is down', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(100, 80);
    const { pointer } = fixture.compositor.seat;
    pointer.moveTo(50, 50);
    pointer.button(BUTTON_LEFT, true);
    fixture.settle();
    window.toplevel.move(client.seat, client.serials.press);
    fixture.settle();
    pointer.moveTo(90, 60);
    const [toplevel] = fixture.compositor.shell.windows;
    expect([toplevel?.x, toplevel?.y]).toEqual([72, 42]);
    pointer.button(BUTTON_LEFT, false);
    pointer.moveTo(200, 200);
    expect([toplevel?.x, toplevel?.y]).toEqual([72, 42]);
  });
});

test('interactive resize from the left keeps the right edge, within the limits', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(100, 80);
    window.toplevel.setMinSize(90, 10);
    client.draw(window, 100, 80);
    const { pointer } = fixture.compositor.seat;
    pointer.moveTo(33, 50);
    pointer.button(BUTTON_LEFT, true);
    fixture.settle();
    window.toplevel.resize(client.seat, client.serials.press, 4);
    fixture.settle();
    expect(window.configures.at(-1)?.states).toContain(RESIZING);
    pointer.moveTo(13, 50);
    fixture.settle();
    expect(window.configures.at(-1)).toMatchObject({ width: 120, height: 80 });
    client.draw(window, 120, 80);
    const [toplevel] = fixture.compositor.shell.windows;
    expect(toplevel?.x).toBe(12);
    pointer.moveTo(300, 50);
    fixture.settle();
    expect(window.configures.at(-1)).toMatchObject({ width: 90, height: 80 });
    pointer.button(BUTTON_LEFT, false);
    fixture.settle();
    expect(window.configures.at(-1)?.states).toEqual([ACTIVATED]);
    client.draw(window, 90, 80);
    expect(toplevel?.x).toBe(42);
  });
});

test('an old serial starts no move', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(100, 80);
    window.toplevel.move(client.seat, 4711);
    fixture.settle();
    expect(fixture.compositor.seat.pointer.grabbed).toBe(false);
  });
});

test('window geometry leaves the shadow out: placing and sizes count the window alone', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.createWindow();
    window.surface.commit();
    fixture.settle();
    window.xdgSurface.setWindowGeometry(10, 20, 80, 60);
    client.draw(window, 100, 100, 0xabcdef);
    const [toplevel] = fixture.compositor.shell.windows;
    expect(toplevel?.rectangle).toEqual({ x: 32, y: 32, width: 80, height: 60 });
    fixture.frames();
    expect(fixture.pixel(22, 12)).toBe(0xabcdef);
  });
});

test('unmapped, it starts anew with the next commit; the other window gets the keyboard', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const other = client.openWindow(50, 50);
    const window = client.openWindow(50, 50);
    client.take();
    window.surface.attach(null, 0, 0);
    window.surface.commit();
    fixture.settle();
    expect(client.take()).toEqual(
      expect.arrayContaining([`unfocus ${window.surface.id}`, `focus ${other.surface.id} 0`]),
    );
    const before = window.configures.length;
    window.surface.commit();
    fixture.settle();
    expect(window.configures.length).toBe(before + 1);
    client.draw(window, 50, 50);
    expect(fixture.compositor.shell.windows).toHaveLength(2);
    expect(client.error).toBeUndefined();
  });
});

test('a dialog is centred over its parent and stays above it', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const parent = client.openWindow(200, 200, 0x111111);
    const dialog = client.createWindow();
    dialog.toplevel.setParent(parent.toplevel);
    dialog.surface.commit();
    fixture.settle();
    client.draw(dialog, 100, 100, 0x222222);
    const { shell } = fixture.compositor;
    expect(shell.windows[1]?.rectangle).toMatchObject({ x: 82, y: 82 });
    shell.raise(shell.windows[0]!);
    fixture.frames();
    expect(fixture.pixel(100, 100)).toBe(0x222222);
  });
});

test('a user’s window manager decides', () => {
  const windowManager = (shell: Parameters<typeof standardWindowManager>[0]) => ({
    ...standardWindowManager(shell),
    mapped: (toplevel: Parameters<ReturnType<typeof standardWindowManager>['mapped']>[0]) =>
      shell.move(toplevel, 5, 6),
  });
  withDesktop({ windowManager }, (fixture) => {
    const client = fixture.connect();
    client.openWindow(20, 20);
    expect(fixture.compositor.shell.windows[0]).toMatchObject({ x: 5, y: 6 });
    expect(fixture.compositor.shell.activeWindow).toBeNull();
  });
});

test('close asks the client', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(20, 20);
    fixture.compositor.shell.windows[0]?.close();
    fixture.settle();
    expect(window.closes).toBe(1);
  });
});

test('minimised, or without any output, a window is suspended', () => {
  withDesktop({}, (fixture) => {
    const { compositor } = fixture;
    const client = fixture.connect();
    const window = client.openWindow(100, 80);
    window.toplevel.setMinimized();
    fixture.settle();
    expect(window.configures.at(-1)?.states).toEqual([SUSPENDED]);
    const [toplevel] = compositor.shell.windows;
    compositor.shell.activate(toplevel ?? null);
    fixture.settle();
    expect(window.configures.at(-1)?.states).toEqual([ACTIVATED]);
    const [output] = compositor.outputs;
    if (!output) throw new Error('no output');
    compositor.desktop.removeOutput(output);
    compositor.display.flush();
    fixture.settle();
    expect(window.configures.at(-1)?.states).toEqual([ACTIVATED, SUSPENDED]);
    compositor.desktop.addOutput(output.description);
    compositor.display.flush();
    fixture.settle();
    expect(window.configures.at(-1)?.states).toEqual([ACTIVATED]);
  });
});

test('tiled edges are constrained ones for those who know them', () => {
  withDesktop(
    {
      windowManager: (_, standard) => ({
        ...standard,
        initialCommit: (toplevel) => toplevel.configure({ tiled: true }),
      }),
    },
    (fixture) => {
      const client = fixture.connect();
      const states = [7, 6, 1].map((version) => {
        const surface = client.compositor.createSurface();
        const toplevel = client.bind(XdgWmBaseProxy, version).getXdgSurface(surface).getToplevel();
        let seen: number[] = [];
        toplevel.handler = {
          configure: (_, __, ___, array) => {
            seen = [...new Uint32Array(Uint8Array.from(array).buffer)];
          },
        };
        surface.commit();
        fixture.settle();
        return seen;
      });
      expect(states).toEqual([[5, 6, 7, 8, 10, 11, 12, 13], [5, 6, 7, 8], []]);
    },
  );
});

test('hidden and shown again a window is where it was', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(50, 50);
    const [toplevel] = fixture.compositor.shell.windows;
    if (!toplevel) throw new Error('no window');
    fixture.compositor.shell.move(toplevel, 123, 45);
    window.surface.attach(null, 0, 0);
    window.surface.commit();
    window.surface.commit();
    fixture.settle();
    client.draw(window, 50, 50);
    expect(toplevel).toMatchObject({ mapped: true, x: 123, y: 45 });
  });
});

test('a subsurface beyond the left edge makes the window larger there, and moves nothing', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(50, 50, 0xff0000);
    fixture.frames();
    expect(fixture.pixel(33, 33)).toBe(0xff0000);
    const child = client.compositor.createSurface();
    const subsurface = client.bind(WlSubcompositorProxy).getSubsurface(child, window.surface);
    subsurface.setPosition(-20, 0);
    child.attach(client.buffer(20, 20, 0x00ff00), 0, 0);
    child.commit();
    window.surface.commit();
    fixture.frames();
    expect([fixture.pixel(33, 33), fixture.pixel(13, 33)]).toEqual([0xff0000, 0x00ff00]);
    expect(fixture.compositor.shell.windows[0]?.rectangle).toEqual({
      x: 12,
      y: 32,
      width: 70,
      height: 50,
    });
    // By itself it changes nothing until the window commits.
    child.destroy();
    fixture.frames();
    expect(fixture.pixel(33, 33)).toBe(0xff0000);
  });
});

test('an interactive move takes the pointer from the window, in a frame of its own', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(50, 50);
    fixture.compositor.seat.pointer.moveTo(40, 40);
    fixture.compositor.seat.pointer.button(BUTTON_LEFT, true);
    fixture.settle();
    client.seen.length = 0;
    window.toplevel.move(client.seat, client.serials.press);
    fixture.settle();
    expect(client.seen).toEqual([`leave ${window.surface.id}`, 'frame']);
  });
});
