/**
 * A recovery strategy of one's own: patient with GPUs that come back (docks, flaky cables), it parks everything for a device
 * that left and moves on only when another one has taken its place for good.
 *
 * Run it: the import device leaves, a wait and a release stay debts, it returns, both are settled.
 */
import { ManualClock, Poller, SimulatedKernel } from '../devices/public.ts';
import {
  SyncManager,
  type LossPlan,
  type RecoveryContext,
  type RecoveryStrategy,
} from '../sync/public.ts';

/** Prefers the device that was lost, back under its old identity; takes another only when `others` says so. */
function sameDeviceAgain(others: 'never' | 'when-alone'): RecoveryStrategy {
  const plan = (lost: string, { devices }: RecoveryContext): LossPlan => {
    const back = devices.find(({ id }) => id === lost);
    if (back) return { type: 'move', device: back };
    const [other] = devices;
    return other && others === 'when-alone' && devices.length === 1
      ? { type: 'move', device: other }
      : { type: 'park' };
  };
  return {
    name: 'same-device-again',
    description: 'waits for the lost device to return, and needs it to',
    keepsFd: true,
    importFailureIsFatal: false,
    exportsEarly: false,
    placeTimeline: ({ devices }) => devices.slice(0, 1),
    onWaitLost: plan,
    onReleaseLost: plan,
  };
}

const clock = new ManualClock();
const poller = new Poller();
const kernel = new SimulatedKernel(clock);
for (const id of ['dock', 'laptop', 'spare']) kernel.addDevice({ id });
clock.advanceBy(100_000_000n);

const sync = new SyncManager({
  kernel,
  poller,
  clock,
  strategy: sameDeviceAgain('never'),
  trace: ({ timeNs, type }) => console.log(`${timeNs / 1_000_000n} ms`, type),
});
const node = kernel.listNodes().find(({ id }) => id === 'laptop');
if (!node) throw new Error('the laptop has no GPU');
const gpu = kernel.openDevice(node);
const handle = gpu.createTimeline();
const timeline = sync.createOwner('client', () => {}).importTimeline(gpu.exportTimelineFd(handle));
timeline.waitForPoint(1n).subscribe((outcome) => console.log('point 1:', outcome.type));
const release = timeline.createRelease(2n);

kernel.removeDevice('dock');
clock.advanceBy(50_000_000n);
gpu.signal(Uint32Array.of(handle), BigUint64Array.of(1n), 1);
release.seal();
poller.dispatch();
console.log('release:', release.state);
kernel.addDevice({ id: 'dock' });
clock.advanceBy(50_000_000n);
console.log('release:', release.state);

sync.dispose();
gpu.close();
kernel.dispose();
poller.close();
