/** Popups placed for what their parent is about to be: set_parent_size and set_parent_configure. */
import { expect, test } from 'vitest';
import { type DesktopFixture, withDesktop } from '../../support/desktop-fixture.ts';
import { BUTTON_LEFT, type ShellClient, type TestWindow } from '../../support/shell-client.ts';

const LEFT = 3;
const TOP_LEFT = 5;
const SLIDE = 3;
const EDGE_LEFT = 4;

interface Future {
  readonly configure?: number;
  readonly size?: readonly [number, number];
  readonly reactive?: boolean;
  readonly gravity?: 3 | 5;
}

function rules(client: ShellClient, { configure, size, reactive, gravity = LEFT }: Future) {
  const positioner = client.positioner(60, 30, [0, 20, 10, 10]);
  positioner.setAnchor(gravity);
  positioner.setGravity(gravity);
  positioner.setConstraintAdjustment(SLIDE);
  if (configure !== undefined) positioner.setParentConfigure(configure);
  if (size) positioner.setParentSize(...size);
  if (reactive) positioner.setReactive();
  return positioner;
}

/** Where a new popup is told to be. */
function placeOf(
  fixture: DesktopFixture,
  client: ShellClient,
  window: Pick<TestWindow, 'xdgSurface'>,
  future: Future,
) {
  const popup = client.createPopup(window.xdgSurface, rules(client, future));
  popup.surface.commit();
  fixture.settle();
  return { popup, place: popup.configures.at(-1) };
}

/** A window of 100 × 80 at 200, 100 whose left edge was dragged to 50 and which has not answered. */
function withResized(
  body: (fixture: DesktopFixture, client: ShellClient, window: TestWindow) => void,
): void {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(100, 80);
    const { shell, seat } = fixture.compositor;
    shell.move(shell.windows[0]!, 200, 100);
    seat.pointer.moveTo(205, 110);
    seat.pointer.button(BUTTON_LEFT, true);
    fixture.settle();
    window.toplevel.resize(client.seat, client.serials.press, EDGE_LEFT);
    fixture.settle();
    seat.pointer.moveTo(55, 110);
    fixture.settle();
    expect(window.configures.at(-1)).toMatchObject({ width: 250, height: 80 });
    body(fixture, client, window);
  });
}

test('with the configure event of a resize it is placed against where the window grows to', () => {
  withResized((fixture, client, window) => {
    const now = placeOf(fixture, client, window, {});
    expect(now.place).toMatchObject({ x: -60, y: 10 });
    const configure = window.configures.at(-1)!.serial;
    expect(placeOf(fixture, client, window, { configure }).place).toMatchObject({ x: -50 });
    const size = [220, 80] as const;
    // The client takes less than it may: the corner ends at 80.
    expect(placeOf(fixture, client, window, { configure, size }).place).toMatchObject({ x: -60 });
    now.popup.popup.reposition(rules(client, { configure }), 5);
    fixture.settle();
    expect(now.popup.repositions).toEqual([5]);
    expect(now.popup.configures.at(-1)).toMatchObject({ x: -50, y: 10 });
  });
});

test('with a size alone it is that of the window from now on', () => {
  withResized((fixture, client, window) => {
    expect(placeOf(fixture, client, window, { size: [260, 80] }).place).toMatchObject({ x: -40 });
  });
});

test('what was acknowledged and not committed is still to come; what was applied is the present', () => {
  withResized((fixture, client, window) => {
    const configure = window.configures.at(-1)!.serial;
    window.xdgSurface.ackConfigure(configure);
    const { popup, place } = placeOf(fixture, client, window, { configure, reactive: true });
    expect(place).toMatchObject({ x: -50 });
    client.draw(popup, 60, 30);
    window.surface.attach(client.buffer(250, 80), 0, 0);
    window.surface.commit();
    fixture.settle();
    expect(fixture.compositor.shell.windows[0]!.x).toBe(50);
    // Foreseen: nothing to tell.
    expect(popup.configures).toHaveLength(1);
    expect(placeOf(fixture, client, window, { configure }).place).toMatchObject({ x: -50 });
    fixture.compositor.shell.move(fixture.compositor.shell.windows[0]!, 20, 100);
    fixture.settle();
    expect(popup.configures.at(-1)).toMatchObject({ x: -20 });
  });
});

test('a serial nobody was told stands for nothing', () => {
  withResized((fixture, client, window) => {
    const future = { configure: 4_000_000, size: [390, 80] as const };
    expect(placeOf(fixture, client, window, future).place).toMatchObject({ x: -60 });
  });
});

test('of a window that is being maximised it is placed in the output’s corner', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(100, 80);
    const { shell } = fixture.compositor;
    shell.move(shell.windows[0]!, 200, 100);
    window.toplevel.setMaximized();
    fixture.settle();
    const configure = window.configures.at(-1)!.serial;
    const future = { configure, gravity: TOP_LEFT } as const;
    expect(placeOf(fixture, client, window, future).place).toMatchObject({ x: 0, y: 0 });
    client.draw(window, 400, 300);
    window.toplevel.unsetMaximized();
    fixture.settle();
    const back = { configure: window.configures.at(-1)!.serial, gravity: TOP_LEFT } as const;
    expect(placeOf(fixture, client, window, back).place).toMatchObject({ x: -60, y: -10 });
  });
});

test('on a popup that is being put elsewhere it is placed against its new place', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(100, 80);
    const { shell } = fixture.compositor;
    shell.move(shell.windows[0]!, 200, 100);
    const { popup: menu } = placeOf(fixture, client, window, {});
    client.draw(menu, 60, 30);
    // At 80 of the output, then at 10.
    menu.popup.reposition(client.positioner(60, 30, [-170, 20, 20, 10]), 1);
    fixture.settle();
    expect(menu.configures.at(-1)).toMatchObject({ x: -190 });
    expect(placeOf(fixture, client, menu, {}).place).toMatchObject({ x: -60 });
    const configure = menu.configures.at(-1)!.serial;
    expect(placeOf(fixture, client, menu, { configure }).place).toMatchObject({ x: -10 });
  });
});
