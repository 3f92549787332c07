/** What each node can do for explicit sync, for people and tools to look at. */
import { isSystemError } from '../native/errors.ts';
import type { DeviceNode, SyncKernel } from './sync-kernel.ts';
import { DeviceLostError, type SyncobjCapabilities } from './syncobj-device.ts';

/** One node. `usable`: explicit sync can work through it; else `reason` says why not. */
export interface InventoryEntry {
  readonly node: DeviceNode;
  readonly usable: boolean;
  /** Undefined when it is usable. */
  readonly reason: string | undefined;
  /** Undefined when it could not be opened. */
  readonly capabilities: SyncobjCapabilities | undefined;
}

/** Looks at all nodes present. Each is opened for a moment. */
export function takeInventory(kernel: SyncKernel): InventoryEntry[] {
  return kernel.listNodes().map((node) => inspectNode(kernel, node));
}

/** Looks at one node. Never throws: what went wrong is the entry's reason. */
export function inspectNode(kernel: SyncKernel, node: DeviceNode): InventoryEntry {
  try {
    const device = kernel.openDevice(node);
    const { capabilities } = device;
    device.close();
    const reason = missing(capabilities);
    return { node, usable: reason === undefined, reason, capabilities };
  } catch (error) {
    return { node, usable: false, reason: describe(error), capabilities: undefined };
  }
}

function missing({ timeline, eventfd }: SyncobjCapabilities): string | undefined {
  if (!timeline) return 'its driver has no timeline syncobjs';
  if (!eventfd) return 'no DRM_IOCTL_SYNCOBJ_EVENTFD (Linux 6.6 or later has it)';
  return undefined;
}

function describe(error: unknown): string {
  if (error instanceof DeviceLostError) return 'it is being removed (ENODEV)';
  if (isSystemError(error)) return `cannot be opened (${error.code})`;
  return error instanceof Error ? error.message : String(error);
}
