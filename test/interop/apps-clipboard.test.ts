/** Data exchange between Debian's programs: clipboard, primary selection, drag and drop. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { debianPackages } from '../support/debian.ts';
import {
  BUTTON_LEFT,
  BUTTON_MIDDLE,
  pause,
  readIfThere,
  until,
  type Control,
  type Point,
  type Rectangle,
  type WindowReport,
  TIMEOUT_MS,
} from './apps-control.ts';
import type { Picture } from './apps-picture.ts';
import { Session, type RunningProgram } from './apps-session.ts';

const KEY_LEFTCTRL = 29;
const KEY_LEFTSHIFT = 42;
const KEY_V = 47;
/** Longer than foot takes clicks for one. */
const DOUBLE_CLICK_MS = 700;

const clipboard = debianPackages('wl-clipboard');
const foot = debianPackages('wl-clipboard', 'foot', 'fonts-dejavu-core', 'xkb-data');
const weston = debianPackages('weston');
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

function run(program: string, ...args: readonly string[]): RunningProgram {
  return session.run(program, args, { WAYLAND_DISPLAY: 'main' });
}

/** What a program prints; it has to end with 0. */
async function printed(program: string, ...args: readonly string[]): Promise<string> {
  const running = run(program, ...args);
  expect(await running.ended, running.output).toBe(0);
  return running.output;
}

test.skipIf(!clipboard.ok)(
  `wl-copy and wl-paste: text, a picture, the primary selection, nothing${why(clipboard)}`,
  { timeout: TIMEOUT_MS },
  async () => {
    // In the foreground, each until the next takes over.
    const first = run('wl-copy', '--foreground', 'copied text');
    await until('text', async () => (await types()).includes('text/plain'));
    expect(await printed('wl-paste', '--no-newline')).toBe('copied text');

    const picture = join(session.directory, 'picture.png');
    writeFileSync(picture, await control.png());
    const script = `exec wl-copy --foreground --type image/png < ${picture}`;
    const second = run('sh', '-c', script);
    await until('a picture', async () => (await types()).includes('image/png'));
    expect(await first.ended, first.output).toBe(0);
    await printed('sh', '-c', `wl-paste --type image/png | cmp - ${picture}`);

    run('wl-copy', '--foreground', '--primary', 'selected text');
    await until('a selection', async () => (await types('--primary')).includes('text/plain'));
    expect(await printed('wl-paste', '--primary', '--no-newline')).toBe('selected text');
    // The clipboard is another matter.
    expect(await types()).toContain('image/png');

    await printed('wl-copy', '--clear');
    expect(await second.ended, second.output).toBe(0);
    expect(await types()).not.toContain('image/png');
  },
);

async function types(...options: readonly string[]): Promise<string> {
  const running = run('wl-paste', '--list-types', ...options);
  await running.ended;
  return running.output;
}

test.skipIf(!foot.ok)(
  `what wl-copy offers is pasted into foot, what is selected in foot is pasted by wl-paste${why(foot)}`,
  { timeout: TIMEOUT_MS },
  async () => {
    // Each with its Enter: when a paste arrives is foot's affair.
    run('wl-copy', '--foreground', 'from the clipboard\n');
    run('wl-copy', '--foreground', '--primary', 'from the selection\n');
    await until('both', async () => {
      return (await types()) !== '' && (await types('--primary')).includes('text/plain');
    });
    const script = `cd ${session.directory}; echo selectme
      read a; echo "$a" > first; read b; echo "$b" > second; exec sleep 1000`;
    run('foot', 'sh', '-c', script);
    const window = await control.shownWindow(({ appId }) => appId === 'foot');
    const lineIn = (file: string, line: string): Promise<boolean> => {
      const path = join(session.directory, file);
      const there = (): string | undefined => readIfThere(path);
      return until(
        file,
        () => there() === `${line}\n`,
        () => String(there()),
      );
    };
    await until('the keyboard', async () => (await control.focus()).keyboard);
    await control.chord([KEY_LEFTCTRL, KEY_LEFTSHIFT], KEY_V);
    await lineIn('first', 'from the clipboard');
    const { x, y } = window.geometry;
    await control.click(x + 200, y + 200, BUTTON_MIDDLE);
    await lineIn('second', 'from the selection');
    await until('the word', async () => {
      // Below the title bar, the first word of the first line. Two clicks that come late are none of a double one.
      await control.click(x + 20, y + 26 + 8);
      await control.click(x + 20, y + 26 + 8);
      await pause(DOUBLE_CLICK_MS);
      const running = run('wl-paste', '--primary', '--no-newline');
      await running.ended;
      return running.output === 'selectme';
    });
  },
);

