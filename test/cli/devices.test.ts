/** `syncline devices` on this machine, whatever it has. With GPUs, and --watch: test/kernel/guest/devices-command.guest.ts. */
import { expect, test } from 'vitest';
import { devicesCommand } from '../../cli/devices.ts';
import { takeInventory } from '../../devices/inventory.ts';
import { LinuxKernel } from '../../devices/linux/linux-kernel.ts';
import { Poller } from '../../native/poller.ts';
import { captureStdout } from '../support/captured-stdout.ts';

async function print(...args: string[]): Promise<string> {
  const stdout = captureStdout();
  try {
    await devicesCommand().parseAsync(args, { from: 'user' });
    return stdout.text();
  } finally {
    stdout.restore();
  }
}

test('--json lists what the inventory finds', async () => {
  const poller = new Poller();
  const kernel = new LinuxKernel({ poller });
  const entries = takeInventory(kernel);
  const printed = JSON.parse(await print('--json')) as { devices: { id: string }[] };
  expect(printed).toMatchObject({ schema: 1, kernel: kernel.description });
  expect(printed.devices.map(({ id }) => id)).toEqual(entries.map(({ node }) => node.id));
  kernel.dispose();
  poller.close();
});

test('for people it is a table, or a sentence', async () => {
  const printed = await print();
  expect(printed).toMatch(/explicit sync|no DRM render node/);
});
