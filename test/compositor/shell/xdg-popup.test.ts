import { expect, test } from 'vitest';
import type { XdgSurfaceProxy } from '../../../protocols/generated/xdg-shell.client.ts';
import { MAX_POPUP_DEPTH } from '../../../compositor/shell/popup.ts';
import { withDesktop, type DesktopFixture } from '../../support/desktop-fixture.ts';
import {
  BUTTON_LEFT,
  type ShellClient,
  type TestPopup,
  type TestWindow,
} from '../../support/shell-client.ts';

const BOTTOM_RIGHT = 8;
const SLIDE = 3;

function openPopup(
  fixture: DesktopFixture,
  client: ShellClient,
  window: Pick<TestWindow, 'xdgSurface'>,
  options: { grab?: number; colour?: number } = {},
): TestPopup {
  const positioner = client.positioner(40, 30, [90, 70, 10, 10]);
  positioner.setAnchor(BOTTOM_RIGHT);
  positioner.setGravity(BOTTOM_RIGHT);
  positioner.setConstraintAdjustment(SLIDE);
  const popup = client.createPopup(window.xdgSurface, positioner);
  if (options.grab !== undefined) popup.popup.grab(client.seat, options.grab);
  popup.surface.commit();
  fixture.settle();
  if (popup.configures.length > 0) client.draw(popup, 40, 30, options.colour);
  return popup;
}

function press(fixture: DesktopFixture, x: number, y: number): void {
  const { pointer } = fixture.compositor.seat;
  pointer.moveTo(x, y);
  pointer.button(BUTTON_LEFT, true);
  pointer.button(BUTTON_LEFT, false);
  fixture.settle();
}

test('a popup is where its positioner says, above its window', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(100, 80, 0x111111);
    const popup = openPopup(fixture, client, window, { colour: 0x00ffff });
    expect(popup.configures).toMatchObject([{ x: 100, y: 80, width: 40, height: 30 }]);
    fixture.frames();
    expect(fixture.pixel(133, 113)).toBe(0x00ffff);
  });
});

test('at the edge of the output it slides in', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(100, 80);
    fixture.compositor.shell.move(fixture.compositor.shell.windows[0]!, 290, 200);
    const popup = openPopup(fixture, client, window);
    expect(popup.configures).toMatchObject([{ x: 70, y: 70 }]);
  });
});

test('reposition tells the token, then the new place', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(100, 80);
    const popup = openPopup(fixture, client, window);
    popup.popup.reposition(client.positioner(20, 20, [0, 0, 10, 10]), 77);
    fixture.settle();
    expect(popup.repositions).toEqual([77]);
    expect(popup.configures.at(-1)).toMatchObject({ x: -5, y: -5, width: 20, height: 20 });
  });
});

test('a reactive popup finds a new place when its window moves, another one does not', () => {
  withDesktop({}, (fixture) => {
    const { shell } = fixture.compositor;
    const client = fixture.connect();
    const window = client.openWindow(100, 80);
    const rules = client.positioner(40, 30, [90, 70, 10, 10]);
    rules.setAnchor(BOTTOM_RIGHT);
    rules.setGravity(BOTTOM_RIGHT);
    rules.setConstraintAdjustment(SLIDE);
    const still = client.createPopup(window.xdgSurface, rules);
    rules.setReactive();
    const reactive = client.createPopup(still.xdgSurface, rules);
    for (const popup of [still, reactive]) {
      popup.surface.commit();
      fixture.settle();
      client.draw(popup, 40, 30);
    }
    const counts = () => [still.configures.length, reactive.configures.length];
    expect(counts()).toEqual([1, 1]);
    shell.move(shell.windows[0]!, 5, 5);
    fixture.settle();
    expect(counts()).toEqual([1, 1]);
    shell.move(shell.windows[0]!, 170, 120);
    fixture.settle();
    expect(counts()).toEqual([1, 2]);
    // Of the other popup's corner, which is at 270, 200 of an output of 400 × 300.
    expect(reactive.configures.at(-1)).toMatchObject({ x: 90, y: 70, width: 40, height: 30 });
  });
});

test('a grabbing popup gets the keyboard; a press elsewhere dismisses it and reaches nobody', () => {
  withDesktop({}, (fixture) => {
    const other = fixture.connect();
    const otherWindow = other.openWindow(50, 50);
    fixture.compositor.shell.move(fixture.compositor.shell.windows[0]!, 300, 200);
    const client = fixture.connect();
    const window = client.openWindow(100, 80);
    press(fixture, fixture.compositor.shell.windows[1]!.x + 5, 70);
    client.take();
    const popup = openPopup(fixture, client, window, { grab: client.serials.press });
    expect(client.take()).toContain(`focus ${popup.surface.id} 0`);
    other.take();
    press(fixture, 320, 220);
    expect(popup.done).toBe(1);
    expect(client.take()).toContain(`focus ${window.surface.id} 0`);
    expect(other.take().filter((line) => line.startsWith('button'))).toEqual([]);
    press(fixture, 320, 220);
    expect(other.take()).toContain(`focus ${otherWindow.surface.id} 0`);
  });
});

