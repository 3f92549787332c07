/** The VM's GPUs from inside: which there are, pulling one out, putting it back. Needs root and real sysfs. */
import { constants, existsSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

const PCI = '/sys/bus/pci';
/** Never creates: a missing attribute is ENOENT. */
const WRITE_ONLY = { flag: constants.O_WRONLY };

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
  writeFileSync(join(PCI, 'devices', address, 'remove'), '1', WRITE_ONLY);
}

/** The same on a thread: the event loop goes on while the kernel takes the device apart. */
export async function removeGpuMeanwhile(address: string): Promise<void> {
  await writeFile(join(PCI, 'devices', address, 'remove'), '1', WRITE_ONLY);
}

/** Plugs everything in again that was pulled out; when it returns, drivers are bound and device nodes are there. */
export function rescanGpus(): void {
  writeFileSync(join(PCI, 'rescan'), '1', WRITE_ONLY);
}
