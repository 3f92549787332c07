/** Input into Debian's programs by the control socket: keyboard, its layout, pointer, touch. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { debianPackages } from '../support/debian.ts';
import {
  pause,
  readIfThere,
  until,
  type Control,
  type WindowReport,
  TIMEOUT_MS,
} from './apps-control.ts';
import { Session, type RunningProgram } from './apps-session.ts';

const WHITE = 0xffffff;

const base = debianPackages('weston', 'foot', 'fonts-dejavu-core', 'xkb-data');
const gtk = debianPackages('gtk-4-examples', 'fonts-dejavu-core');
const qt = debianPackages('qt6-wayland', 'qt6ct', 'fonts-dejavu-core');
const why = (packages: ReturnType<typeof debianPackages>): string =>
  packages.ok ? '' : ` (skipped: ${packages.reason})`;

let session: Session;
let control: Control;
beforeEach(async () => {
  session = new Session();
  control = await session.start('main', ['--size', '1280x800']).controlled();
});
afterEach(async () => {
  control.close();
  await session.dispose();
});

function run(
  program: string,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): RunningProgram {
  return session.run(program, args, { ...env, WAYLAND_DISPLAY: 'main' });
}

const SHELL_READS = 'read line; echo "$line" > typed; read more; exec sleep 1000';

/** A terminal whose shell writes the first line it is given to the file `typed`. */
function terminal(name: 'foot' | 'weston-terminal'): RunningProgram {
  const script = `cd ${session.directory}; ${SHELL_READS}`;
  if (name === 'foot') return run('foot', ['sh', '-c', script]);
  // It takes a program without arguments.
  const shell = join(session.directory, 'shell');
  writeFileSync(shell, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return run('weston-terminal', [`--shell=${shell}`]);
}

test.skipIf(!base.ok).each([['foot'], ['weston-terminal']] as const)(
  `what is typed is seen in %s, and reaches its shell${why(base)}`,
  { timeout: TIMEOUT_MS },
  async (name) => {
    terminal(name);
    const window = await control.shownWindow();
    await pause(300);
    const before = await control.picture(window.geometry);
    await control.type('hello from the control socket');
    await until('letters', async () => {
      const after = await control.picture(window.geometry);
      return after.differences(before) > 300;
    });
    await control.type('\n');
    const typed = join(session.directory, 'typed');
    await until('the line', () => readIfThere(typed) === 'hello from the control socket\n');
  },
);

test.skipIf(!base.ok)(
  `another keyboard layout is taken up by a running program${why(base)}`,
  { timeout: TIMEOUT_MS },
  async () => {
    terminal('foot');
    await control.shownWindow();
    await control.type('y');
    await control.ask('keyboard_layout', { layout: 'de' });
    await control.type('y\n');
    const typed = join(session.directory, 'typed');
    // What is y on a US keyboard is z on a German one.
    await until(
      'the line',
      () => readIfThere(typed) === 'yz\n',
      () => String(readIfThere(typed)),
    );
  },
);

test.skipIf(!gtk.ok)(
  `a GTK 4 program: a row clicked, a menu opened and closed by a press elsewhere, the window dragged by its header${why(gtk)}`,
  { timeout: TIMEOUT_MS },
  async () => {
    const program = run('gtk4-demo', [], { GDK_BACKEND: 'wayland', GSK_RENDERER: 'cairo' });
    const window = await control.shownWindow(({ title }) => title === 'GTK Demo');
    const { x, y, width, height } = window.geometry;
    await settled(window);
    // The second row of its list.
    await control.click(x + 120, y + 108);
    await control.window(({ title }) => title === 'Application Class');

    const popups = async (): Promise<number> =>
      (await control.surfaces()).filter(({ role, mapped }) => role === 'xdg_popup' && mapped)
        .length;
    // The menu button at the right end of the header bar, beside the close button.
    await control.click(x + width - 72, y + 22);
    await until('the menu', async () => (await popups()) === 1);
    await control.click(x + 300, y + height - 100);
    await until('the menu to go', async () => (await popups()) === 0);

    await control.drag({ x: x + 400, y: y + 22 }, { x: x + 520, y: y + 102 }, () => moved(window));
    const after = await control.window((now) => now.geometry.x > x + 20);
    expect(after.geometry).toMatchObject({ width, height });
    expect(after.geometry.y).toBeGreaterThan(y);
    expect(program.output).not.toMatch(/error \d+:/);
    // The close button.
    await control.click(after.geometry.x + width - 24, after.geometry.y + 22);
    expect(await program.ended, program.output).toBe(0);
  },
);

test.skipIf(!qt.ok)(
  `a Qt 6 program: a tab clicked, the window dragged by its frame${why(qt)}`,
  { timeout: TIMEOUT_MS },
  async () => {
    const program = run('qt6ct', [], { QT_QPA_PLATFORM: 'wayland' });
    const window = await control.shownWindow();
    const { x, y } = window.geometry;
    await settled(window);
    expect((await control.picture(window.geometry)).share(0x9f9f9f)).toBeGreaterThan(0.1);
    // "Fonts" instead of "Appearance" with its grey preview.
    await control.click(x + 133, y + 97);
    await until('the other page', async () => {
      return (await control.picture(window.geometry)).share(0x9f9f9f) < 0.01;
    });
    await control.drag({ x: x + 250, y: y + 14 }, { x: x + 350, y: y + 54 }, () => moved(window));
    const after = await control.window(({ geometry }) => geometry.x > x + 30);
    expect(after.geometry.x).toBeLessThanOrEqual(x + 100);
    expect(after.geometry.y).toBeGreaterThan(y);
    expect(program.output).not.toMatch(/error \d+:/);
  },
);

test.skipIf(!base.ok)(
  `foot is resized by the edge of its frame${why(base)}`,
  { timeout: TIMEOUT_MS },
  async () => {
    const program = run('foot', ['sh', '-c', 'exec sleep 1000']);
    const { geometry } = await control.shownWindow();
    const corner = { x: geometry.x + geometry.width + 1, y: geometry.y + geometry.height + 1 };
    await control.drag(corner, { x: corner.x + 100, y: corner.y + 60 }, resizing);
    const wide = await resized((width) => width >= geometry.width + 30);
    expect(wide.geometry).toMatchObject({ x: geometry.x, y: geometry.y });
    expect(wide.geometry.height).toBeGreaterThan(geometry.height);
    // From the left edge: the right one stays where it is.
    const right = wide.geometry.x + wide.geometry.width;
    const edge = { x: wide.geometry.x - 2, y: wide.geometry.y + 200 };
    await control.drag(edge, { x: edge.x + 150, y: edge.y }, resizing);
    const narrow = await resized((width) => width <= wide.geometry.width - 50);
    expect(narrow.geometry.x + narrow.geometry.width).toBe(right);
    expect(program.output).not.toMatch(/error \d+:/);
  },
);

test.skipIf(!base.ok)(
  `two fingers draw in weston-simple-touch${why(base)}`,
  { timeout: TIMEOUT_MS },
  async () => {
    run('weston-simple-touch');
    const window = await control.shownWindow();
    const { x, y } = window.geometry;
    expect((await control.picture(window.geometry)).share(WHITE)).toBe(0);
    await control.ask('touch_create', { device: 1 });
    const finger = (op: string, slot: number, dx: number, dy: number) =>
      control.ask(op, { device: 1, slot, x: x + dx, y: y + dy });
    await finger('touch_down', 0, 100, 100);
    await finger('touch_down', 1, 400, 100);
    for (let step = 0; step < 40; step++) {
      await finger('touch_move', 0, 100 + step, 100);
      await finger('touch_move', 1, 400, 100 + step);
    }
    await control.ask('touch_up', { device: 1, slot: 0 });
    await control.ask('touch_up', { device: 1, slot: 1 });
    await until('both lines', async () => {
      const picture = await control.picture(window.geometry);
      const across = picture.crop({ x: 90, y: 90, width: 60, height: 20 });
      const down = picture.crop({ x: 390, y: 90, width: 20, height: 60 });
      return across.share(WHITE) > 0.02 && down.share(WHITE) > 0.02;
    });
  },
);

test.skipIf(!base.ok)(
  `weston-confine keeps the pointer inside at a click, and lets it go at the next${why(base)}`,
  { timeout: TIMEOUT_MS },
  async () => {
    run('weston-confine');
    const { geometry } = await control.shownWindow();
    const farRight = async (): Promise<number> => {
      for (let step = 0; step < 20; step++) {
        await control.ask('pointer_move_relative', { dx: 60, dy: 0 });
      }
      return (await control.focus()).x;
    };
    const edge = geometry.x + geometry.width;
    await control.click(geometry.x + 150, geometry.y + 120);
    await until('the confinement', async () => {
      await control.ask('pointer_move_absolute', { x: geometry.x + 150, y: geometry.y + 120 });
      const x = await farRight();
      return x < edge && x > edge - 40;
    });
    const { x, y } = await control.focus();
    await control.click(x, y);
    await until('its end', async () => (await farRight()) > edge);
  },
);

/** Whether the window is elsewhere by now. */
async function moved({ client, surface, geometry: { x, y } }: WindowReport): Promise<boolean> {
  const now = (await control.windows()).find(
    (window) => window.client === client && window.surface === surface,
  );
  return now !== undefined && (now.geometry.x !== x || now.geometry.y !== y);
}

async function resizing(): Promise<boolean> {
  return (await control.windows()).some(({ state }) => state?.resizing === true);
}

/** Waits until the interactive resize is over and the window has such a width. */
function resized(fits: (width: number) => boolean): Promise<WindowReport> {
  return control.window(({ geometry, state }) => state?.resizing === false && fits(geometry.width));
}

/** Waits until two looks at the window are the same: it has drawn itself, animations are over. */
async function settled({ geometry }: WindowReport): Promise<void> {
  let before = await control.picture(geometry);
  await until('a still picture', async () => {
    await pause(200);
    const now = await control.picture(geometry);
    const still = now.colours > 20 && now.differences(before) === 0;
    before = now;
    return still;
  });
}
