/** Where clients come from: display sockets, inherited sockets, and too many of them. */
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { ClientDisplay } from '../../../protocols/client/client-display.ts';
import { DisplaySocketError } from '../../../protocols/server/display-socket.ts';
import { takeListenFds } from '../../../protocols/server/listen-fds.ts';
import { withRuntimeDir } from '../../interop/support.ts';
import { Harness, withHarness } from './harness.ts';

function codeOf(body: () => void): string {
  try {
    body();
  } catch (error) {
    if (error instanceof DisplaySocketError) return error.code;
    throw error;
  }
  return 'none';
}

test('names are taken in order, locked against others, and given back', () =>
  withRuntimeDir((runtimeDir) =>
    withHarness((harness) => {
      expect(harness.display.listen({ runtimeDir })).toBe('wayland-1');
      expect(harness.display.listen({ runtimeDir })).toBe('wayland-2');
      expect(harness.display.listen({ runtimeDir, name: 'mine' })).toBe('mine');
      expect(codeOf(() => harness.display.listen({ runtimeDir, name: 'mine' }))).toBe('IN_USE');
      expect(statSync(join(runtimeDir, 'mine')).isSocket()).toBe(true);
      expect(existsSync(join(runtimeDir, 'mine.lock'))).toBe(true);
      harness.display.close();
      for (const name of ['wayland-1', 'wayland-2', 'mine', 'mine.lock'])
        expect(existsSync(join(runtimeDir, name))).toBe(false);
    }),
  ));

test('the socket a dead compositor left behind is replaced', () =>
  withRuntimeDir(async (runtimeDir) => {
    const path = join(runtimeDir, 'wayland-1');
    const stale = new OwnedFd(native.listenUnix(path, 1));
    stale.close();
    writeFileSync(`${path}.lock`, '');
    await withHarness((harness) => {
      expect(harness.display.listen({ runtimeDir })).toBe('wayland-1');
      const client = ClientDisplay.connect({
        poller: harness.poller,
        env: { XDG_RUNTIME_DIR: runtimeDir, WAYLAND_DISPLAY: 'wayland-1' },
      });
      let answered = false;
      client.sync(() => (answered = true));
      harness.settle();
      expect(answered).toBe(true);
      client.close();
    });
  }));

test('a file that is no socket is left alone', () =>
  withRuntimeDir((runtimeDir) =>
    withHarness((harness) => {
      const path = join(runtimeDir, 'precious');
      writeFileSync(path, 'data');
      expect(codeOf(() => harness.display.listen({ runtimeDir, name: 'precious' }))).toBe('FAILED');
      expect(statSync(path).size).toBe(4);
      expect(existsSync(`${path}.lock`)).toBe(false);
    }),
  ));

test('an absolute name needs no runtime directory, a relative one does', () =>
  withRuntimeDir((runtimeDir) =>
    withHarness((harness) => {
      const name = join(runtimeDir, 'absolute');
      expect(harness.display.listen({ name })).toBe(name);
      expect(codeOf(() => harness.display.listen({ name: 'relative' }))).toBe('NO_RUNTIME_DIR');
      expect(codeOf(() => harness.display.listen({ runtimeDir: 'not/absolute' }))).toBe(
        'NO_RUNTIME_DIR',
      );
      expect(codeOf(() => harness.display.listen({ runtimeDir, name: 'n'.repeat(108) }))).toBe(
        'PATH_TOO_LONG',
      );
      const client = ClientDisplay.connect({
        poller: harness.poller,
        env: { WAYLAND_DISPLAY: name },
      });
      harness.settle();
      expect(harness.display.clients.size).toBe(1);
      client.close();
    }),
  ));

test('a listening socket of the service manager', () =>
  withRuntimeDir((runtimeDir) =>
    withHarness((harness) => {
      const path = join(runtimeDir, 'inherited');
      harness.display.listenFd(new OwnedFd(native.listenUnix(path, 8)));
      const client = ClientDisplay.connect({
        poller: harness.poller,
        env: { WAYLAND_DISPLAY: path },
      });
      harness.settle();
      expect(harness.display.clients.size).toBe(1);
      client.close();
    }),
  ));

test('LISTEN_FDS is for the process it names alone, and not for its children', () => {
  const env = { LISTEN_FDS: '2', LISTEN_PID: '1', LISTEN_FDNAMES: 'a:b' };
  expect(takeListenFds(env, 4711)).toEqual([]);
  expect(env).toEqual({});
  expect(takeListenFds({ LISTEN_FDS: 'x', LISTEN_PID: '4711' }, 4711)).toEqual([]);
  expect(takeListenFds({ LISTEN_FDS: '-1', LISTEN_PID: '4711' }, 4711)).toEqual([]);
});

test('credentials and pidfd are those of the peer', () =>
  withHarness((harness) => {
    const { client } = harness.raw();
    expect(client.credentials).toEqual({
      pid: process.pid,
      uid: process.getuid!(),
      gid: process.getgid!(),
    });
    client.pidfd()?.close();
    expect(client.number).toBe(1);
    harness.display.nextClientNumber = 42;
    expect(harness.raw().client.number).toBe(42);
    expect(harness.raw().client.number).toBe(43);
  }));

test('out of descriptors connections wait, the loop does not spin, and all are served later', () =>
  withRuntimeDir((runtimeDir) =>
    withHarness((harness) => {
      const path = join(runtimeDir, 'busy');
      harness.display.listen({ name: path });
      const before = native.getNofileLimit();
      const clients = Array.from({ length: 8 }, () => new OwnedFd(native.connectUnix(path)));
      // Room for three more.
      const probe = new OwnedFd(native.dup(0));
      const soft = probe.fd + 3;
      probe.close();
      native.setNofileLimit(soft);
      try {
        harness.settle();
        expect(harness.display.clients.size).toBe(3);
        expect(harness.poller.dispatch()).toBe(0);
        clients[0]!.close();
        harness.settle();
        expect(harness.display.clients.size).toBeGreaterThanOrEqual(3);
        expect(harness.display.clients.size).toBeLessThan(8);
        expect(harness.logged.filter(({ level }) => level === 'warn').length).toBeGreaterThan(0);
      } finally {
        native.setNofileLimit(before.soft);
      }
      harness.clock.advanceBy(1_000_000_000n);
      harness.settle();
      expect(harness.display.clients.size).toBe(7);
      for (const client of clients) client.close();
      harness.settle();
      expect(harness.display.clients.size).toBe(0);
    }),
  ));

test('a hundred connections at once are all accepted', () =>
  withRuntimeDir((runtimeDir) =>
    withHarness((harness) => {
      const path = join(runtimeDir, 'many');
      harness.display.listen({ name: path });
      const clients = Array.from({ length: 100 }, () => new OwnedFd(native.connectUnix(path)));
      harness.settle();
      expect(harness.display.clients.size).toBe(100);
      for (const client of clients) client.close();
      harness.settle();
      expect(harness.display.clients.size).toBe(0);
    }),
  ));

test('serials count from 1', () => {
  const harness = new Harness();
  expect([harness.display.nextSerial(), harness.display.nextSerial()]).toEqual([1, 2]);
  harness.close();
});

test('listeners hear of clients', () =>
  withHarness((harness) => {
    const heard: string[] = [];
    const remove = harness.display.addClientListener({
      created: (client) => heard.push(`+${client.number}`),
      destroyed: (client) => heard.push(`-${client.number} ${client.objectCount}`),
    });
    const { raw } = harness.raw();
    raw.close();
    harness.settle();
    remove();
    harness.raw();
    expect(heard).toEqual(['+1', '-1 0']);
  }));
