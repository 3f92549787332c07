/** Both ways of being nested, in weston and in ourselves: frames the host shows, and not one protocol error however it ends. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { debianPackages } from '../support/debian.ts';
import { Control, until, TIMEOUT_MS } from './apps-control.ts';
import { Picture } from './apps-picture.ts';
import { type RunningCompositor, type RunningProgram, Session } from './apps-session.ts';
import { startWeston } from './apps-weston.ts';

const packages = debianPackages('weston', 'foot', 'libpixman-1-0', 'xkb-data');
const why = packages.ok ? '' : ` (skipped: ${packages.reason})`;
const MODES = ['composited', 'pass-through'] as const;
type Mode = (typeof MODES)[number];
/** Frames the host has to show of an animation. */
const FRAMES = 20;

interface BackendReport {
  readonly mode: Mode;
  readonly hostFrames: number;
  readonly passed?: number;
  readonly copied?: Readonly<Record<string, number>>;
}

let session: Session;
beforeEach(() => {
  session = new Session();
});
afterEach(() => session.dispose());

async function backendOf(control: Control): Promise<BackendReport> {
  const { stats } = await control.ask<{ stats: { desktop: { backend: BackendReport } } }>('stats');
  return stats.desktop.backend;
}

function nested(mode: Mode, command: readonly string[]): RunningCompositor {
  const args = ['--backend', 'nested', '--nested-mode', mode, '--', ...command];
  return session.start('nested', args, { WAYLAND_DISPLAY: 'weston' });
}

/** What libwayland's server side writes down of errors it posts. */
function protocolErrors({ output }: RunningProgram): string[] {
  return output.split('\n').filter((line) => /wl_display@1\.error/.test(line));
}

describe.skipIf(!packages.ok).each(MODES)(`%s in weston’s headless backend${why}`, (mode) => {
  test.each([
    ['weston-simple-shm', true],
    ['weston-subsurfaces', true],
    ['foot', false],
  ])('%s: the host shows its frames', { timeout: TIMEOUT_MS }, async (program, animated) => {
    await startWeston(session);
    const compositor = nested(mode, [program]);
    const control = await compositor.controlled();
    await control.shownWindow();
    const before = await backendOf(control);
    expect(before.mode).toBe(mode);
    const due = animated ? before.hostFrames + FRAMES : 1;
    await until('frames in the host', async () => (await backendOf(control)).hostFrames >= due);
    const { passed = 0, copied = {} } = await backendOf(control);
    if (mode === 'pass-through') {
      expect(passed).toBeGreaterThanOrEqual(animated ? FRAMES : 1);
      // Its triangle, drawn by EGL, comes in a format we take and weston does not.
      expect(Object.keys(copied)).toEqual(program === 'weston-subsurfaces' ? ['format'] : []);
    }
    control.close();
    expect(compositor.program.output).not.toMatch(/error \d+:/);
  });

  test.each(['we are ended', 'the program ends', 'the program is killed', 'the host is ended'])(
    'no protocol error when %s',
    { timeout: TIMEOUT_MS },
    async (end) => {
      const weston = await startWeston(session, { WAYLAND_DEBUG: 'server' });
      // Windows come and go while others are shown.
      const script = `
        weston-subsurfaces & weston-flower &
        for round in 1 2 3; do timeout 0.4 weston-simple-shm; done
        test "$1" = stay && exec sleep 60
        true`;
      const stay = end === 'the program ends' ? 'go' : 'stay';
      const compositor = nested(mode, ['sh', '-c', script, 'sh', stay]);
      const control = await compositor.controlled();
      if (stay === 'stay')
        await until('some frames', async () => (await backendOf(control)).hostFrames > 2 * FRAMES);
      if (end === 'we are ended') compositor.program.child.kill('SIGTERM');
      if (end === 'the host is ended') weston.child.kill('SIGTERM');
      if (end === 'the program is killed') {
        // One that stays: another's could go before it is named.
        const { client, surface } = await control.window(({ title }) => title === 'Flower');
        await control.ask('close', { client, surface });
        compositor.program.child.kill('SIGTERM');
      }
      control.close();
      const status = await compositor.ended;
      const expected = { 'the program ends': 0, 'the host is ended': 1 }[end] ?? 143;
      expect(status, compositor.program.output).toBe(expected);
      expect(weston.output).toMatch(/xdg_toplevel@\d+\.set_title/);
      expect(protocolErrors(weston)).toEqual([]);
    },
  );
});

// The other mode, which is the default where we are the host, is in apps.test.ts.
describe.skipIf(!packages.ok)(`composited in ourselves, twice${why}`, () => {
  test.each([
    ['weston-simple-shm', true],
    ['foot', false],
  ])('%s', { timeout: TIMEOUT_MS }, async (program, animated) => {
    const modes = ['--nested-mode', 'composited'];
    const innermost = session.nested('inner', [...modes, '--size', '640x480', '--', program]);
    const middle = session.nested('middle', [...modes, '--size', '800x600', ...innermost]);
    const outer = session.start('outer', middle);
    const control = await outer.controlled();
    await control.shownWindow();
    const inner = await Control.open(session.controlPath('inner'), () => outer.program);
    await inner.shownWindow();
    const due = animated ? FRAMES : 1;
    await until('frames in the middle', async () => (await backendOf(inner)).hostFrames >= due);
    expect((await backendOf(inner)).mode).toBe('composited');
    expect(new Picture(await control.png()).colours).toBeGreaterThan(2);
    inner.close();
    control.close();
    expect(outer.program.output).not.toMatch(/error \d+:/);
  });
});
