/** AppSession with other people's programs: several at once, and errors that help. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { afterEach, expect, test, vi } from 'vitest';
import { ManualClock } from '../../native/clock.ts';
import { SimulatedKernel } from '../../devices/simulated/simulated-kernel.ts';
import { AppSession, type AppSessionOptions } from '../../compositor/session/app-session.ts';
import { debianPackages } from '../support/debian.ts';

const debian = debianPackages('weston', 'foot');
const needs = (name: string): string => (debian.ok ? name : `${name} (${debian.reason})`);

const sessions: AppSession[] = [];
afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.stop()));
});

function start(options: AppSessionOptions = {}): AppSession {
  const session = AppSession.start(options);
  sessions.push(session);
  return session;
}

test.skipIf(!debian.ok)(needs('two sessions in one process, each with a program'), async () => {
  const both = [start(), start()];
  const windows = await Promise.all(
    both.map((session, index) => {
      session.launch('foot', ['--app-id', `number-${index}`, 'cat']);
      return session.waitForWindow();
    }),
  );
  expect(windows.map(({ appId }) => appId)).toEqual(['number-0', 'number-1']);
  expect(both.map((session) => session.windows().length)).toEqual([1, 1]);
  const runtimeDirs = both.map(({ env }) => env['XDG_RUNTIME_DIR']);
  expect(runtimeDirs[0]).not.toBe(runtimeDirs[1]);
});

test.skipIf(!debian.ok)(needs('two windows: focus, typing, closing'), async () => {
  const session = start();
  const apps = ['one', 'two'].map((id) => session.launch('foot', ['--app-id', id, 'sh']));
  const one = await session.waitForWindow({ appId: 'one' });
  const two = await session.waitForWindow({ appId: /^tw/ });
  expect(session.findWindow({ pid: apps[1]?.pid })).toBe(two);
  one.focus();
  session.type('exit 3\n');
  expect(await apps[0]?.exited).toBe(3);
  await one.waitForClose();
  expect(two.active).toBe(true);
  two.close();
  await two.waitForClose();
  expect(session.windows()).toEqual([]);
});

test.skipIf(!debian.ok)(needs('a window’s picture, and its frames'), async () => {
  const session = start({ outputs: [{ width: 640, height: 480 }] });
  session.launch('weston-simple-shm');
  const window = await session.waitForWindow();
  window.moveTo(17, 23);
  const before = window.framesPresented;
  await window.waitForFrame();
  await window.waitForFrame();
  expect(window.framesPresented).toBeGreaterThanOrEqual(before + 2);
  const { width, height } = PNG.sync.read(window.screenshot());
  expect({ width, height }).toEqual({
    width: window.rectangle.width,
    height: window.rectangle.height,
  });
  expect(window.rectangle).toMatchObject({ x: 17, y: 23 });
});

test.skipIf(!debian.ok)(needs('outputs come and go under a program'), async () => {
  const session = start({ outputs: [{ width: 640, height: 480 }] });
  session.launch('weston-simple-shm');
  const window = await session.waitForWindow();
  const { desktop, outputs } = session.compositor;
  const [first] = outputs;
  if (!first) throw new Error('no output');
  session.act(() => {
    desktop.addOutput({ ...first.description, name: 'SECOND', x: 640 });
    desktop.removeOutput(first);
  });
  await window.waitForFrame();
  expect(window.rectangle.x).toBeGreaterThanOrEqual(640);
  expect(session.compositor.outputs.map(({ name }) => name)).toEqual(['SECOND']);
});

test.skipIf(!debian.ok)(needs('with a manual clock frames come when it is moved'), async () => {
  const clock = new ManualClock();
  const kernel = new SimulatedKernel(clock);
  const session = start({ clock, kernel });
  session.launch('weston-simple-shm');
  await session.waitUntil('a mapped window', () => session.findWindow());
  const window = session.findWindow();
  expect(window?.framesPresented).toBe(0);
  const refreshNs = 16_666_667n;
  for (let frame = 1; frame <= 5; frame++) {
    await session.waitUntil('the next commit', () => {
      return session.compositor.desktop.outputs.some(({ clock: { idle } }) => !idle);
    });
    clock.advanceTo(clock.nowNs() + refreshNs);
    expect(window?.framesPresented).toBe(frame);
  }
  await session.stop();
  kernel.dispose();
});

test('a program that cannot be found, and one that shows nothing, say so at once', async () => {
  const session = start();
  const missing = session.launch('/no/such/program');
  await expect(session.waitForWindow()).rejects.toThrow(/no such program|ENOENT/);
  expect(await missing.exited).toBe(127);
  session.launch('sh', ['-c', 'echo something went wrong >&2; exit 4']);
  await expect(session.waitForWindow({ title: 'x' })).rejects.toThrow(
    /x[^]*ended with 4[^]*something went wrong/,
  );
});

test('a wait has an end', async () => {
  const session = start({ timeoutMs: 50 });
  session.launch('sleep', ['60']);
  await expect(session.waitForWindow()).rejects.toThrow(
    /waited 50 ms.*\nwindows: none\nsleep 60: runs/,
  );
});

test('characters and keys that no US keyboard has are named', () => {
  const session = start();
  expect(() => session.type('é')).toThrow(/"é"/);
  expect(() => session.press('ctrl+hyper')).toThrow(/"hyper"/);
});

test('stopping ends programs and waits', async () => {
  const session = start();
  const app = session.launch('sh', ['-c', 'trap "" TERM; echo deaf; sleep 60']);
  await expect.poll(() => app.output).toBe('deaf\n');
  const waiting = session.waitForWindow().catch((error: Error) => error.message);
  void session.stop();
  expect(() => session.launch('true')).toThrow(/stopped/);
  await session.stop();
  expect(existsSync(session.env['XDG_RUNTIME_DIR'] ?? '/')).toBe(false);
  expect(await waiting).toMatch(/stopped while waiting/);
  expect(await app.exited).toBe(128 + 9);
  await session.stop();
});

test('what cannot listen leaves nothing behind', () => {
  const parent = mkdtempSync(join(tmpdir(), 'syncline-long-'));
  const directory = join(parent, 'x'.repeat(100));
  mkdirSync(directory);
  vi.stubEnv('TMPDIR', directory);
  try {
    expect(() => AppSession.start()).toThrow();
    expect(readdirSync(directory)).toEqual([]);
  } finally {
    vi.unstubAllEnvs();
    rmSync(parent, { recursive: true });
  }
});
