/** GPUs pulled out and plugged in, as the registry and the hot-plug source see it. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { takeInventory } from '../../../devices/inventory.ts';
import { LinuxKernel } from '../../../devices/linux/linux-kernel.ts';
import { DeviceRegistry } from '../../../devices/registry.ts';
import type { SyncobjDevice } from '../../../devices/syncobj-device.ts';
import { listPciGpus, removeGpu, rescanGpus } from '../../../lab/kernel/gpus.ts';
import { native } from '../../../native/binding.ts';
import { SystemClock } from '../../../native/clock.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { Poller } from '../../../native/poller.ts';
import { fenceOf } from '../../support/fence-of.ts';
import { skipWithout } from './our-modules.ts';

const UDEV_GROUP = 2;
const UDEV_CONTROL = '/run/udev/control';
const ADDRESS = listPciGpus()[0]?.address ?? '';
const ID = `pci:${ADDRESS}`;

let poller: Poller;
let kernel: LinuxKernel;
let registry: DeviceRegistry | undefined;

beforeEach(() => {
  poller = new Poller();
  poller.start({ ref: false });
  kernel = new LinuxKernel({ poller });
});

afterEach(() => {
  registry?.dispose();
  registry = undefined;
  kernel.dispose();
  poller.close();
  rescanGpus();
});

function gpu(devices: readonly SyncobjDevice[]): SyncobjDevice | undefined {
  return devices.find(({ id }) => id === ID);
}

async function until(condition: () => boolean): Promise<void> {
  for (let waitedMs = 0; !condition(); waitedMs += 10) {
    if (waitedMs > 20_000) throw new Error('did not come about within 20 s');
    await sleep(10);
  }
}

test('what the guest has: virtio GPUs, rendersync and /dev/syncobj are usable, vgem is not', (context) => {
  skipWithout(context, 'rendersync', 'syncobjdev');
  const entries = takeInventory(kernel);
  const usable = new Map(entries.map(({ node, usable: is }) => [node.driver, is]));
  expect(Object.fromEntries(usable)).toEqual({
    virtio_gpu: true,
    rendersync: true,
    syncobj: true,
    vgem: false,
  });
  expect(entries.map(({ node }) => node.id)).toContain(ID);
});

test('ENODEV is there before the event, and each removal is told once', async () => {
  const seen: number[] = [];
  registry = new DeviceRegistry({ kernel, clock: new SystemClock() });
  registry.devices$.subscribe((devices) => seen.push(devices.length));
  const [all = 0] = seen;
  const before = gpu(registry.devices);
  expect(before?.lost).toBe(false);
  removeGpu(ADDRESS);
  // The events are queued and not read yet; the ioctl knows already.
  expect(() => before?.createTimeline()).toThrowError(
    expect.objectContaining({ code: 'XSYNC_DEVICE_LOST' }),
  );
  expect(seen).toEqual([all]);
  if (before) registry.reportLost(before);
  expect(seen).toEqual([all, all - 1]);
  await sleep(200);
  expect(seen).toEqual([all, all - 1]);

  rescanGpus();
  await until(() => gpu(registry?.devices ?? []) !== undefined);
  expect(seen).toEqual([all, all - 1, all]);
  const after = gpu(registry.devices);
  expect(after).not.toBe(before);
  expect(after?.createTimeline()).toBeGreaterThan(0);
});

test('a removal nobody noticed is told by the event', async () => {
  registry = new DeviceRegistry({ kernel, clock: new SystemClock() });
  const before = gpu(registry.devices);
  removeGpu(ADDRESS);
  expect(before?.lost).toBe(false);
  await until(() => before?.lost === true);
  expect(gpu(registry.devices)).toBeUndefined();
});

test('a device that is pulled and back before anybody looked is a new one', async () => {
  const held = new OwnedFd(native.open(listPciGpus()[0]?.render ?? '', 2, 0));
  registry = new DeviceRegistry({ kernel, clock: new SystemClock() });
  const before = gpu(registry.devices);
  removeGpu(ADDRESS);
  rescanGpus();
  await until(() => before?.lost === true && gpu(registry?.devices ?? []) !== undefined);
  const after = gpu(registry.devices);
  expect(after?.id).toBe(before?.id);
  // The minor is not reused while the old device is held open.
  expect(after?.label).not.toBe(before?.label);
  held.close();
});

test('running out of descriptors is no loss of the device', () => {
  registry = new DeviceRegistry({ kernel, clock: new SystemClock() });
  const device = gpu(registry.devices);
  const timeline = device?.createTimeline();
  if (!device || timeline === undefined) throw new Error('there is no GPU');
  device.signal(Uint32Array.of(timeline), BigUint64Array.of(3n), 1);
  const { soft } = native.getNofileLimit();
  const held: OwnedFd[] = [];
  native.setNofileLimit(64);
  try {
    expect(() => {
      for (;;) held.push(device.exportTimelineFd(timeline));
    }).toThrowError(expect.objectContaining({ code: 'EMFILE' }));
    expect(() => device.exportSyncFile(timeline, 3n)).toThrowError(
      expect.objectContaining({ code: 'EMFILE' }),
    );
    const [fd] = held;
    // What takes no descriptor goes on.
    expect(device.importTimeline(fd?.fd ?? -1)).toBeGreaterThan(0);
  } finally {
    native.setNofileLimit(soft);
    for (const fd of held) fd.close();
  }
  expect(device.lost).toBe(false);
  fenceOf(device, timeline, 3n).close();
});

test("udevd's own announcement counts where udevd runs", async () => {
  mkdirSync('/run/udev', { recursive: true });
  writeFileSync(UDEV_CONTROL, '');
  const events: string[] = [];
  const stop = kernel.hotplug.listen((event) =>
    events.push(`${event.type} ${event.type === 'removed' ? event.id : event.node.id}`),
  );
  const sender = new OwnedFd(native.ueventSocket(0));
  try {
    removeGpu(ADDRESS);
    rescanGpus();
    // The kernel's additions are not announced here: udevd will do so when the node is set up.
    await until(() => events.length > 0);
    await sleep(200);
    expect(events).toEqual([`removed ${ID}`]);
    const [added] = listPciGpus();
    const name = added?.render.slice('/dev/'.length) ?? '';
    native.ueventSend(sender.fd, udevDatagram(name), UDEV_GROUP);
    await until(() => events.length > 1);
    expect(events).toEqual([`removed ${ID}`, `added ${ID}`]);
  } finally {
    stop();
    sender.close();
    rmSync(UDEV_CONTROL);
  }
});

function udevDatagram(devname: string): Uint8Array {
  const properties = `ACTION=add\0DEVPATH=/devices/x/drm/${devname.slice(4)}\0SUBSYSTEM=drm\0DEVNAME=${devname}\0`;
  const header = Buffer.alloc(40);
  header.write('libudev\0', 'latin1');
  header.writeUInt32BE(0xfeedcafe, 8);
  header.writeUInt32LE(40, 12);
  header.writeUInt32LE(40, 16);
  header.writeUInt32LE(properties.length, 20);
  return Buffer.concat([header, Buffer.from(properties, 'latin1')]);
}
