/** `syncline compositor` started by a service manager: clients wait at a socket that was there before it. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { Poller } from '../../native/poller.ts';
import { ClientDisplay } from '../../protocols/client/client-display.ts';

const CLI = fileURLToPath(new URL('../../cli/syncline.mjs', import.meta.url));
const SYNCLINE = [process.execPath, CLI];
const TIMEOUT_MS = 60_000;
const why = native.pixmanAvailable() ? '' : ' (skipped: libpixman-1.so.0 is not installed)';

test.skipIf(why)(
  `LISTEN_FDS is served, and not handed on${why}`,
  { timeout: TIMEOUT_MS },
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'syncline-listen-'));
    const path = join(directory, 'activated');
    const flag = join(directory, 'wait');
    writeFileSync(flag, '');
    const listening = new OwnedFd(native.listenUnix(path, 8));
    const poller = new Poller();
    poller.start();
    const client = ClientDisplay.connect({ poller, env: { WAYLAND_DISPLAY: path } });
    const inner = [
      'sh',
      '-c',
      'while test -e "$0"; do sleep 0.05; done; test -z "$LISTEN_FDS"',
      flag,
    ];
    const compositor = [...SYNCLINE, 'compositor', '--gpus', 'none', '--socket', 'own'];
    // The variable names the process that is to have them: the shell becomes the compositor.
    const child = spawn(
      'sh',
      ['-c', 'LISTEN_PID=$$ exec "$@"', 'sh', ...compositor, '--', ...inner],
      {
        env: {
          ...process.env,
          SYNCLINE_NO_SETUP: '1',
          XDG_RUNTIME_DIR: directory,
          LISTEN_FDS: '1',
        },
        stdio: ['ignore', 'ignore', 'pipe', listening.fd],
      },
    );
    let output = '';
    child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const ended = new Promise((resolve) => child.once('close', resolve));
    listening.close();
    try {
      await Promise.race([client.roundtrip(), ended]);
      expect(client.registry.find('wl_compositor'), output).toBeDefined();
      client.close();
      rmSync(flag);
      expect(await ended, output).toBe(0);
    } finally {
      child.kill();
      await ended;
      client.close();
      poller.stop();
      poller.close();
      rmSync(directory, { recursive: true });
    }
  },
);
