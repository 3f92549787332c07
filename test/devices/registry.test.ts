/** The registry over a simulated kernel: each race between ioctls, events and handlers. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../native/clock.ts';
import { DeviceRegistry, type DeviceProblem } from '../../devices/registry.ts';
import type { HotplugEvent, SyncKernel } from '../../devices/sync-kernel.ts';
import type { SyncobjDevice } from '../../devices/syncobj-device.ts';
import { SimulatedKernel } from '../../devices/simulated/simulated-kernel.ts';

const MS = 1_000_000n;

let clock: ManualClock;
let kernel: SimulatedKernel;
let registry: DeviceRegistry | undefined;
let problems: DeviceProblem[];
let emitted: string[];

beforeEach(() => {
  clock = new ManualClock();
  kernel = new SimulatedKernel(clock);
  problems = [];
  emitted = [];
});

afterEach(() => {
  registry?.dispose();
  registry = undefined;
  checkNothingIsLeft();
});

function checkNothingIsLeft(): void {
  const { openDeviceFiles } = kernel.accounting();
  kernel.dispose();
  expect(openDeviceFiles).toBe(0);
  expect(clock.pendingTimers).toBe(0);
}

/** A registry whose emissions are noted as "sim:0/renderD128 sim:1/renderD129". */
function start(over: SyncKernel = kernel): DeviceRegistry {
  registry = new DeviceRegistry({
    kernel: over,
    clock,
    onProblem: (problem) => problems.push(problem),
  });
  registry.devices$.subscribe({
    next: (devices) => emitted.push(devices.map(({ label }) => label).join(' ')),
    complete: () => emitted.push('complete'),
  });
  return registry;
}

function first(devices: readonly SyncobjDevice[]): SyncobjDevice {
  const [device] = devices;
  if (!device) throw new Error('there is no device');
  return device;
}

test('devices that are there, in order', () => {
  kernel.addDevice();
  kernel.addDevice();
  start();
  expect(emitted).toEqual(['sim:0/renderD128 sim:1/renderD129']);
});

test('a device found by listing and then announced is opened once', () => {
  kernel.addDevice({ ueventDelayNs: 5n * MS });
  start();
  clock.advanceBy(10n * MS);
  expect(emitted).toEqual(['sim:0/renderD128']);
  expect(kernel.accounting().openDeviceFiles).toBe(1);
});

test('a device that comes between listening and listing is not missed', () => {
  const racing: SyncKernel = {
    description: kernel.description,
    syncFiles: kernel.syncFiles,
    dmabufs: kernel.dmabufs,
    hotplug: {
      listen: (onEvent: (event: HotplugEvent) => void) => {
        const stop = kernel.hotplug.listen(onEvent);
        kernel.addDevice({ ueventDelayNs: 0n });
        clock.advanceBy(1n);
        return stop;
      },
    },
    listNodes: () => kernel.listNodes(),
    openDevice: (node) => kernel.openDevice(node),
  };
  start(racing);
  expect(emitted).toEqual(['sim:0/renderD128']);
  expect(kernel.accounting().openDeviceFiles).toBe(1);
});

test('a removal by event', () => {
  kernel.addDevice();
  kernel.addDevice();
  clock.advanceBy(50n * MS);
  const { devices } = start();
  kernel.removeDevice('sim:0');
  clock.advanceBy(24n * MS);
  expect(emitted).toHaveLength(1);
  clock.advanceBy(2n * MS);
  expect(emitted.slice(1)).toEqual(['sim:1/renderD129']);
  expect(first(devices).lost).toBe(true);
});

test('ENODEV comes first, the event changes nothing more', () => {
  kernel.addDevice();
  const current = start();
  const device = first(current.devices);
  kernel.removeDevice('sim:0');
  expect(() => device.createTimeline()).toThrow(/gone/);
  current.reportLost(device);
  expect(emitted).toEqual(['sim:0/renderD128', '']);
  current.reportLost(device);
  clock.advanceBy(30n * MS);
  expect(emitted).toHaveLength(2);
});

test('a device is closed after the handlers saw it go', () => {
  kernel.addDevice();
  clock.advanceBy(50n * MS);
  const current = start();
  const open: number[] = [];
  current.devices$.subscribe(() => open.push(kernel.accounting().openDeviceFiles));
  kernel.removeDevice('sim:0');
  clock.advanceBy(30n * MS);
  expect(open).toEqual([1, 1]);
  expect(kernel.accounting().openDeviceFiles).toBe(0);
});

test('the same device comes back as a new one, under a new minor while the old is held', () => {
  kernel.addDevice();
  const held = kernel.openDevice(kernel.listNodes()[0]!);
  const current = start();
  const before = first(current.devices);
  kernel.removeDevice('sim:0');
  kernel.addDevice({ id: 'sim:0' });
  clock.advanceBy(100n * MS);
  expect(emitted).toEqual(['sim:0/renderD128', '', 'sim:0/renderD129']);
  const after = first(current.devices);
  expect(after.id).toBe(before.id);
  expect([before.lost, after.lost]).toEqual([true, false]);
  held.close();
});

test('re-added before its removal was announced, with the lost one already closed', () => {
  kernel.addDevice();
  const current = start();
  kernel.removeDevice('sim:0');
  current.reportLost(first(current.devices));
  kernel.addDevice({ id: 'sim:0', ueventDelayNs: 0n });
  clock.advanceBy(100n * MS);
  // The old node had not vanished yet, so the minor is another one; events stay in order.
  expect(emitted).toEqual(['sim:0/renderD128', '', 'sim:0/renderD129']);
});

