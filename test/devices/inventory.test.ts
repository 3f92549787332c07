import { expect, test } from 'vitest';
import { ManualClock } from '../../native/clock.ts';
import { takeInventory } from '../../devices/inventory.ts';
import { SimulatedKernel } from '../../devices/simulated/simulated-kernel.ts';

test('the inventory says of each node whether it is usable, and why not', () => {
  const clock = new ManualClock();
  const kernel = new SimulatedKernel(clock);
  kernel.addDevice();
  kernel.addDevice({ syncobj: false });
  kernel.addDevice({ eventfd: false });
  kernel.addDevice({ accessible: false });
  kernel.addDevice();
  kernel.removeDevice('sim:4');
  const entries = takeInventory(kernel);
  expect(entries.map(({ node, usable, reason }) => [node.id, usable, reason])).toEqual([
    ['sim:4', false, 'cannot be opened (ENODEV)'],
    ['sim:0', true, undefined],
    ['sim:1', false, 'its driver has no timeline syncobjs'],
    ['sim:2', false, 'no DRM_IOCTL_SYNCOBJ_EVENTFD (Linux 6.6 or later has it)'],
    ['sim:3', false, 'cannot be opened (EACCES)'],
  ]);
  expect(kernel.accounting().openDeviceFiles).toBe(0);
  kernel.dispose();
});
