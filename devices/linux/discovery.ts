/** Which nodes there are, read from sysfs. Nothing is opened: opening a primary node could make us its master. */
import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { DeviceNode } from '../sync-kernel.ts';
import { deviceIdOf } from './device-id.ts';

/** Where to look. Tests use folders of their own. */
export interface SystemPaths {
  readonly sys: string;
  readonly dev: string;
}

export const SYSTEM_PATHS: SystemPaths = { sys: '/sys', dev: '/dev' };

const RENDER_NODE = /^renderD\d+$/;
const VIRTIO_CHILD = /^virtio\d+$/;
const MINOR_BITS = 20n;
const LOW_MINOR_BITS = 8n;

/**
 * All render nodes and /dev/syncobj, ordered by device. Primary nodes are left out: every driver with syncobjs also has a render
 * node.
 */
export function listNodes(paths: SystemPaths): DeviceNode[] {
  const nodes = namesIn(join(paths.sys, 'class/drm'))
    .filter((name) => RENDER_NODE.test(name))
    .map((name) => describeNode(paths, `dri/${name}`));
  nodes.push(describeNode(paths, 'syncobj'));
  return nodes
    .filter((node) => node !== undefined)
    .sort((a, b) => (a.id === b.id ? compare(a.path, b.path) : compare(a.id, b.id)));
}

/** The node of a DEVNAME ("dri/renderD128", "syncobj"); undefined when it is none of ours or has gone. */
export function describeNode(paths: SystemPaths, devname: string): DeviceNode | undefined {
  const name = basename(devname);
  const kind = RENDER_NODE.test(name) ? 'render' : name === 'syncobj' ? 'syncobj' : undefined;
  if (!kind) return undefined;
  const folder = join(paths.sys, kind === 'render' ? 'class/drm' : 'class/misc', name);
  try {
    const devpath = realpathSync(folder).slice(realpathSync(paths.sys).length);
    return {
      id: deviceIdOf(devpath),
      path: join(paths.dev, kind === 'render' ? 'dri' : '.', name),
      driver: kind === 'syncobj' ? 'syncobj' : driverOf(folder),
      kind,
      rdev: parseDevice(readFileSync(join(folder, 'dev'), 'latin1')),
    };
  } catch {
    // It went while we looked (ENOENT), which the removal's uevent will say too.
    return undefined;
  }
}

/** Whether udevd runs: it then announces nodes a second time, once their permissions are set. */
export function udevRuns(): boolean {
  return existsSync('/run/udev/control');
}

/**
 * "virtio_gpu". A virtio GPU's nodes belong to its transport ("virtio-pci"), the GPU driver is bound to the child. A device without
 * a bound driver (a module's own platform device) is named after itself.
 */
function driverOf(folder: string): string {
  const device = join(folder, 'device');
  const own = boundDriver(device);
  const child = own?.startsWith('virtio_')
    ? namesIn(device).find((name) => VIRTIO_CHILD.test(name))
    : undefined;
  const bound = child === undefined ? own : (boundDriver(join(device, child)) ?? own);
  // Devices of the faux bus (vgem since Linux 6.15) all have the same driver, which says nothing.
  const driver = bound === 'faux_driver' ? undefined : bound;
  return driver ?? basename(realpathSync(device)).replace(/\.\d+$/, '');
}

function boundDriver(device: string): string | undefined {
  try {
    return basename(readlinkSync(join(device, 'driver'))).replaceAll('-', '_');
  } catch {
    return undefined;
  }
}

/** "226:128" as dev_t (include/linux/kdev_t.h: new_encode_dev, as stat(2) tells it). */
function parseDevice(text: string): bigint {
  const [major = 0n, minor = 0n] = text.trim().split(':').map(BigInt);
  const low = minor & ((1n << LOW_MINOR_BITS) - 1n);
  const high = minor >> LOW_MINOR_BITS;
  return low | (major << LOW_MINOR_BITS) | (high << MINOR_BITS);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
