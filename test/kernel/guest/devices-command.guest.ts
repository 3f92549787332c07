/** `syncline devices` with GPUs that come and go. */
import { chmodSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { devicesCommand } from '../../../cli/devices.ts';
import { listPciGpus, pciGpu, removeGpu, rescanGpus } from '../../../lab/kernel/gpus.ts';
import { captureStdout, type CapturedStdout } from '../../support/captured-stdout.ts';
import { skipWithout } from './our-modules.ts';

const ADDRESS = listPciGpus()[0]?.address ?? '';
const ID = `pci:${ADDRESS}`;
let stdout: CapturedStdout;

beforeEach(() => {
  stdout = captureStdout();
});

afterEach(() => {
  stdout.restore();
  rescanGpus();
});

interface Line {
  readonly type: string;
  readonly id?: string;
  readonly usable?: boolean;
  readonly devices?: readonly { readonly id: string; readonly usable: boolean }[];
}

function lines(): Line[] {
  return stdout
    .text()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

async function until(condition: () => boolean): Promise<void> {
  for (let waitedMs = 0; !condition(); waitedMs += 10) {
    if (waitedMs > 20_000) throw new Error(`did not come about within 20 s: ${stdout.text()}`);
    await sleep(10);
  }
}

test('the table says of each node whether explicit sync can work through it', async (context) => {
  skipWithout(context, 'syncobjdev');
  await devicesCommand().parseAsync([], { from: 'user' });
  const row = (driver: string): string | undefined =>
    stdout
      .text()
      .split('\n')
      .find((line) => line.includes(driver));
  expect(row(ID)).toMatch(/virtio_gpu .*yes/);
  expect(row('vgem')).toMatch(/no: its driver has no timeline syncobjs/);
  expect(row('/dev/syncobj')).toMatch(/yes, without import/);
});

test('--watch --json tells a removal and a return, a line each, until interrupted', async () => {
  const done = devicesCommand().parseAsync(['--watch', '--json'], { from: 'user' });
  await until(() => lines().length === 1);
  expect(lines()[0]).toMatchObject({ type: 'list', schema: 1 });
  expect(lines()[0]?.devices?.find(({ id }) => id === ID)?.usable).toBe(true);
  removeGpu(ADDRESS);
  await until(() => lines().length === 2);
  rescanGpus();
  await until(() => lines().length === 3);
  expect(lines().slice(1)).toMatchObject([
    { type: 'removed', id: ID },
    { type: 'added', id: ID, usable: true },
  ]);
  process.emit('SIGINT');
  await done;
});

test('--watch tells that permissions have changed, which no uevent does', async () => {
  const done = devicesCommand().parseAsync(['--watch', '--json'], { from: 'user' });
  await until(() => lines().length === 1);
  const { render } = pciGpu(ADDRESS) ?? { render: '' };
  chmodSync(render, 0o600);
  await until(() => lines().length === 2);
  expect(lines()[1]).toMatchObject({ type: 'changed', id: ID, usable: true });
  process.emit('SIGINT');
  await done;
});