test('the release of a press that dismissed a menu may go to a grab; the next click is whole', () => {
  withDesktop({}, (fixture) => {
    const { pointer } = fixture.compositor.seat;
    const client = fixture.connect();
    const window = client.openWindow(100, 80);
    const [{ x, y } = { x: 0, y: 0 }] = fixture.compositor.shell.windows;
    press(fixture, x + 5, y + 5);
    openPopup(fixture, client, window, { grab: client.serials.press });
    pointer.moveTo(390, 290);
    pointer.button(BUTTON_LEFT, true);
    const grab = { motion: () => undefined, button: () => undefined, cancel: () => undefined };
    pointer.startGrab(grab);
    pointer.button(BUTTON_LEFT, false);
    pointer.endGrab(grab);
    client.take();
    press(fixture, x + 5, y + 5);
    const buttons = client.take().filter((line) => line.startsWith('button'));
    expect(buttons).toEqual([`button ${BUTTON_LEFT} 1`, `button ${BUTTON_LEFT} 0`]);
  });
});

test('a grab without a press the client was told of dismisses the popup at once', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(100, 80);
    const popup = openPopup(fixture, client, window, { grab: 999 });
    expect(popup.done).toBe(1);
    expect(popup.configures).toEqual([]);
    expect(client.error).toBeUndefined();
  });
});

test('a second grabbing popup hangs on the first; presses in the client keep both', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(100, 80);
    press(fixture, 40, 40);
    const serial = client.serials.press;
    const first = openPopup(fixture, client, window, { grab: serial });
    const second = openPopup(fixture, client, first, { grab: serial });
    press(fixture, 40, 40);
    expect([first.done, second.done]).toEqual([0, 0]);
    press(fixture, 399, 0);
    expect([first.done, second.done]).toEqual([1, 1]);
  });
});

test('when the window goes its popups are dismissed', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(100, 80);
    const popup = openPopup(fixture, client, window);
    window.surface.attach(null, 0, 0);
    window.surface.commit();
    fixture.settle();
    expect(popup.done).toBe(1);
    expect(client.error).toBeUndefined();
  });
});

test('a release opens a menu as a press does, and an open menu its next one without', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(100, 100);
    let release = 0;
    client.pointer.handler = {
      button: (_, serial, __, ___, state) => {
        if (state === 0) release = serial;
      },
    };
    press(fixture, 50, 50);
    const grab = (parent: XdgSurfaceProxy, serial: number) => {
      const popup = client.createPopup(parent, client.positioner(9, 9, [0, 0, 1, 1]));
      popup.popup.grab(client.seat, serial);
      popup.surface.commit();
      fixture.settle();
      if (popup.done === 0) client.draw(popup, 9, 9);
      return popup;
    };
    const first = grab(window.xdgSurface, release);
    const second = grab(first.xdgSurface, 0);
    expect([first.done, second.done]).toEqual([0, 0]);
    expect(fixture.compositor.seat.keyboard.focus?.id).toBe(second.surface.id);
    expect(client.error).toBeUndefined();
  });
});

test('menus close when another window gets the keyboard', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(100, 100);
    press(fixture, 50, 50);
    const popup = client.createPopup(window.xdgSurface, client.positioner(9, 9, [0, 0, 1, 1]));
    popup.popup.grab(client.seat, client.serials.press);
    popup.surface.commit();
    fixture.settle();
    client.draw(popup, 9, 9);
    const other = fixture.connect();
    const otherWindow = other.openWindow(20, 20);
    fixture.settle();
    expect(popup.done).toBe(1);
    expect(other.take()).toContain(`focus ${otherWindow.surface.id} 0`);
  });
});

test('a popup on very many others is dismissed, those below it stay', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const popups: TestPopup[] = [];
    let parent: Pick<TestWindow, 'xdgSurface'> = client.openWindow(100, 80);
    for (let depth = 1; depth <= MAX_POPUP_DEPTH + 1; depth++) {
      const popup = openPopup(fixture, client, parent);
      popups.push(popup);
      parent = popup;
    }
    fixture.frames();
    const done = popups.map((popup) => popup.done);
    expect(done).toEqual([...Array<number>(MAX_POPUP_DEPTH).fill(0), 1]);
    expect(client.error).toBeUndefined();
  });
});
