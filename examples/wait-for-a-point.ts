/**
 * Waits for a point of a timeline while its GPU is pulled out, with the libraries alone: no compositor, no Wayland.
 *
 * Two simulated GPUs; on a machine with DRM devices use `new LinuxKernel({ poller })` instead. The client renders on
 * gpu:1, the compositor has imported into gpu:0, which goes while the point is awaited.
 */
import { Poller, SimulatedKernel, SystemClock } from '../devices/public.ts';
import { SyncManager, strategyByName } from '../sync/public.ts';

const clock = new SystemClock();
const poller = new Poller();
const kernel = new SimulatedKernel(clock);
for (const id of ['gpu:0', 'gpu:1']) kernel.addDevice({ id });

const strategy = strategyByName(process.argv[2] ?? 'failover');
const sync = new SyncManager({ kernel, poller, clock, strategy });
sync.devices$.subscribe((devices) =>
  console.log('devices:', devices.map(({ id }) => id).join(' ')),
);

const gpu = kernel.openDevice(kernel.listNodes().find(({ id }) => id === 'gpu:1')!);
const handle = gpu.createTimeline(); // the client's
const timeline = sync.createOwner('client', () => {}).importTimeline(gpu.exportTimelineFd(handle));
timeline.waitForPoint(1n).subscribe((outcome) => {
  console.log('point 1:', outcome.type);
  for (const used of [sync, kernel]) used.dispose();
  poller.close();
});
poller.start();
kernel.removeDevice('gpu:0');
setTimeout(() => gpu.signal(Uint32Array.of(handle), BigUint64Array.of(1n), 1), 100);
