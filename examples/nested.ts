/**
 * A compositor as a window of another one, both in this process: what a compositor's developer does to see it, without a screen.
 *
 * Without `outside` and with the process's own environment, the window is one of the desktop you are on. Its programs would be started
 * with WAYLAND_DISPLAY set to `inside.listen()`.
 */
import { AppSession, Compositor, nestedIn } from '../compositor/public.ts';
import { Poller, SimulatedKernel, SystemClock } from '../devices/public.ts';

const outside = AppSession.start({ outputs: [{ width: 800, height: 600 }] });

const clock = new SystemClock();
const poller = new Poller();
poller.start();
const kernel = new SimulatedKernel(clock);
const inside = Compositor.create({
  poller,
  clock,
  kernel,
  backend: await nestedIn({ poller, env: outside.env }),
  outputs: [{ width: 640, height: 400 }],
});

const window = await outside.waitForWindow();
const { width, height } = window.rectangle;
console.log(`outside: the window "${window.title}", ${width}x${height}`);
const { name, mode } = inside.stats().desktop.backend;
console.log(`inside: ${inside.outputs.length} output, ${String(name)}, ${String(mode)}`);

// The user of the host closes the window, and the compositor in it learns why it ends.
const lost = new Promise<string>((resolve) => {
  inside.desktop.onLost(resolve);
});
window.close();
console.log(`inside: ${await lost}`);

inside.dispose();
kernel.dispose();
poller.close();
await outside.stop();
