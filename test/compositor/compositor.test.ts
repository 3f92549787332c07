/** The whole compositor: a window's first frame, several compositors at once, the end. */
import { expect, test } from 'vitest';
import { native } from '../../native/binding.ts';
import { ManualClock } from '../../native/clock.ts';
import { OwnedFd } from '../../native/fd.ts';
import { Poller } from '../../native/poller.ts';
import { SimulatedKernel } from '../../devices/simulated/simulated-kernel.ts';
import { ClientDisplay } from '../../protocols/client/client-display.ts';
import type { ClientInterface, Proxy } from '../../protocols/client/proxy.ts';
import { WlCompositorProxy, WlShmProxy } from '../../protocols/generated/wayland.client.ts';
import { XdgWmBaseProxy } from '../../protocols/generated/xdg-shell.client.ts';
import { WlSurfaceError } from '../../protocols/generated/wayland.interfaces.ts';
import { Compositor } from '../../compositor/compositor.ts';

const MS = 1_000_000n;
const SIDE = 16;
const BYTES = SIDE * SIDE * 4;
const XRGB8888 = 1;

class Run {
  readonly clock = new ManualClock();
  readonly poller = new Poller();
  readonly kernel = new SimulatedKernel(this.clock);
  readonly compositor = Compositor.create({
    poller: this.poller,
    clock: this.clock,
    kernel: this.kernel,
    outputs: [{ width: 64, height: 48 }],
    env: {},
  });

  connect(): ClientDisplay {
    const [server, client] = native.socketPair();
    this.compositor.display.connect(new OwnedFd(server));
    const display = ClientDisplay.connect({
      poller: this.poller,
      fd: new OwnedFd(client),
      env: {},
    });
    this.settle();
    return display;
  }

  settle(): void {
    for (let quiet = 0; quiet < 2;) quiet = this.poller.dispatch() === 0 ? quiet + 1 : 0;
  }

  advance(durationNs: bigint): void {
    const endNs = this.clock.nowNs() + durationNs;
    for (;;) {
      this.settle();
      const nextNs = this.clock.nextDeadlineNs();
      if (nextNs === undefined || nextNs > endNs) break;
      this.clock.advanceTo(nextNs);
    }
    this.clock.advanceTo(endNs);
    this.settle();
  }

  dispose(): void {
    this.compositor.dispose();
    this.kernel.dispose();
    this.poller.close();
  }
}

function bind<P extends Proxy>(
  display: ClientDisplay,
  type: { readonly interface: ClientInterface<P> },
): P {
  const global = display.registry.find(type.interface.description.name);
  if (!global) throw new Error(`no ${type.interface.description.name}`);
  return display.registry.bind(type, global);
}

/** A window of one colour; returns how many frames it was told of. */
function showWindow(run: Run, display: ClientDisplay): { frames: number } {
  const surface = bind(display, WlCompositorProxy).createSurface();
  const wmBase = bind(display, XdgWmBaseProxy);
  const xdgSurface = wmBase.getXdgSurface(surface);
  const toplevel = xdgSurface.getToplevel();
  toplevel.handler = {};
  xdgSurface.handler = { configure: (_proxy, serial) => xdgSurface.ackConfigure(serial) };
  surface.commit();
  run.settle();
  const fd = new OwnedFd(native.memfdCreate('window', 0));
  native.pwrite(fd.fd, new Uint8Array(BYTES).fill(0xee), 0);
  const pool = bind(display, WlShmProxy).createPool(fd.fd, BYTES);
  fd.close();
  const buffer = pool.createBuffer(0, SIDE, SIDE, SIDE * 4, XRGB8888);
  const seen = { frames: 0 };
  surface.frame().handler = {
    done: () => {
      seen.frames++;
    },
  };
  surface.attach(buffer, 0, 0);
  surface.commit();
  return seen;
}

test('a window gets its first frame within one refresh cycle, and is in the screenshot', () => {
  const run = new Run();
  const display = run.connect();
  const seen = showWindow(run, display);
  run.advance(34n * MS);
  expect(display.error).toBeUndefined();
  expect(seen.frames).toBe(1);
  const [surface] = run.compositor.surfaces;
  expect(surface?.framesPresented).toBe(1);
  expect(run.compositor.desktop.screenshot()?.length).toBeGreaterThan(100);
  expect(run.compositor.stats()).toMatchObject({ surfaces: 1, desktop: { windows: 1 } });
  display.close();
  run.dispose();
});

test('two compositors live in one process and know nothing of each other', () => {
  const [first, second] = [new Run(), new Run()];
  const display = first.connect();
  showWindow(first, display);
  first.advance(34n * MS);
  expect(first.compositor.surfaces.size).toBe(1);
  expect(second.compositor.surfaces.size).toBe(0);
  second.dispose();
  first.advance(34n * MS);
  expect(display.error).toBeUndefined();
  display.close();
  first.dispose();
});

test('disposing with clients connected disconnects them and leaves nothing', () => {
  const run = new Run();
  const display = run.connect();
  showWindow(run, display);
  run.settle();
  run.compositor.dispose();
  run.settle();
  expect(display.open).toBe(false);
  run.dispose();
});

test('a wl_surface destroyed before its xdg_toplevel is defunct_role_object', () => {
  const run = new Run();
  const display = run.connect();
  const surface = bind(display, WlCompositorProxy).createSurface();
  const toplevel = bind(display, XdgWmBaseProxy).getXdgSurface(surface).getToplevel();
  toplevel.handler = {};
  surface.destroy();
  run.settle();
  expect(display.error).toMatchObject({ code: WlSurfaceError.defunctRoleObject });
  display.close();
  run.dispose();
});
