/** Debian's programs, unmodified, inside `syncline compositor`: headless, nested in weston, nested in ourselves. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { debianPackages } from '../support/debian.ts';
import { Control, pause, Session, type RunningProgram } from './apps-support.ts';

const packages = debianPackages('weston', 'wayland-utils', 'foot', 'libpixman-1-0', 'xkb-data');
const why = packages.ok ? '' : ` (skipped: ${packages.reason})`;
const TIMEOUT_MS = 60_000;

/** Started frames a second an animation must reach on a busy machine; the clock allows 60. */
const MIN_RATE = 20;
const KEY_L = 38;
const KEY_S = 31;
const KEY_ENTER = 28;

let session: Session;
beforeEach(() => {
  session = new Session();
});
afterEach(() => session.dispose());

/** Programs that draw without being asked, and those that draw when there is something to see. */
const ANIMATED: readonly (readonly string[])[] = [
  ['weston-simple-shm'],
  ['weston-simple-damage'],
  ['weston-simple-damage', '--use-viewport'],
  ['weston-simple-damage', '--width=300', '--scale=2'],
  ['weston-subsurfaces'],
  ['weston-presentation-shm'],
  ['weston-presentation-shm', '-p'],
];
const STILL: readonly (readonly string[])[] = [
  ['weston-flower'],
  ['weston-terminal'],
  ['foot'],
  // One frame a second, on purpose.
  ['weston-presentation-shm', '-i'],
];

/** How many colours a picture has: 1 = nothing but the background. */
function colours(png: Buffer): number {
  const { data } = PNG.sync.read(png);
  const seen = new Set<number>();
  for (let at = 0; at < data.length && seen.size < 8; at += 4) seen.add(data.readUInt32LE(at));
  return seen.size;
}

async function judge(control: Control, animated: boolean, rate = MIN_RATE): Promise<void> {
  await control.window();
  if (animated) {
    const before = await control.frames();
    await pause(1000);
    expect((await control.frames()) - before).toBeGreaterThanOrEqual(rate);
  } else {
    while ((await control.frames()) === 0) await pause(20);
  }
  expect(colours(await control.screenshot())).toBeGreaterThan(2);
}

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
    'weston-simple-shm animates for 10 s at the frame clock’s rate',
    { timeout: TIMEOUT_MS },
    async () => {
      const compositor = session.start('main', ['--rate', '30', '--', 'weston-simple-shm']);
      const control = await compositor.controlled();
      await control.window();
      const before = await control.frames();
      const start = performance.now();
      await pause(10_000);
      const frames = (await control.frames()) - before;
      const due = ((performance.now() - start) / 1000) * 30;
      control.close();
      // Never faster than the clock; slower only as far as a busy machine makes it.
      expect(frames).toBeLessThanOrEqual(due + 2);
      expect(frames).toBeGreaterThan(due * 0.7);
    },
  );

  test.each(ANIMATED.map((c) => [c]))('%s animates', { timeout: TIMEOUT_MS }, async (command) => {
    const compositor = session.start('main', ['--', ...command]);
    const control = await compositor.controlled();
    await judge(control, true);
    control.close();
    expect(compositor.program.output).not.toMatch(/error \d+:/);
  });

  test.each(STILL.map((c) => [c]))(
    '%s shows its window',
    { timeout: TIMEOUT_MS },
    async (command) => {
      const compositor = session.start('main', ['--', ...command]);
      const control = await compositor.controlled();
      await judge(control, false);
      control.close();
      expect(compositor.program.output).not.toMatch(/error \d+:/);
    },
  );

  test('what is typed arrives in foot', { timeout: TIMEOUT_MS }, async () => {
    const compositor = session.start('main', [
      '--',
      'foot',
      'sh',
      '-c',
      'read typed; exit ${#typed}',
    ]);
    const control = await compositor.controlled();
    await control.window(({ framesPresented }) => framesPresented > 0);
    await control.type(KEY_L, KEY_S, KEY_S, KEY_ENTER);
    expect(await compositor.ended).toBe(3);
    control.close();
  });

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
        'timeout 1 weston-simple-shm; exit 42',
      ]);
      expect(await compositor.ended).toBe(42);
      expect(existsSync(shot)).toBe(true);
      const { traceEvents } = JSON.parse(readFileSync(trace, 'utf8')) as {
        traceEvents: { ph: string; pid: number; tid: number; ts?: number }[];
      };
      // A second of weston-simple-shm, the first client: its commits and what became of them.
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
  const pid = async (): Promise<number> => {
    for (;;) {
      const seen = /pid (\d+)/.exec(program.output);
      if (seen) return Number(seen[1]);
      await pause(20);
    }
  };
  const stubborn = await pid();
  program.child.kill('SIGTERM');
  expect(await program.ended).toBe(143);
  // Its output is closed: nobody holds it any more.
  expect(() => process.kill(stubborn, 0)).toThrowError(/ESRCH/);
});

