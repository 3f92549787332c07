/** What fdinfo tells of a dma-buf (drivers/dma-buf/dma-buf.c: dma_buf_show_fdinfo). */
import { readFileSync } from 'node:fs';
import type { DeviceNode, DmabufOrigin } from '../sync-kernel.ts';

const EXPORTER = /^exp_name:\t(.+)$/m;

/**
 * The kernel names the exporting driver, not the device. With one device of that driver among `nodes` it is that one; with more
 * nothing is claimed. Never throws.
 */
export function dmabufOrigin(dmabufFd: number, nodes: readonly DeviceNode[]): DmabufOrigin {
  return originIn(readFdinfo(dmabufFd), nodes);
}

/** The same from the text of fdinfo. */
export function originIn(fdinfo: string, nodes: readonly DeviceNode[]): DmabufOrigin {
  const exporter = EXPORTER.exec(fdinfo)?.[1];
  const devices = new Set(
    nodes.filter(({ driver }) => driver === exporter?.replaceAll('-', '_')).map(({ id }) => id),
  );
  const [device] = devices;
  return { exporter, device: devices.size === 1 ? device : undefined };
}

function readFdinfo(fd: number): string {
  try {
    return readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1');
  } catch {
    return ''; // No /proc.
  }
}
