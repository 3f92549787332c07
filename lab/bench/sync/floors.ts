/**
 * The same steps straight on the device port, without the manager: the floor that JavaScript sets, which tells the manager's own cost
 * apart from that of the machine (an emulated processor runs C much better than compiled JavaScript).
 */
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { EPOLLET, EPOLLIN } from '../../../native/poller.ts';
import type { SyncobjDevice, SyncobjHandle } from '../../../devices/syncobj-device.ts';
import { median } from '../statistics.ts';
import type { SyncBed } from './bed.ts';
import { signalPoint, type Amount } from './waits.ts';

interface BareTimeline {
  readonly device: SyncobjDevice;
  readonly imported: SyncobjHandle;
  /** In the client's device. */
  readonly handle: SyncobjHandle;
}

/** Export, info, close: p50 in nanoseconds. */
export function measureBareSubmitted(bed: SyncBed, { count, warmUp }: Amount): number {
  const bare = makeTimeline(bed);
  const times: number[] = [];
  for (let index = 0; index < warmUp + count; index++) {
    const point = BigInt(index + 1);
    signalPoint(bed, bare.handle, point);
    const startNs = native.monotonicNs();
    readFence(bed, bare, point);
    if (index >= warmUp) times.push(Number(native.monotonicNs() - startNs));
  }
  bare.device.destroy(bare.imported);
  return median(times);
}

/** Armed and not submitted; then signal, wake-up, query, export, info, close: p50 in nanoseconds. */
export async function measureBareSignal(bed: SyncBed, { count, warmUp }: Amount): Promise<number> {
  const bare = makeTimeline(bed);
  const eventfd = new OwnedFd(native.eventfd(0));
  let onEdge = (): void => undefined;
  const watch = bed.poller.watch(eventfd.fd, EPOLLIN | EPOLLET, () => onEdge());
  const times: number[] = [];
  for (let index = 0; index < warmUp + count; index++) {
    const point = BigInt(index + 1);
    bare.device.arm(bare.imported, point, 'available', eventfd.fd);
    requireUnsubmitted(bare, point);
    const startNs = await new Promise<bigint>((resolve) => {
      let signalledNs = 0n;
      onEdge = () => {
        readReached(bare, point);
        readFence(bed, bare, point);
        resolve(signalledNs);
      };
      setImmediate(() => {
        signalledNs = native.monotonicNs();
        signalPoint(bed, bare.handle, point);
      });
    });
    if (index >= warmUp) times.push(Number(native.monotonicNs() - startNs));
  }
  watch.close();
  eventfd.close();
  bare.device.destroy(bare.imported);
  return median(times);
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

function readFence(bed: SyncBed, { device, imported }: BareTimeline, point: bigint): void {
  const syncFile = device.exportSyncFile(imported, point);
  if (!syncFile) throw new Error(`point ${point} is not submitted`);
  const end = bed.kernel.syncFiles.end(syncFile.fd);
  syncFile.close();
  if (end?.status !== 1) throw new Error('the fence has not signalled');
}

function readReached({ device, imported }: BareTimeline, point: bigint): void {
  const points = new BigUint64Array(1);
  device.query(Uint32Array.of(imported), points, 1, 'submitted');
  if (points[0]! < point) throw new Error(`point ${point} is not submitted`);
}

function requireUnsubmitted({ device, imported }: BareTimeline, point: bigint): void {
  if (device.exportSyncFile(imported, point))
    throw new Error(`point ${point} has a fence too early`);
}
