/** Other compositors as nested clients of ours, each with a client of its own: weston and sway. */
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { debianPackages } from '../support/debian.ts';
import { readIfThere, until, type Control, TIMEOUT_MS } from './apps-control.ts';
import { Session, type RunningCompositor } from './apps-session.ts';

/** Nobody's, on Debian: sway refuses to run as root. */
const NOBODY = 65_534;

const weston = debianPackages('weston');
const sway = debianPackages('sway', 'foot', 'fonts-dejavu-core');
const why = (packages: ReturnType<typeof debianPackages>): string =>
  packages.ok ? '' : ` (skipped: ${packages.reason})`;

let session: Session;
beforeEach(() => {
  session = new Session();
});
afterEach(() => session.dispose());

/** Both kinds of our compositor: the second is a window of a first. */
const OURS: readonly (readonly [string, () => Promise<RunningCompositor>])[] = [
  ['headless', async () => session.start('main', ['--size', '1200x800'])],
  [
    'nested in ourselves',
    async () => {
      const outer = session.start('outer', ['--size', '1200x800']);
      (await outer.controlled()).close();
      const args = ['--backend', 'nested', '--size', '1200x800'];
      return session.start('main', args, { WAYLAND_DISPLAY: 'outer' });
    },
  ],
];

test.skipIf(!weston.ok).each(OURS)(
  `weston in ours, %s, with weston-simple-shm in it${why(weston)}`,
  { timeout: TIMEOUT_MS },
  async (_, start) => {
    const compositor = await start();
    const control = await compositor.controlled();
    const env = { WAYLAND_DISPLAY: 'main' };
    const args = ['--backend=wayland-backend.so', '--use-pixman', '--no-config', '--socket=inside'];
    const inside = session.run('weston', args, env);
    const window = await control.shownWindow(({ title }) => /Weston/.test(title ?? ''));
    const client = session.run('weston-simple-shm', [], { WAYLAND_DISPLAY: 'inside' });
    // Its picture has more colours than weston's desktop, and it moves.
    await coloured(control, 1000);
    const before = await control.frames();
    await until('30 more frames', async () => (await control.frames()) >= before + 30);
    const { x, y } = window.geometry;
    expect((await control.picture(window.geometry)).share(0xffffff)).toBeGreaterThan(0.02);
    // The pointer goes all the way: weston draws its own cursor where we have it.
    await control.ask('pointer_move_absolute', { x: x + 300, y: y + 300 });
    await until('weston to have the pointer', async () => {
      const { pointer } = await control.focus();
      return pointer?.surface === window.surface;
    });
    expect(inside.running && client.running, inside.output + client.output).toBe(true);
    await client.end();
    await control.ask('close', { client: window.client, surface: window.surface });
    expect(await inside.ended, inside.output).toBe(0);
    control.close();
    expect(compositor.program.output).not.toMatch(/error/i);
  },
);

test.skipIf(!sway.ok).each(OURS)(
  `sway in ours, %s, with foot in it, which gets what is typed${why(sway)}`,
  { timeout: TIMEOUT_MS },
  async (_, start) => {
    const compositor = await start();
    const control = await compositor.controlled();
    const typed = join(session.directory, 'sway', 'typed');
    const inside = startSway(`foot -- sh -c 'read line; echo "$line" > ${typed}; exec sleep 1000'`);
    const window = await control.shownWindow(({ title }) => /wlroots/.test(title ?? ''));
    // foot fills sway's output, with sway's own frame around it.
    await until('foot in sway', async () => {
      const picture = await control.picture(window.geometry);
      return picture.share(0x111111) > 0.8 && picture.colours > 20;
    });
    await control.type('through sway\n');
    await until('what was typed', () => readIfThere(typed) === 'through sway\n');
    expect(inside.running, inside.output).toBe(true);
    control.close();
    expect(compositor.program.output).not.toMatch(/error/i);
  },
);

/** sway as a client of the compositor "main". As nobody where we are root. */
function startSway(command: string): ReturnType<Session['run']> {
  const directory = join(session.directory, 'sway');
  const config = join(directory, 'config');
  mkdirSync(directory, { mode: 0o700 });
  writeFileSync(config, `xwayland disable\noutput * bg #336699 solid_color\nexec ${command}\n`);
  const display = join(session.directory, 'main');
  const env = {
    HOME: directory,
    XDG_RUNTIME_DIR: directory,
    WAYLAND_DISPLAY: display,
    WLR_BACKENDS: 'wayland',
    WLR_RENDERER: 'pixman',
  };
  if (process.getuid?.() !== 0) return session.run('sway', ['-c', config], env);
  chmodSync(session.directory, 0o711);
  chmodSync(display, 0o777);
  for (const path of [directory, config]) chownSync(path, NOBODY, NOBODY);
  const user = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
  return session.run('setpriv', [...user, 'sway', '-c', config], env);
}

async function coloured(control: Control, colours: number): Promise<void> {
  await until(`${colours} colours`, async () => (await control.picture()).colours >= colours);
}
