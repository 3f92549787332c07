/** `syncline compositor` around Debian's programs: what it ends with, its host, itself in itself twice. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { debianPackages } from '../support/debian.ts';
import { Control, until, TIMEOUT_MS } from './apps-control.ts';
import { Session } from './apps-session.ts';
import { startWeston } from './apps-weston.ts';
import { untilFrames } from './support.ts';

const packages = debianPackages('weston', 'wayland-utils', 'foot', 'libpixman-1-0', 'xkb-data');
const why = packages.ok ? '' : ` (skipped: ${packages.reason})`;

const vulkan = debianPackages('vulkan-tools', 'mesa-vulkan-drivers');

let session: Session;
beforeEach(() => {
  session = new Session();
});
afterEach(() => session.dispose());

describe.skipIf(!packages.ok)(`headless${why}`, () => {
  test('wayland-info lists the globals and exits 0', { timeout: TIMEOUT_MS }, async () => {
    const compositor = session.start('main', ['--', 'wayland-info']);
    expect(await compositor.ended).toBe(0);
    for (const name of [
      'wl_compositor',
      'wl_shm',
      'wl_seat',
      'wl_output',
      'xdg_wm_base',
      'wl_data_device_manager',
      'wp_viewporter',
      'wp_presentation',
    ]) {
      expect(compositor.program.output).toMatch(new RegExp(`interface: '${name}'`));
    }
    expect(compositor.program.output).toMatch(/refresh: 60\.000 Hz/);
  });

  test(
    'weston-simple-shm is shown at the frame clock’s rate, not faster',
    { timeout: TIMEOUT_MS },
    async () => {
      const compositor = session.start('main', ['--rate', '30', '--', 'weston-simple-shm']);
      const control = await compositor.controlled();
      await control.window();
      const start = performance.now();
      const before = await control.frames();
      const frames = await until('two seconds of frames', async () => {
        const presented = (await control.frames()) - before;
        return presented >= 60 && presented;
      });
      // Counted from one frame to another; the first and the last may lie a cycle outside.
      expect(((performance.now() - start) / 1000) * 30).toBeGreaterThan(frames - 2);
      control.close();
    },
  );

  test.each([
    [0, ['weston-terminal', '--shell=/bin/true']],
    [7, ['foot', 'sh', '-c', 'exit 7']],
  ])('status %s of %s', { timeout: TIMEOUT_MS }, async (status, command) => {
    const compositor = session.start('main', ['--', ...command]);
    expect(await compositor.ended, compositor.program.output).toBe(status);
  });

  test.skipIf(!vulkan.ok)(
    `vkcube shows 120 frames and ends with 0${vulkan.ok ? '' : ` (skipped: ${vulkan.reason})`}`,
    { timeout: TIMEOUT_MS },
    async () => {
      const compositor = session.start('main', ['--', 'vkcube-wayland', '--c', '120']);
      expect(await compositor.ended, compositor.program.output).toBe(0);
    },
  );

  test(
    'the command’s status is ours; screenshot and trace are written',
    { timeout: TIMEOUT_MS },
    async () => {
      const shot = join(session.directory, 'shot.png');
      const trace = join(session.directory, 'trace.json');
      const compositor = session.start('main', [
        '--screenshot',
        shot,
        '--trace',
        trace,
        '--',
        'sh',
        '-c',
        `${untilFrames('weston-simple-shm', 20)}; exit 42`,
      ]);
      expect(await compositor.ended).toBe(42);
      expect(existsSync(shot)).toBe(true);
      const { traceEvents } = JSON.parse(readFileSync(trace, 'utf8')) as {
        traceEvents: { ph: string; pid: number; tid: number; ts?: number }[];
      };
      // weston-simple-shm, the first client: its commits and what became of them.
      const ofClient = traceEvents.filter(({ pid, ts }) => pid === 1 && ts !== undefined);
      expect(ofClient.length).toBeGreaterThan(20);
    },
  );

  test('SIGTERM ends it and what it runs', { timeout: TIMEOUT_MS }, async () => {
    const compositor = session.start('main', ['--', 'weston-simple-shm']);
    const control = await compositor.controlled();
    await control.window();
    control.close();
    compositor.program.child.kill('SIGTERM');
    expect(await compositor.ended).toBe(143);
  });
});

test('SIGTERM ends what ignores it, too', { timeout: TIMEOUT_MS }, async () => {
  const script = `trap '' TERM; echo pid $$; while :; do sleep 0.1; done`;
  const { program } = session.start('main', ['--', 'sh', '-c', script]);
  const stubborn = await until('its pid', () => /pid (\d+)/.exec(program.output)?.[1]);
  program.child.kill('SIGTERM');
  expect(await program.ended).toBe(143);
  // Its output is closed: nobody holds it any more.
  expect(() => process.kill(Number(stubborn), 0)).toThrowError(/ESRCH/);
});

describe.skipIf(!packages.ok)(`a host that goes, a host that is not there${why}`, () => {
  test(
    'when the host goes we say so, end with status 1, and our clients are told',
    { timeout: TIMEOUT_MS },
    async () => {
      const weston = await startWeston(session);
      const compositor = session.start('main', ['--backend', 'nested', '--', 'weston-simple-shm'], {
        WAYLAND_DISPLAY: 'weston',
      });
      const control = await compositor.controlled();
      await control.window();
      control.close();
      weston.child.kill('SIGKILL');
      expect(await compositor.ended).toBe(1);
      expect(compositor.program.output).toMatch(/the host compositor is gone/);
    },
  );

  test('without a host: status 3 and the reason', { timeout: TIMEOUT_MS }, async () => {
    const compositor = session.start('main', ['--backend', 'nested'], {
      WAYLAND_DISPLAY: 'nobody',
    });
    expect(await compositor.ended).toBe(3);
    expect(compositor.program.output).toMatch(/no host compositor: cannot connect to .*nobody/);
  });
});

describe.skipIf(!packages.ok)(`nested in ourselves, twice${why}`, () => {
  test.each([
    [true, ['weston-simple-shm']],
    [true, ['weston-subsurfaces']],
    [false, ['foot']],
  ])('animated %s: %s', { timeout: TIMEOUT_MS }, async (animated, command) => {
    const inner = ['--size', '640x480', '--', ...command];
    const compositor = session.start('outer', [
      ...session.nested('middle', ['--size', '800x600', ...session.nested('inner', inner)]),
    ]);
    const control = await Control.open(session.controlPath('inner'), () => compositor.program);
    await control.shownWindow();
    const frames = animated ? 30 : 1;
    await until(`${frames} frames`, async () => (await control.frames()) >= frames);
    const outer = await compositor.controlled();
    await until('a picture', async () => (await outer.picture()).colours > 20);
    control.close();
    outer.close();
  });

  test(
    'keys typed into the outer one arrive in a terminal of the innermost',
    { timeout: TIMEOUT_MS },
    async () => {
      const command = ['--', 'foot', 'sh', '-c', 'read typed; exit ${#typed}'];
      const compositor = session.start('outer', session.nested('inner', command));
      const inner = await Control.open(session.controlPath('inner'), () => compositor.program);
      await inner.shownWindow();
      const outer = await compositor.controlled();
      await outer.type('lsls\n');
      expect(await compositor.ended).toBe(4);
      inner.close();
      outer.close();
    },
  );

  test(
    'the pointer goes through, and a resized host window is a resized output',
    { timeout: TIMEOUT_MS },
    async () => {
      const compositor = session.start(
        'outer',
        session.nested('inner', ['--size', '400x300', '--', 'weston-simple-shm']),
      );
      const inner = await Control.open(session.controlPath('inner'), () => compositor.program);
      const app = await inner.window();
      const outer = await compositor.controlled();
      const host = await outer.window();
      const x = host.geometry.x + app.geometry.x + 7;
      const y = host.geometry.y + app.geometry.y + 9;
      await outer.ask('pointer_move_absolute', { x, y });
      await until('the pointer', async () => (await inner.focus()).pointer);
      expect(await inner.focus()).toMatchObject({
        pointer: { surface: app.surface },
        x: app.geometry.x + 7,
        y: app.geometry.y + 9,
      });
      await outer.ask('maximize', { client: host.client, surface: host.surface, maximized: true });
      const size = async (): Promise<number> =>
        (await inner.ask<{ outputs: { width: number }[] }>('outputs')).outputs[0]?.width ?? 0;
      await until('the new size', async () => (await size()) === 1280);
      await outer.ask('close', { client: host.client, surface: host.surface });
      expect(await compositor.ended).toBe(1);
      inner.close();
      outer.close();
    },
  );
});
