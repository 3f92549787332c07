/**
 * A compositor inside this process, a client that shows a blue window in it, and a screenshot of what the output shows.
 *
 * Run it with a file name to keep the PNG. A program of yours would be started with WAYLAND_DISPLAY set to `compositor.listen()`.
 */
import { writeFileSync } from 'node:fs';
import { Compositor } from '../compositor/public.ts';
import { OwnedFd, Poller, SimulatedKernel, SystemClock } from '../devices/public.ts';
import { native } from '../native/binding.ts';
import { ClientDisplay } from '../protocols/public.ts';
import {
  WlCompositorProxy,
  WlShmProxy,
  type WlSurfaceProxy,
} from '../protocols/generated/wayland.client.ts';
import { XdgWmBaseProxy } from '../protocols/generated/xdg-shell.client.ts';

const WIDTH = 320;
const HEIGHT = 200;
const STRIDE_BYTES = WIDTH * 4;
const XRGB8888 = 1;
const BLUE = 0xff3060c0;

const clock = new SystemClock();
const poller = new Poller();
poller.start();
const kernel = new SimulatedKernel(clock);
const compositor = Compositor.create({
  poller,
  clock,
  kernel,
  outputs: [{ width: 640, height: 400 }],
});

const [serverEnd, clientEnd] = native.socketPair();
compositor.display.connect(new OwnedFd(serverEnd));
const client = ClientDisplay.connect({ poller, fd: new OwnedFd(clientEnd) });
await client.roundtrip();
const surface = openWindow();
await client.roundtrip();
showBlue(surface);
await new Promise<void>((resolve) => {
  surface.frame().handler = { done: () => resolve() };
  surface.commit();
});

const png = compositor.desktop.screenshot();
console.log(`screenshot: ${png?.byteLength ?? 0} bytes`);
const [, , file] = process.argv;
if (file !== undefined && png) writeFileSync(file, png);

client.close();
compositor.dispose();
kernel.dispose();
poller.close();

/** A toplevel that is ready for its first buffer. */
function openWindow(): WlSurfaceProxy {
  const made = bind(WlCompositorProxy).createSurface();
  const xdgSurface = bind(XdgWmBaseProxy).getXdgSurface(made);
  xdgSurface.handler = { configure: (proxy, serial) => proxy.ackConfigure(serial) };
  xdgSurface.getToplevel().setTitle('blue');
  made.commit();
  return made;
}

function showBlue(target: WlSurfaceProxy): void {
  const memfd = new OwnedFd(native.memfdCreate('pixels', 1));
  native.ftruncate(memfd.fd, STRIDE_BYTES * HEIGHT);
  const pixels = new Uint8Array(Uint32Array.from({ length: WIDTH * HEIGHT }, () => BLUE).buffer);
  native.pwrite(memfd.fd, pixels, 0);
  const pool = bind(WlShmProxy).createPool(memfd.fd, pixels.byteLength);
  memfd.close();
  target.attach(pool.createBuffer(0, WIDTH, HEIGHT, STRIDE_BYTES, XRGB8888), 0, 0);
  target.damageBuffer(0, 0, WIDTH, HEIGHT);
}

function bind<P extends WlCompositorProxy | WlShmProxy | XdgWmBaseProxy>(type: {
  readonly interface: Parameters<typeof client.registry.proxy.bind<P>>[1];
}): P {
  const global = client.registry.find(type.interface.description.name);
  if (!global) throw new Error(`${type.interface.description.name} is not offered`);
  return client.registry.bind(type, global);
}
