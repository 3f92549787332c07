/**
 * `syncline/devices`: GPUs that can hold timelines, real and simulated, and their coming and going.
 *
 * The entry of the package; code inside it imports the files themselves.
 */
export { DeviceRegistry } from './registry.ts';
export type { DeviceProblem, DeviceRegistryOptions } from './registry.ts';
export { inspectNode, takeInventory } from './inventory.ts';
export type { InventoryEntry } from './inventory.ts';
export { DeviceLostError } from './syncobj-device.ts';
export type {
  ArmPhase,
  DeviceId,
  Point,
  QueryKind,
  SyncobjCapabilities,
  SyncobjDevice,
  SyncobjHandle,
} from './syncobj-device.ts';
export type {
  DeviceNode,
  DmabufFences,
  DmabufOrigin,
  FenceInfo,
  HotplugEvent,
  HotplugSource,
  SyncFileEnd,
  SyncFileInfo,
  SyncFiles,
  SyncKernel,
} from './sync-kernel.ts';
export { LinuxKernel } from './linux/linux-kernel.ts';
export { parseUevent } from './linux/uevent.ts';
export type { Uevent } from './linux/uevent.ts';
export { SimulatedKernel } from './simulated/simulated-kernel.ts';
export type { SimAccounting, SimRemoval } from './simulated/simulated-kernel.ts';
export type { PendingOnRemoval, SimDeviceOptions } from './simulated/sim-device.ts';
export type { SimCall, SimFault, SimOperation } from './simulated/sim-calls.ts';
export type { SimDmabuf } from './simulated/sim-dmabufs.ts';
export { RemoteKernel } from './simulated/remote-kernel.ts';
export type { RemoteFence, RemoteKernelOptions } from './simulated/remote-kernel.ts';
export { SimServer } from './simulated/sim-server.ts';
export { SimFence } from './simulated/sim-fence.ts';
export { ManualClock, SystemClock } from '../native/clock.ts';
export type { Clock, Timer } from '../native/clock.ts';
export { OwnedFd } from '../native/fd.ts';
export { Poller } from '../native/poller.ts';
export type { Watch } from '../native/poller.ts';