/** weston itself as host, ready when its socket is there. */
async function startWeston(): Promise<RunningProgram> {
  const weston = session.run('weston', [
    '--backend=headless-backend.so',
    '--socket=host',
    '--no-config',
    '--idle-time=0',
  ]);
  while (!existsSync(join(session.directory, 'host'))) {
    if (weston.child.exitCode !== null) throw new Error(`weston ended:\n${weston.output}`);
    await pause(20);
  }
  return weston;
}

describe.skipIf(!packages.ok)(`nested in weston’s headless backend${why}`, () => {
  test.each([...ANIMATED.map((c) => [true, c] as const), ...STILL.map((c) => [false, c] as const)])(
    'animated %s: %s',
    { timeout: TIMEOUT_MS },
    async (animated, command) => {
      await startWeston();
      const compositor = session.start('main', ['--backend', 'nested', '--', ...command], {
        WAYLAND_DISPLAY: 'host',
      });
      const control = await compositor.controlled();
      await judge(control, animated, MIN_RATE / 2);
      control.close();
      expect(compositor.program.output).not.toMatch(/error \d+:/);
    },
  );

  test(
    'when the host goes we say so, end with status 1, and our clients are told',
    { timeout: TIMEOUT_MS },
    async () => {
      const weston = await startWeston();
      const compositor = session.start('main', ['--backend', 'nested', '--', 'weston-simple-shm'], {
        WAYLAND_DISPLAY: 'host',
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
    await judge(control, animated, MIN_RATE / 2);
    const outer = await compositor.controlled();
    expect(colours(await outer.screenshot())).toBeGreaterThan(2);
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
      await inner.window(({ framesPresented }) => framesPresented > 0);
      const outer = await compositor.controlled();
      await outer.type(KEY_L, KEY_S, KEY_L, KEY_S, KEY_ENTER);
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
      const x = (host.geometry?.x ?? 0) + (app.geometry?.x ?? 0) + 7;
      const y = (host.geometry?.y ?? 0) + (app.geometry?.y ?? 0) + 9;
      await outer.ask('pointer_move_absolute', { x, y });
      const focus = async (): Promise<{ pointer: unknown; x: number; y: number }> =>
        inner.ask('focus');
      while ((await focus()).pointer === null) await pause(20);
      expect(await focus()).toMatchObject({
        pointer: { surface: app.surface },
        x: (app.geometry?.x ?? 0) + 7,
        y: (app.geometry?.y ?? 0) + 9,
      });
      await outer.ask('maximize', { client: host.client, surface: host.surface, maximized: true });
      const size = async (): Promise<number> =>
        (await inner.ask<{ outputs: { width: number }[] }>('outputs')).outputs[0]?.width ?? 0;
      while ((await size()) !== 1280) await pause(20);
      await outer.ask('close', { client: host.client, surface: host.surface });
      expect(await compositor.ended).toBe(1);
      inner.close();
      outer.close();
    },
  );
});