test('a device re-added whose removal nobody announced replaces the old one', () => {
  const events: ((event: HotplugEvent) => void)[] = [];
  kernel.addDevice();
  const silent: SyncKernel = {
    description: kernel.description,
    syncFiles: kernel.syncFiles,
    dmabufs: kernel.dmabufs,
    hotplug: { listen: (onEvent) => (events.push(onEvent), (): void => {}) },
    listNodes: () => kernel.listNodes(),
    openDevice: (node) => kernel.openDevice(node),
  };
  const current = start(silent);
  const before = first(current.devices);
  kernel.removeDevice('sim:0');
  kernel.addDevice({ id: 'sim:0' });
  const node = kernel.listNodes().at(-1)!;
  for (const onEvent of events) onEvent({ type: 'added', node });
  clock.advanceBy(100n * MS);
  expect(emitted).toEqual(['sim:0/renderD128', '', 'sim:0/renderD129']);
  expect(before.lost).toBe(true);
});

test('no device at all, then one', () => {
  start();
  expect(emitted).toEqual(['']);
  kernel.addDevice();
  clock.advanceBy(100n * MS);
  expect(emitted).toEqual(['', 'sim:0/renderD128']);
});

test('devices without timelines or eventfds are left out, and not opened again and again', () => {
  kernel.addDevice({ syncobj: false });
  kernel.addDevice({ timeline: false });
  kernel.addDevice({ eventfd: false });
  kernel.addDevice();
  start();
  clock.advanceBy(1000n * MS);
  expect(emitted).toEqual(['sim:3/renderD131']);
  expect(problems).toEqual([]);
});

test('a changed node is looked at again', () => {
  kernel.addDevice({ accessible: false });
  start();
  clock.advanceBy(60_000n * MS);
  expect(emitted).toEqual(['']);
  kernel.setAccess('sim:0', true);
  clock.advanceBy(10n * MS);
  expect(emitted).toEqual(['', 'sim:0/renderD128']);
});

describe('a node that cannot be opened', () => {
  test('is tried again until it can: permissions come later', () => {
    kernel.addDevice({ accessible: false });
    start();
    kernel.hotplug.dispose();
    kernel.setAccess('sim:0', true);
    clock.advanceBy(11n * MS);
    expect(emitted).toEqual(['', 'sim:0/renderD128']);
    expect(
      problems.map(({ error, retrying }) => [(error as { code: string }).code, retrying]),
    ).toEqual([['EACCES', true]]);
  });

  test('is tried again until it can: the node comes after its event', () => {
    start();
    kernel.addDevice({ openableAfterNs: 300n * MS, ueventDelayNs: 1n * MS });
    clock.advanceBy(400n * MS);
    expect(emitted).toEqual(['']);
    clock.advanceBy(1000n * MS);
    expect(emitted).toEqual(['', 'sim:0/renderD128']);
    expect(problems.every(({ retrying }) => retrying)).toBe(true);
  });

  test('is given up after a few attempts', () => {
    kernel.addDevice({ accessible: false });
    clock.advanceBy(50n * MS);
    start();
    clock.advanceBy(60_000n * MS);
    expect(problems.map(({ retrying }) => retrying)).toEqual([
      true,
      true,
      true,
      true,
      true,
      true,
      false,
    ]);
    expect(clock.pendingTimers).toBe(0);
  });

  test('is forgotten when it goes', () => {
    kernel.addDevice({ accessible: false });
    clock.advanceBy(50n * MS);
    start();
    kernel.removeDevice('sim:0');
    clock.advanceBy(60_000n * MS);
    expect(emitted).toEqual(['']);
    // At once and after 10 ms; the next would have been at 50, the removal's event came at 25.
    expect(problems).toHaveLength(2);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('re-entrance', () => {
  test('a loss reported by a handler is emitted after it, to all subscribers in one order', () => {
    kernel.addDevice();
    kernel.addDevice();
    const current = start();
    const seen: string[] = [];
    let inHandler = 0;
    const note = (name: string) => (devices: readonly SyncobjDevice[]) => {
      expect(++inHandler).toBe(1);
      seen.push(`${name}${devices.length}`);
      if (name === 'a' && devices.length === 1) current.reportLost(first(devices));
      inHandler--;
    };
    current.devices$.subscribe(note('a'));
    current.devices$.subscribe(note('b'));
    kernel.removeDevice('sim:0');
    kernel.removeDevice('sim:1');
    current.reportLost(first(current.devices));
    expect(seen).toEqual(['a2', 'b2', 'a1', 'b1', 'a0', 'b0']);
  });

  test('disposed by a handler', () => {
    kernel.addDevice();
    const current = start();
    current.devices$.subscribe((devices) => {
      if (devices.length === 0) current.dispose();
    });
    kernel.removeDevice('sim:0');
    clock.advanceBy(100n * MS);
    expect(emitted).toEqual(['sim:0/renderD128', '', 'complete']);
    kernel.addDevice();
    clock.advanceBy(100n * MS);
    expect(emitted).toHaveLength(3);
  });
});

test('a lost device of somebody else is ignored', () => {
  kernel.addDevice();
  const current = start();
  const foreign = kernel.openDevice(kernel.listNodes()[0]!);
  current.reportLost(foreign);
  expect(emitted).toHaveLength(1);
  foreign.close();
});

test('disposing closes the devices, completes, and may be repeated', () => {
  kernel.addDevice();
  const current = start();
  const device = first(current.devices);
  current.dispose();
  current.dispose();
  expect(device.lost).toBe(true);
  expect(emitted).toEqual(['sim:0/renderD128', 'complete']);
  clock.advanceBy(100n * MS);
});
