/**
 * Parts of what is measured, each alone, straight on the device port: what bounds ours from below in this very process, and tells the
 * compositor's own cost apart from that of the machine (an emulated processor runs C much better than compiled JavaScript).
 */
import { Observable } from 'rxjs/internal/Observable';
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { EPOLLET, EPOLLIN } from '../../../native/poller.ts';
import type { SyncobjDevice, SyncobjHandle } from '../../../devices/syncobj-device.ts';
import { median } from '../statistics.ts';
import type { SyncBed } from './bed.ts';
import { signalling, type Idleness } from './signalling.ts';
import { signalPoint, type Amount } from './waits.ts';

/** p50 in nanoseconds. */
export interface Floors {
  /** What is left of ours without compositor and sync manager: the addon's calls. */
  readonly port: number;
  /** Of a commit: those calls in an Observable that does nothing else. Of a signal: the wake-up alone, without any call. */
  readonly other: number;
}

interface BareTimeline {
  readonly device: SyncobjDevice;
  readonly imported: SyncobjHandle;
  /** In the client's device. */
  readonly handle: SyncobjHandle;
}

/** Of a commit whose point has signalled. */
export function commitFloors(bed: SyncBed, amount: Amount): Floors {
  const bare = makeTimeline(bed);
  let point = 0n;
  const measure = (take: (at: bigint) => void): number => {
    const times: number[] = [];
    for (let index = 0; index < amount.warmUp + amount.count; index++) {
      signalPoint(bed, bare.handle, ++point);
      const startNs = native.monotonicNs();
      take(point);
      const endNs = native.monotonicNs();
      if (index >= amount.warmUp) times.push(Number(endNs - startNs));
    }
    return median(times);
  };
  const port = measure((at) => readFence(bed, bare, at));
  const other = measure((at) => {
    const subscription = new Observable<boolean>((subscriber) => {
      subscriber.next(readFence(bed, bare, at));
      subscriber.complete();
    }).subscribe({ next: () => undefined });
    if (!subscription.closed) throw new Error('not over');
  });
  bare.device.destroy(bare.imported);
  return { port, other };
}

/** Of a signal that is waited for. */
export async function signalFloors(
  bed: SyncBed,
  idleness: Idleness,
  amount: Amount,
): Promise<Floors> {
  const bare = makeTimeline(bed);
  const eventfd = new OwnedFd(native.eventfd(0));
  let onEdge = (): void => undefined;
  const watch = bed.poller.watch(eventfd.fd, EPOLLIN | EPOLLET, () => onEdge());
  const signal = signalling(bed, idleness);
  let point = 0n;
  const measure = async (arm: () => void, wake: () => void, read: () => void): Promise<number> => {
    const times: number[] = [];
    for (let index = 0; index < amount.warmUp + amount.count; index++) {
      point++;
      arm();
      const tookNs = await new Promise<number>((resolve) => {
        let startNs = 0n;
        onEdge = () => {
          read();
          resolve(Number(native.monotonicNs() - startNs));
        };
        signal.soon(() => {
          startNs = native.monotonicNs();
          wake();
        });
      });
      if (index >= amount.warmUp) times.push(tookNs);
    }
    return median(times);
  };
  const other = await measure(
    () => undefined,
    () => native.eventfdWrite(eventfd.fd, 1n),
    () => undefined,
  );
  const port = await measure(
    () => {
      bare.device.arm(bare.imported, point, 'available', eventfd.fd);
      requireUnsubmitted(bare, point);
    },
    () => signalPoint(bed, bare.handle, point),
    () => void readFence(bed, bare, point),
  );
  signal.dispose();
  watch.close();
  eventfd.close();
  bare.device.destroy(bare.imported);
  return { port, other };
}

/** `count` timelines imported one by one and queried together: nanoseconds. */
export function measureBareRehome(bed: SyncBed, count: number): number {
  const device = importDevice(bed);
  const fds = Array.from({ length: count }, () =>
    bed.client.exportTimelineFd(bed.client.createTimeline()),
  );
  const handles = new Uint32Array(count);
  const startNs = native.monotonicNs();
  fds.forEach(({ fd }, index) => (handles[index] = device.importTimeline(fd)));
  device.query(handles, new BigUint64Array(count), count, 'submitted');
  const tookNs = Number(native.monotonicNs() - startNs);
  for (const handle of handles) device.destroy(handle as SyncobjHandle);
  for (const fd of fds) fd.close();
  return tookNs;
}

function importDevice(bed: SyncBed): SyncobjDevice {
  const [device] = bed.manager.devices;
  if (device === undefined) throw new Error('no device to import into');
  return device;
}

function makeTimeline(bed: SyncBed): BareTimeline {
  const device = importDevice(bed);
  const handle = bed.client.createTimeline();
  const fd = bed.client.exportTimelineFd(handle);
  try {
    return { device, imported: device.importTimeline(fd.fd), handle };
  } finally {
    fd.close();
  }
}

/** With one call where the device can, else with one a step. */
function readFence(bed: SyncBed, { device, imported }: BareTimeline, point: bigint): boolean {
  const taken = device.takeFence
    ? device.takeFence(imported, point)
    : device.exportSyncFile(imported, point);
  if (!taken) throw new Error(`point ${point} is not submitted`);
  const end = taken instanceof OwnedFd ? bed.kernel.syncFiles.end(taken.fd) : taken;
  if (taken instanceof OwnedFd) taken.close();
  if (end?.status !== 1) throw new Error('the fence has not signalled');
  return true;
}

function requireUnsubmitted({ device, imported }: BareTimeline, point: bigint): void {
  if (device.exportSyncFile(imported, point))
    throw new Error(`point ${point} has a fence too early`);
}
