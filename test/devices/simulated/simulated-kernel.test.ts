/** The control surface of the simulated kernel, and the races it makes repeatable. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { native } from '../../../native/binding.ts';
import { ManualClock } from '../../../native/clock.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { SimulatedKernel } from '../../../devices/simulated/simulated-kernel.ts';
import type { HotplugEvent } from '../../../devices/sync-kernel.ts';
import type { SyncobjDevice, SyncobjHandle } from '../../../devices/syncobj-device.ts';
import { fenceOf } from '../../support/fence-of.ts';

const MS = 1_000_000n;
const POLLIN = 1;
const NOTHING_LEFT = {
  openDeviceFiles: 0,
  syncobjs: 0,
  syncobjFiles: 0,
  syncFiles: 0,
  armed: 0,
  dmabufs: 0,
  kernelFds: 1,
};

let clock: ManualClock;
let kernel: SimulatedKernel;

beforeEach(() => {
  clock = new ManualClock();
  kernel = new SimulatedKernel(clock);
});

afterEach(() => checkNothingIsLeft());

function checkNothingIsLeft(): void {
  const accounting = kernel.accounting();
  kernel.dispose();
  expect(accounting).toMatchObject(NOTHING_LEFT);
  expect(clock.pendingTimers).toBe(0);
}

function open(id = 'sim:0'): SyncobjDevice {
  const node = kernel.listNodes().find((candidate) => candidate.id === id);
  if (!node) throw new Error(`${id} is not listed`);
  return kernel.openDevice(node);
}

function signal(device: SyncobjDevice, handle: SyncobjHandle, point: bigint): void {
  device.signal(Uint32Array.of(handle), BigUint64Array.of(point), 1);
}

function code(call: () => unknown): string {
  try {
    call();
    return 'ok';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

test('removal: ENODEV at once, the node and its event later, hooks in between', () => {
  kernel.addDevice();
  clock.advanceBy(50n * MS);
  const device = open();
  const node = kernel.listNodes()[0]!;
  const order: string[] = [];
  const stop = kernel.hotplug.listen((event) => order.push(`event ${event.type}`));
  const openCode = (): string => code(() => kernel.openDevice(node));
  kernel.removeDevice('sim:0', {
    ueventDelayNs: 30n * MS,
    onGone: () =>
      order.push(`gone, open ${openCode()}, create ${code(() => device.createTimeline())}`),
    beforeUevent: () =>
      order.push(`before, open ${openCode()}, listed ${kernel.listNodes().length}`),
    afterUevent: () => order.push(`after, open ${openCode()}, listed ${kernel.listNodes().length}`),
  });
  clock.advanceBy(29n * MS);
  order.push('29 ms');
  clock.advanceBy(1n * MS);
  expect(order).toEqual([
    'gone, open ENODEV, create XSYNC_DEVICE_LOST',
    '29 ms',
    'before, open ENODEV, listed 1',
    'event removed',
    'after, open ENOENT, listed 0',
  ]);
  device.close();
  stop();
});

test.each([
  ['fail', -19],
  ['signal', 1],
  ['leave', 0],
] as const)('pending fences of a removed device: %s', (pendingOnRemoval, status) => {
  kernel.addDevice({ pendingOnRemoval });
  kernel.addDevice();
  const own = kernel.createFence({ deviceId: 'sim:0' });
  const other = kernel.createFence({ deviceId: 'sim:1' });
  const files = [own.exportSyncFile(), other.exportSyncFile()];
  kernel.removeDevice('sim:0');
  expect(files.map(({ fd }) => kernel.syncFiles.info(fd).status)).toEqual([status, 0]);
  for (const file of files) file.close();
  clock.advanceBy(50n * MS);
});

test('a fence tells when it ended, once', () => {
  const fence = kernel.createFence();
  const file = fence.exportSyncFile();
  clock.advanceBy(7n * MS);
  expect([fence.fail(5), fence.signal(), fence.signalled]).toEqual([true, false, true]);
  const { status, fences } = kernel.syncFiles.info(file.fd);
  expect(status).toBe(-5);
  expect(fences).toEqual([{ status: -5, timestampNs: 1_007_000_000n }]);
  file.close();
});

test('minors are not reused while a file or a buffer of the old device lives', () => {
  const paths = (): string[] => kernel.listNodes().map(({ path }) => path);
  kernel.addDevice();
  clock.advanceBy(50n * MS);
  const replug = (): void => {
    kernel.removeDevice('sim:0');
    clock.advanceBy(50n * MS);
    kernel.addDevice({ id: 'sim:0' });
    clock.advanceBy(50n * MS);
  };
  const device = open();
  const buffer = kernel.createDmabuf('sim:0', 4096);
  replug();
  expect(paths()).toEqual(['sim:0/renderD129']);
  // Nobody holds 129, and 128 is not free before the buffer goes too.
  device.close();
  replug();
  expect(paths()).toEqual(['sim:0/renderD129']);
  buffer.release();
  replug();
  expect(paths()).toEqual(['sim:0/renderD128']);
});

test('events keep their order whatever their delays', () => {
  const events: string[] = [];
  const stop = kernel.hotplug.listen((event: HotplugEvent) => events.push(event.type));
  kernel.addDevice({ ueventDelayNs: 40n * MS });
  kernel.removeDevice('sim:0', { ueventDelayNs: 5n * MS });
  kernel.addDevice({ id: 'sim:0', ueventDelayNs: 1n * MS });
  clock.advanceBy(39n * MS);
  expect(events).toEqual([]);
  clock.advanceBy(1n * MS);
  expect(events).toEqual(['added', 'removed', 'added']);
  stop();
});

test('the race between arming and exporting: submitted in between, the export finds it', () => {
  kernel.addDevice();
  const device = open();
  const timeline = device.createTimeline();
  const eventfd = new OwnedFd(native.eventfd(0));
  const fence = kernel.createFence();
  expect(device.exportSyncFile(timeline, 5n)).toBeUndefined();
  const stop = kernel.intercept(({ phase, operation }) => {
    if (phase === 'before' && operation === 'arm') kernel.submit(device, timeline, 5n, fence);
  });
  device.arm(timeline, 5n, 'available', eventfd.fd);
  stop();
  // Available before it was armed: fires at once, and the second look sees it.
  expect(native.eventfdRead(eventfd.fd)).toBe(1n);
  fenceOf(device, timeline, 5n).close();
  fence.signal();
  eventfd.close();
  device.close();
});

test('the race that loses an error: the producer adds the failed fence and the next point before anyone looks', () => {
  kernel.addDevice();
  const device = open();
  const timeline = device.createTimeline();
  const eventfd = new OwnedFd(native.eventfd(0));
  device.arm(timeline, 5n, 'available', eventfd.fd);
  const fence = kernel.createFence();
  fence.fail(19);
  kernel.submit(device, timeline, 5n, fence);
  signal(device, timeline, 6n);
  expect(native.eventfdRead(eventfd.fd)).toBe(1n);
  const file = fenceOf(device, timeline, 5n);
  expect(kernel.syncFiles.info(file.fd).status).toBe(1);
  file.close();
  eventfd.close();
  device.close();
});

test('a device removed in the middle of an import', () => {
  kernel.addDevice();
  kernel.addDevice();
  const client = open('sim:1');
  const compositor = open('sim:0');
  const fd = client.exportTimelineFd(client.createTimeline());
  const stop = kernel.intercept(({ phase, operation, device }) => {
    if (phase === 'before' && operation === 'importTimeline' && device === compositor)
      kernel.removeDevice('sim:0');
  });
  expect(code(() => compositor.importTimeline(fd.fd))).toBe('XSYNC_DEVICE_LOST');
  expect(compositor.lost).toBe(true);
  stop();
  fd.close();
  client.close();
  compositor.close();
  clock.advanceBy(50n * MS);
});

test('injected faults: on the nth call, so many times, on one device, until removed', () => {
  kernel.addDevice();
  kernel.addDevice();
  const device = open('sim:0');
  const other = open('sim:1');
  const attempt = (on: SyncobjDevice): string => code(() => on.destroy(on.createTimeline()));
  kernel.injectFault({
    operation: 'createTimeline',
    code: 'EMFILE',
    deviceId: device.id,
    afterCalls: 1,
    times: 2,
  });
  expect([1, 2, 3, 4].map(() => attempt(device))).toEqual(['ok', 'EMFILE', 'EMFILE', 'ok']);
  const heal = kernel.injectFault({ operation: 'createTimeline', code: 'ENOMEM' });
  expect([attempt(device), attempt(other)]).toEqual(['ENOMEM', 'ENOMEM']);
  expect([device.lost, other.lost]).toEqual([false, false]);
  heal();
  expect(attempt(other)).toBe('ok');
  device.close();
  other.close();
});

test('everything open is counted, and notices when it is closed elsewhere', () => {
  kernel.addDevice();
  const device = open();
  const timeline = device.createTimeline();
  const fd = device.exportTimelineFd(timeline);
  const copy = fd.dup();
  const eventfd = new OwnedFd(native.eventfd(0));
  for (const point of [1n, 2n, 3n]) device.arm(timeline, point, 'signalled', eventfd.fd);
  const fence = kernel.createFence();
  kernel.submit(device, timeline, 1n, fence);
  const file = fenceOf(device, timeline, 1n);
  expect(kernel.accounting()).toMatchObject({
    devices: 1,
    openDeviceFiles: 1,
    handles: [{ label: 'sim:0/renderD128', count: 1 }],
    syncobjs: 1,
    syncobjFiles: 1,
    syncFiles: 1,
    armed: 3,
    // The poller, and for each file the other end; one eventfd for three registrations.
    kernelFds: 4,
    ioctls: { SYNCOBJ_EVENTFD: 3, SYNCOBJ_HANDLE_TO_FD: 2, SUBMIT: 1 },
  });
  device.close();
  fd.close();
  expect(kernel.accounting()).toMatchObject({ syncobjs: 1, syncobjFiles: 1, armed: 3 });
  copy.close();
  // Two never got a fence and went with the syncobj; the third hangs on the fence.
  expect(kernel.accounting()).toMatchObject({ syncobjs: 0, syncobjFiles: 0, armed: 1 });
  fence.signal();
  expect(native.eventfdRead(eventfd.fd)).toBe(1n);
  eventfd.close();
  file.close();
});

test('a syncobj descriptor keeps its meaning when passed over a socket', () => {
  kernel.addDevice();
  const device = open();
  const timeline = device.createTimeline();
  signal(device, timeline, 9n);
  const fd = device.exportTimelineFd(timeline);
  const [left, right] = native.socketPair().map((number) => new OwnedFd(number));
  native.sendmsg(left!.fd, Uint8Array.of(1), 0, 1, Int32Array.of(fd.fd), 1);
  fd.close();
  const fds = new Int32Array(254);
  native.recvmsg(right!.fd, new Uint8Array(1), 0, 1, fds);
  const received = new OwnedFd(fds[1]!);
  const points = new BigUint64Array(1);
  device.query(Uint32Array.of(device.importTimeline(received.fd)), points, 1, 'signalled');
  expect(points[0]).toBe(9n);
  for (const owned of [received, left!, right!]) owned.close();
  device.close();
});

test('many descriptors opened and closed do not pile up in the kernel', () => {
  kernel.addDevice();
  const device = open();
  const timeline = device.createTimeline();
  signal(device, timeline, 1n);
  const limit = native.getNofileLimit().soft;
  native.setNofileLimit(256);
  try {
    for (let round = 0; round < 1000; round++) fenceOf(device, timeline, 1n).close();
  } finally {
    native.setNofileLimit(limit);
  }
  expect(kernel.accounting().syncFiles).toBe(0);
  device.close();
});

test('a dma-buf is mappable memory that survives its device', () => {
  kernel.addDevice();
  const buffer = kernel.createDmabuf('sim:0', 8192);
  const mapping = native.mapShared(buffer.fd.fd, 8192, true, 0);
  new Uint8Array(mapping.bytes).fill(0xab);
  kernel.removeDevice('sim:0');
  clock.advanceBy(50n * MS);
  const again = native.mapShared(buffer.fd.fd, 8192, false, 0);
  expect(new Uint8Array(again.bytes)[8191]).toBe(0xab);
  expect(native.seekEnd(buffer.fd.fd)).toBe(8192);
  expect(code(() => native.ftruncate(buffer.fd.fd, 0))).toBe('EPERM');
  kernel.dmabufs.exportSyncFile(buffer.fd.fd, 'write').close();
  native.unmap(mapping.id);
  native.unmap(again.id);
  buffer.release();
});

test('what is no dma-buf or sync_file is refused', () => {
  const eventfd = new OwnedFd(native.eventfd(0));
  expect(code(() => kernel.dmabufs.exportSyncFile(eventfd.fd, 'read'))).toBe('ENOTTY');
  expect(code(() => kernel.syncFiles.info(eventfd.fd))).toBe('ENOTTY');
  expect(code(() => kernel.syncFiles.merge(eventfd.fd, eventfd.fd))).toBe('ENOTTY');
  eventfd.close();
});

test('a sync_file stays readable for every copy once it has signalled', () => {
  const fence = kernel.createFence();
  const file = fence.exportSyncFile();
  const copy = file.dup();
  expect(native.poll(copy.fd, POLLIN, 0) & POLLIN).toBe(0);
  fence.signal();
  for (const { fd } of [file, copy, file]) expect(native.poll(fd, POLLIN, 0)).toBe(POLLIN);
  const late = fence.exportSyncFile();
  expect(native.poll(late.fd, POLLIN, 0)).toBe(POLLIN);
  for (const owned of [file, copy, late]) owned.close();
});

test('a container and a /dev/syncobj stand beside the GPUs', () => {
  kernel.addDevice();
  kernel.addContainer();
  kernel.addSyncobjDevice();
  expect(kernel.listNodes().map(({ id, kind, driver }) => [id, kind, driver])).toEqual([
    ['sim:0', 'render', 'sim'],
    ['sim:container', 'render', 'rendersync'],
    ['sim:syncobj', 'syncobj', 'syncobj'],
  ]);
  const gpu = open('sim:0');
  const device = open('sim:syncobj');
  const fd = gpu.exportTimelineFd(gpu.createTimeline());
  const handle = device.importTimeline(fd.fd);
  fd.close();
  kernel.removeDevice('sim:0');
  const eventfd = new OwnedFd(native.eventfd(0));
  device.arm(handle, 1n, 'signalled', eventfd.fd);
  signal(device, handle, 1n);
  expect(native.eventfdRead(eventfd.fd)).toBe(1n);
  eventfd.close();
  gpu.close();
  device.close();
  clock.advanceBy(50n * MS);
});

test('a device without eventfds refuses to arm, one without syncobjs everything', () => {
  kernel.addDevice({ eventfd: false });
  kernel.addDevice({ syncobj: false });
  const old = open('sim:0');
  const vgem = open('sim:1');
  expect(code(() => old.arm(old.createTimeline(), 1n, 'signalled', 0))).toBe('EINVAL');
  expect(code(() => vgem.createTimeline())).toBe('EOPNOTSUPP');
  old.close();
  vgem.close();
});
