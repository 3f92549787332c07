/** Windows of Debian's programs under the standard window manager: places, stacking, focus, fullscreen, closing. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { debianPackages } from '../support/debian.ts';
import { readIfThere, until, type Control, type WindowReport, TIMEOUT_MS } from './apps-control.ts';
import { Session, type RunningProgram } from './apps-session.ts';

const WIDTH = 1280;
const HEIGHT = 800;
const RED = 0xcc0000;
const GREEN = 0x00cc00;
const BLUE = 0x0000cc;

const packages = debianPackages('foot', 'weston', 'fonts-dejavu-core', 'xkb-data');
const why = packages.ok ? '' : ` (skipped: ${packages.reason})`;

let session: Session;
let control: Control;
beforeEach(async () => {
  session = new Session();
  control = await session.start('main', ['--size', `${WIDTH}x${HEIGHT}`]).controlled();
});
afterEach(async () => {
  control.close();
  await session.dispose();
});

/** A terminal of one colour that writes what it is given to a file of its name. */
function foot(title: string, colour: number): RunningProgram {
  const background = `colors.background=${colour.toString(16).padStart(6, '0')}`;
  const script = `cd ${session.directory}; read line; echo "$line" > ${title}; exec sleep 1000`;
  const args = ['-T', title, '-w', '500x300', '-o', background, 'sh', '-c', script];
  return session.run('foot', args, { WAYLAND_DISPLAY: 'main' });
}

function titled(title: string): (window: WindowReport) => boolean {
  return (window) => window.title === title;
}

const named = ({ client, surface }: WindowReport) => ({ client, surface });

async function pixel(x: number, y: number): Promise<number> {
  return (await control.picture()).at(x, y);
}

describe.skipIf(!packages.ok)(`window management${why}`, () => {
  test(
    'a cascade; a click raises and focuses; what is typed goes there; closing gives the next one the keyboard',
    { timeout: TIMEOUT_MS },
    async () => {
      const programs: RunningProgram[] = [];
      for (const [title, colour] of [
        ['red', RED],
        ['green', GREEN],
        ['blue', BLUE],
      ] as const) {
        programs.push(foot(title, colour));
        await control.shownWindow(titled(title));
      }
      const [red, green, blue] = await Promise.all(
        ['red', 'green', 'blue'].map((title) => control.window(titled(title))),
      );
      if (!red || !green || !blue) return expect.fail('three windows');
      const places = [red, green, blue].map(({ geometry: { x, y } }) => [x, y]);
      expect(places).toEqual([
        [32, 32],
        [64, 64],
        [96, 96],
      ]);
      expect((await control.focus()).keyboard).toEqual(named(blue));
      await until('blue on top', async () => (await pixel(300, 250)) === BLUE);

      // Red is in sight at its lower left.
      await control.click(40, red.geometry.y + red.geometry.height - 40);
      await until('red on top', async () => (await pixel(300, 250)) === RED);
      expect((await control.focus()).keyboard).toEqual(named(red));
      expect((await control.window(titled('red'))).active).toBe(true);
      await control.type('for red\n');
      const typed = join(session.directory, 'red');
      await until('the line', () => readIfThere(typed) === 'for red\n');

      await control.ask('close', named(red));
      await programs[0]?.ended;
      await until('blue on top again', async () => (await pixel(300, 250)) === BLUE);
      expect((await control.focus()).keyboard).toEqual(named(blue));
      // The place that is free is taken by the next one.
      foot('second red', RED);
      const { geometry } = await control.shownWindow(titled('second red'));
      expect(geometry).toMatchObject({ x: 32, y: 32 });
    },
  );

  test('fullscreen, maximised, and back to where it was', { timeout: TIMEOUT_MS }, async () => {
    foot('green', GREEN);
    const window = await control.shownWindow();
    const covers = async (): Promise<boolean> => {
      const { geometry } = await control.window();
      const { x, y, width, height } = geometry;
      return x === 0 && y === 0 && width === WIDTH && height === HEIGHT;
    };
    await control.ask('fullscreen', { ...named(window), fullscreen: true });
    await until('fullscreen', covers);
    // Without its title bar.
    await until('green all over', async () => (await control.picture()).share(GREEN) > 0.99);
    await control.ask('fullscreen', { ...named(window), fullscreen: false });
    await until('its old place', async () => {
      return same((await control.window()).geometry, window.geometry);
    });
    await control.ask('maximize', { ...named(window), maximized: true });
    await until('maximised', covers);
    const titleBar = { x: 0, y: 0, width: WIDTH, height: 20 };
    await until('its title bar', async () => (await control.picture(titleBar)).share(GREEN) < 0.1);
    await control.ask('maximize', { ...named(window), maximized: false });
    await until('its old place', async () => {
      return same((await control.window()).geometry, window.geometry);
    });
  });

  test('a program asked to close closes', { timeout: TIMEOUT_MS }, async () => {
    const flower = session.run('weston-flower', [], { WAYLAND_DISPLAY: 'main' });
    await control.ask('close', named(await control.shownWindow()));
    expect(await flower.ended, flower.output).toBe(0);
    await until('it to be gone', async () => (await control.windows()).length === 0);
    expect((await control.focus()).keyboard).toBeNull();
  });
});

function same(a: WindowReport['geometry'], b: WindowReport['geometry']): boolean {
  return a.x === b.x && a.y === b.y && a.width === b.width && a.height === b.height;
}
