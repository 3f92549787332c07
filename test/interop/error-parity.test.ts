/** The same mistakes made to libwayland's server (weston) and to ours: same object, same code. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { WlCompositor, WlShm } from '../../protocols/generated/wayland.server.ts';
import { RawClient, withHarness, word } from '../protocols/server/harness.ts';
import type { RawError } from '../protocols/server/harness.ts';
import { hasProgram, needs, stopProgram } from './support.ts';

const missing = !hasProgram('weston');
const SOCKET = 'wayland-parity';
const DISPLAY = 1;
const REGISTRY = 2;
const COMPOSITOR = 3;
const SHM = 4;
const SURFACE = 5;
const FREE_ID = 6;

let weston: ChildProcess | undefined;
let runtimeDir = '';

beforeAll(async () => {
  if (missing) return;
  runtimeDir = mkdtempSync(join(tmpdir(), 'syncline-test-'));
  const env = { ...process.env, XDG_RUNTIME_DIR: runtimeDir };
  const args = [
    '--backend=headless-backend.so',
    `--socket=${SOCKET}`,
    '--no-config',
    '--idle-time=0',
  ];
  weston = spawn('weston', args, { env, stdio: 'ignore' });
  for (let waits = 0; !existsSync(join(runtimeDir, SOCKET)) && waits < 2000; waits++)
    await sleep(25);
});

afterAll(async () => {
  if (weston !== undefined) await stopProgram(weston);
  if (runtimeDir !== '') rmSync(runtimeDir, { recursive: true, force: true });
});

/** Names of the globals, as the server numbers them. */
interface Names {
  readonly compositor: number;
  readonly shm: number;
}

type Mistake = (raw: RawClient, names: Names) => void;

const mistakes: Readonly<Record<string, Mistake>> = {
  'object that never was': (raw) => raw.send(99, 0, []),
  'null object': (raw) => raw.send(0, 0, []),
  'server-side id that never was': (raw) => raw.send(0xff00_0000, 0, []),
  'object it destroyed': (raw) => {
    raw.send(SURFACE, 0, []);
    raw.send(SURFACE, 6, []);
  },
  'unknown opcode': (raw) => raw.send(SURFACE, 60, []),
  'request newer than the version': (raw) => raw.send(SURFACE, 10, [1, 1]),
  'too few arguments': (raw) => raw.send(SURFACE, 2, [1, 2, 3]),
  'unknown argument': (raw) => raw.send(SURFACE, 1, [77, 0, 0]),
  'argument of another interface': (raw) => raw.send(SURFACE, 1, [COMPOSITOR, 0, 0]),
  'new id 0': (raw) => raw.send(COMPOSITOR, 0, [0]),
  'new id in use': (raw) => raw.send(COMPOSITOR, 0, [SURFACE]),
  'new id out of turn': (raw) => raw.send(COMPOSITOR, 0, [FREE_ID + 5]),
  'new id of the server': (raw) => raw.send(COMPOSITOR, 0, [0xff00_0000]),
  'missing descriptor': (raw) => raw.send(SHM, 0, [FREE_ID, 4096]),
  'unterminated string': (raw, { compositor }) => {
    const body = Buffer.concat([
      word(compositor),
      word(4),
      Buffer.from('abcd'),
      word(1),
      word(FREE_ID),
    ]);
    raw.sendBytes(Buffer.concat([word(REGISTRY), word((8 + body.length) << 16), body]));
  },
  'string beyond its message': (raw, { compositor }) => {
    const body = Buffer.concat([word(compositor), word(400), Buffer.from('abc\0')]);
    raw.sendBytes(Buffer.concat([word(REGISTRY), word((8 + body.length) << 16), body]));
  },
  'unknown global': (raw) => raw.send(REGISTRY, 0, [9999, 'wl_compositor', 1, FREE_ID]),
  'global of another interface': (raw, { shm }) =>
    raw.send(REGISTRY, 0, [shm, 'wl_seat', 1, FREE_ID]),
  'global in version 0': (raw, { compositor }) =>
    raw.send(REGISTRY, 0, [compositor, 'wl_compositor', 0, FREE_ID]),
  'global in a version to come': (raw, { compositor }) =>
    raw.send(REGISTRY, 0, [compositor, 'wl_compositor', 999, FREE_ID]),
};

/** Reads until `done` or the connection ends, driving our side with `turn`. */
async function readUntil(raw: RawClient, turn: () => void, done: () => boolean): Promise<void> {
  for (let waits = 0; waits < 10_000 && !done() && !raw.closed; waits++) {
    turn();
    raw.read();
    if (!done() && !raw.closed) await sleep(2);
  }
}

async function errorFor(
  raw: RawClient,
  turn: () => void,
  mistake: Mistake,
): Promise<RawError | undefined> {
  raw.send(DISPLAY, 1, [REGISTRY]);
  raw.send(DISPLAY, 0, [3]);
  await readUntil(raw, turn, () => raw.received.some(({ id }) => id === 3));
  const nameOf = (type: string): number => {
    const found = raw.received.find(
      ({ id, bytes }) => id === REGISTRY && bytes.includes(`${type}\0`),
    );
    return found?.words[0] ?? -1;
  };
  const names = { compositor: nameOf('wl_compositor'), shm: nameOf('wl_shm') };
  raw.send(REGISTRY, 0, [names.compositor, 'wl_compositor', 4, COMPOSITOR]);
  raw.send(REGISTRY, 0, [names.shm, 'wl_shm', 1, SHM]);
  raw.send(COMPOSITOR, 0, [SURFACE]);
  mistake(raw, names);
  await readUntil(raw, turn, () => raw.error() !== undefined);
  return raw.error();
}

test.skipIf(missing).each(Object.entries(mistakes))(
  needs('weston', '%s: as libwayland answers'),
  async (_name, mistake) => {
    const theirs = new RawClient(new OwnedFd(native.connectUnix(join(runtimeDir, SOCKET))));
    try {
      const expected = await errorFor(theirs, () => undefined, mistake);
      expect(expected).toBeDefined();
      await withHarness(async (harness) => {
        harness.display.createGlobal(WlCompositor, 4, (compositor) => {
          compositor.handler = {
            createSurface: () => undefined,
            createRegion: () => undefined,
            release: () => undefined,
          };
        });
        harness.display.createGlobal(WlShm, 1, () => undefined);
        const ours = await errorFor(harness.raw().raw, () => harness.settle(), mistake);
        expect(ours).toMatchObject({ objectId: expected?.objectId, code: expected?.code });
      });
    } finally {
      theirs.close();
    }
  },
);