test.skipIf(!weston.ok)(
  `a flower is dragged from one weston-dnd and dropped into another${why(weston)}`,
  { timeout: TIMEOUT_MS },
  async () => {
    run('weston-dnd');
    const source = await place(({ active }) => active === true, 0);
    run('weston-dnd');
    const target = await place(({ client }) => client !== source.client, 600);
    const { flower, empty } = await flowers(source, target);

    // What is dropped before the target has accepted it goes back, and nobody can see that it has: then once more.
    await until('the flower to leave its window', () => dragged(flower, empty));
    await until('it to be drawn there', async () => (await flowerAt(empty)) > 50);
  },
);

/** Drags what is at one place to another; whether it has gone there a few seconds later. */
async function dragged(from: Point, to: Point): Promise<boolean> {
  await control.ask('pointer_move_absolute', from);
  await control.button(BUTTON_LEFT, true);
  let motions = 0;
  await until('the icon under the pointer', async () => {
    await control.ask('pointer_move_absolute', { x: to.x + (motions++ % 2), y: to.y });
    return (await flowerAt(to)) > 50;
  });
  await pause(500);
  await control.button(BUTTON_LEFT, false);
  // Away with the cursor.
  await control.ask('pointer_move_absolute', { x: 1200, y: 700 });
  for (let looks = 0; looks < 100; looks++) {
    if ((await flowerAt(from)) === 1) return true;
    await pause(50);
  }
  return false;
}

/** How many colours are there: a flower has soft edges. */
async function flowerAt(place: Point): Promise<number> {
  return (await control.picture(around(place))).colours;
}

/** Puts a window at the top, `x` from the left. */
async function place(which: (window: WindowReport) => boolean, x: number): Promise<WindowReport> {
  const { client, surface } = await control.shownWindow(which);
  await control.ask('position', { client, surface, x, y: 0 });
  return control.window((window) => which(window) && window.geometry.x === x);
}

/** A place with a flower in one window, and one without in the other: weston-dnd lays them out like the fields of a chess board. */
async function flowers(
  source: WindowReport,
  target: WindowReport,
): Promise<{ readonly flower: Point; readonly empty: Point }> {
  const fields = async ({ geometry }: WindowReport): Promise<(Point & { bare: boolean })[]> => {
    const picture = await control.picture();
    return Array.from({ length: 16 }, (_, index) => {
      const x = geometry.x + 54 + (index % 4) * 80;
      const y = geometry.y + 74 + Math.floor(index / 4) * 80;
      return { x, y, bare: isBare(picture.crop(around({ x, y }))) };
    });
  };
  // Half of the fields: before, the windows are not drawn, or not where they were put.
  const chessBoard = (window: WindowReport) =>
    until('a chess board', async () => {
      const found = await fields(window);
      return found.filter(({ bare }) => bare).length === 8 && found;
    });
  const flower = (await chessBoard(source)).find(({ bare }) => !bare);
  const empty = (await chessBoard(target)).find(({ bare }) => bare);
  if (!flower || !empty) return expect.fail('no flower, or no empty place');
  return { flower, empty };
}

function around({ x, y }: Point): Rectangle {
  return { x: x - 20, y: y - 20, width: 40, height: 40 };
}

/** Nothing but the background of one colour. */
function isBare(picture: Picture): boolean {
  return picture.colours === 1;
}
