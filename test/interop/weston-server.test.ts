/** Our client, libwayland's server: weston without hardware. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { Poller } from '../../native/poller.ts';
import { ClientDisplay } from '../../protocols/client/client-display.ts';
import {
  WlCompositorProxy,
  WlSeatProxy,
  WlShmProxy,
} from '../../protocols/generated/wayland.client.ts';
import { WlSurfaceError } from '../../protocols/generated/wayland.interfaces.ts';
import { XdgWmBaseProxy } from '../../protocols/generated/xdg-shell.client.ts';
import { hasProgram, needs, stopProgram, withRuntimeDir } from './support.ts';

const missing = !hasProgram('weston');
const SOCKET = 'wayland-weston';

async function withWeston(body: (display: ClientDisplay) => Promise<void>): Promise<void> {
  await withRuntimeDir(async (runtimeDir) => {
    const env = { ...process.env, XDG_RUNTIME_DIR: runtimeDir };
    const args = [
      '--backend=headless-backend.so',
      `--socket=${SOCKET}`,
      '--no-config',
      '--idle-time=0',
    ];
    const weston = spawn('weston', args, { env, stdio: 'ignore' });
    const poller = new Poller();
    try {
      for (let waits = 0; !existsSync(join(runtimeDir, SOCKET)) && waits < 2000; waits++)
        await sleep(25);
      const display = ClientDisplay.connect({
        poller,
        env: { XDG_RUNTIME_DIR: runtimeDir, WAYLAND_DISPLAY: SOCKET },
      });
      poller.start();
      try {
        await body(display);
      } finally {
        display.close();
      }
    } finally {
      poller.close();
      await stopProgram(weston);
    }
  });
}

test.skipIf(missing)(needs('weston', 'our client shows a frame in weston'), () =>
  withWeston(async (display) => {
    await display.roundtrip();
    const { registry } = display;
    expect([...registry.globals.values()].map((global) => global.interface)).toContain('wl_shm');
    const compositor = registry.bind(WlCompositorProxy, registry.find('wl_compositor')!);
    const wmBase = registry.bind(XdgWmBaseProxy, registry.find('xdg_wm_base')!);
    const shm = registry.bind(WlShmProxy, registry.find('wl_shm')!);
    const formats: number[] = [];
    shm.handler = { format: (_proxy, format) => void formats.push(format) };
    wmBase.handler = { ping: (proxy, serial) => proxy.pong(serial) };

    const surface = compositor.createSurface();
    const xdgSurface = wmBase.getXdgSurface(surface);
    const toplevel = xdgSurface.getToplevel();
    toplevel.setTitle('Überraschung');
    await new Promise<void>((resolve) => {
      xdgSurface.handler = {
        configure: (proxy, serial) => {
          proxy.ackConfigure(serial);
          resolve();
        },
      };
      surface.commit();
    });
    expect(formats).toContain(0);

    const memory = new OwnedFd(native.memfdCreate('frame', 1));
    native.ftruncate(memory.fd, 64 * 64 * 4);
    const pool = shm.createPool(memory.fd, 64 * 64 * 4);
    memory.close();
    const buffer = pool.createBuffer(0, 64, 64, 256, 0);
    pool.destroy();
    await new Promise<void>((resolve) => {
      const frame = surface.frame();
      frame.handler = { done: () => resolve() };
      surface.attach(buffer, 0, 0);
      surface.damage(0, 0, 64, 64);
      surface.commit();
    });
    toplevel.destroy();
    xdgSurface.destroy();
    surface.destroy();
    buffer.destroy();
    await display.roundtrip();
    expect(display.error).toBeUndefined();
  }),
);

test.skipIf(missing)(needs('weston', 'an error of weston is told with object and code'), () =>
  withWeston(async (display) => {
    await display.roundtrip();
    const { registry } = display;
    const compositor = registry.bind(WlCompositorProxy, registry.find('wl_compositor')!);
    const surface = compositor.createSurface();
    surface.setBufferScale(0);
    await expect(display.roundtrip()).rejects.toThrow('wl_surface');
    expect(display.error).toMatchObject({
      interface: 'wl_surface',
      objectId: surface.id,
      code: WlSurfaceError.invalidScale,
    });
  }),
);

test.skipIf(missing)(needs('weston', 'ids stay in step over thousands of objects'), () =>
  withWeston(async (display) => {
    await display.roundtrip();
    const { registry } = display;
    const compositor = registry.bind(WlCompositorProxy, registry.find('wl_compositor')!);
    const seat = registry.find('wl_seat');
    if (seat !== undefined) registry.bind(WlSeatProxy, seat);
    for (let round = 0; round < 20; round++) {
      for (let index = 0; index < 200; index++) {
        const region = compositor.createRegion();
        region.add(0, 0, index, round);
        if (index % 3 !== 0) region.destroy();
      }
      await display.roundtrip();
    }
    expect(display.error).toBeUndefined();
  }),
);
