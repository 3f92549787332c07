/** Another program of the user keeps more descriptors on their way between sockets than the compositor may have, on the real kernel. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { Poller } from '../../native/poller.ts';
import { ClientDisplay } from '../../protocols/client/client-display.ts';
import { WlSeatProxy } from '../../protocols/generated/wayland.client.ts';

const CLI = fileURLToPath(new URL('../../cli/syncline.mjs', import.meta.url));
const TIMEOUT_MS = 60_000;
const WAIT = { timeout: 20_000, interval: 20 };
/** Of the compositor. */
const NOFILE = 256;
const FDS_A_MESSAGE = 250;
const why = native.xkbAvailable() ? '' : ' (skipped: libxkbcommon.so.0 is not installed)';

/** So many descriptors that nobody has received; closing both sockets takes them out of the way. */
function hoard(count: number): [OwnedFd, OwnedFd] {
  const [from, to] = native.socketPair();
  const byte = new Uint8Array(1);
  for (let left = count; left > 0; left -= FDS_A_MESSAGE) {
    const fds = new Int32Array(Math.min(left, FDS_A_MESSAGE)).fill(from);
    expect(native.sendmsg(from, byte, 0, 1, fds, fds.length)).toBe(1);
  }
  return [new OwnedFd(from), new OwnedFd(to)];
}

/** Who may have all resources is never refused: root does without that here. */
function startCompositor(runtimeDir: string) {
  const unprivileged =
    process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-sys_resource,-sys_admin'] : ['env'];
  const [command, ...args] = [...unprivileged, 'prlimit', `--nofile=${NOFILE}`, process.execPath];
  const compositor = [CLI, 'compositor', '--gpus', 'none', '--socket', 'hoarded'];
  return spawn(command!, [...args, ...compositor], {
    env: { ...process.env, SYNCLINE_NO_SETUP: '1', XDG_RUNTIME_DIR: runtimeDir },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

test.skipIf(why)(
  `a keymap waits until the kernel takes it; the client stays, others go on${why}`,
  { timeout: TIMEOUT_MS },
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'syncline-hoarded-'));
    const child = startCompositor(directory);
    let output = '';
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const ended = new Promise((resolve) => child.once('close', resolve));
    const poller = new Poller();
    poller.start();
    const env = { WAYLAND_DISPLAY: join(directory, 'hoarded') };
    const clients: ClientDisplay[] = [];
    let hoarded: OwnedFd[] = [];
    try {
      const connect = (): ClientDisplay => {
        const client = ClientDisplay.connect({ poller, env });
        clients.push(client);
        return client;
      };
      const client = await vi.waitFor(connect, WAIT);
      await client.roundtrip();
      const seat = client.registry.bind(WlSeatProxy, client.registry.find('wl_seat')!);
      hoarded = hoard(NOFILE + 1);
      let keymaps = 0;
      const keyboard = seat.getKeyboard();
      keyboard.handler = {
        keymap: (_keyboard, _format, fd) => {
          fd.close();
          keymaps++;
        },
        enter: () => undefined,
        leave: () => undefined,
        key: () => undefined,
        modifiers: () => undefined,
        repeatInfo: () => undefined,
      };
      let answered = false;
      client.sync(() => (answered = true));
      // Twice: the first one's requests may come in the same turn as the keyboard's.
      const other = connect();
      for (let count = 0; count < 2; count++) await other.roundtrip();
      expect({ keymaps, answered, open: client.open }, output).toEqual({
        keymaps: 0,
        answered: false,
        open: true,
      });

      for (const fd of hoarded.splice(0)) fd.close();
      await vi.waitUntil(() => answered, WAIT);
      expect(keymaps, output).toBe(1);
    } finally {
      for (const fd of hoarded) fd.close();
      for (const client of clients) client.close();
      child.kill();
      await ended;
      poller.stop();
      poller.close();
      rmSync(directory, { recursive: true });
    }
  },
);
