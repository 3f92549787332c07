/** The VM's GPUs from inside: which there are, pulling one out, putting it back. Needs root and real sysfs. */
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readlinkSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';

const PCI = '/sys/bus/pci';

export interface PciGpu {
  /** PCI address, "0000:00:05.0": the same before and after a re-plug, unlike the nodes. */
  readonly address: string;
  /** The PCI driver, "virtio-pci". */
  readonly driver: string;
  /** "/dev/dri/card0" */
  readonly card: string;
  /** "/dev/dri/renderD128" */
  readonly render: string;
}

/** GPUs that are plugged in and have a driver, in order of their addresses. */
export function listPciGpus(): PciGpu[] {
  return readdirSync(join(PCI, 'devices'))
    .toSorted()
    .map(pciGpu)
    .filter((gpu) => gpu !== undefined);
}

/** The GPU at an address, or undefined while it is unplugged. */
export function pciGpu(address: string): PciGpu | undefined {
  const folder = join(PCI, 'devices', address);
  const nodes = existsSync(join(folder, 'drm')) ? readdirSync(join(folder, 'drm')) : [];
  const card = nodes.find((name) => name.startsWith('card'));
  const render = nodes.find((name) => name.startsWith('renderD'));
  if (card === undefined || render === undefined) return undefined;
  const driver = basename(readlinkSync(join(folder, 'driver')));
  return { address, driver, card: `/dev/dri/${card}`, render: `/dev/dri/${render}` };
}

/**
 * Pulls a GPU out; returns when the kernel is done with it (100 to 200 ms here). Its uevents are then queued, not yet read:
 * code that runs next, before the event loop does, sees the time between removal and uevent.
 * SystemError ENOENT when it is not plugged in.
 */
export function removeGpu(address: string): void {
  trigger(join(PCI, 'devices', address, 'remove'));
}

/** The same on a thread: the event loop goes on while the kernel takes the device apart. */
export async function removeGpuMeanwhile(address: string): Promise<void> {
  const attribute = await open(join(PCI, 'devices', address, 'remove'), constants.O_WRONLY);
  try {
    await attribute.write('1');
  } finally {
    await attribute.close();
  }
}

/** Plugs everything in again that was pulled out; when it returns, drivers are bound and device nodes are there. */
export function rescanGpus(): void {
  trigger(join(PCI, 'rescan'));
}

/** These attributes are write-only, also for root: opening one for reading as well is EACCES. A missing one is ENOENT. */
function trigger(attribute: string): void {
  const fd = openSync(attribute, constants.O_WRONLY);
  try {
    writeSync(fd, '1');
  } finally {
    closeSync(fd);
  }
}
