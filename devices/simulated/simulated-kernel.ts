/**
 * A kernel with GPUs that come and go, inside this process: syncobjs, fences, sync_files, dma-bufs and hot-plug with the
 * behaviour measured of Linux 6.12 and 7.3, in the time of an injected clock.
 *
 * It is a {@link SyncKernel} like the real one, and a control surface for tests: devices are added and removed, fences end as
 * told, faults are injected, and everything that is open is counted.
 */
import type { Clock } from '../../native/clock.ts';
import { systemError } from '../../native/errors.ts';
import { Poller } from '../../native/poller.ts';
import { EACCES, EEXIST, ENODEV, ENOENT } from '../../native/errno.ts';
import type { DeviceNode, SyncKernel } from '../sync-kernel.ts';
import type { DeviceId, Point, SyncobjDevice, SyncobjHandle } from '../syncobj-device.ts';
import { SingleFence } from './dma-fence.ts';
import { HeldEventfds } from './held-eventfds.ts';
import { SimCalls, type SimCall, type SimFault } from './sim-calls.ts';
import { SimDeviceFile, type SimKernelParts } from './sim-device-file.ts';
import { SimDevice, type PendingOnRemoval, type SimDeviceOptions } from './sim-device.ts';
import { SimDmabufs, type SimDmabuf } from './sim-dmabufs.ts';
import { SimFence } from './sim-fence.ts';
import { SimSyncFiles } from './sim-sync-files.ts';
import { SimSyncobjFiles } from './sim-syncobj-files.ts';
import { SimUevents } from './sim-uevents.ts';

/** What the simulated kernel holds at the moment. All zero (but `ioctls` and `devices`) when everybody has cleaned up. */
export interface SimAccounting {
  /** Devices that are present. */
  readonly devices: number;
  readonly openDeviceFiles: number;
  /** Live handles of each open device file, in order of opening. */
  readonly handles: readonly { readonly label: string; readonly count: number }[];
  readonly syncobjs: number;
  readonly syncobjFiles: number;
  readonly syncFiles: number;
  /** Armed eventfds that have neither fired nor been dropped. */
  readonly armed: number;
  readonly dmabufs: number;
  /** Descriptors this kernel keeps open in the process for itself: subtract them from the process's own count. */
  readonly kernelFds: number;
  /** Ioctls so far, by name. */
  readonly ioctls: Readonly<Record<string, number>>;
}

/** How a device goes. */
export interface SimRemoval {
  /** From the first ENODEV to the uevent. Default 25 ms, as measured. */
  readonly ueventDelayNs?: bigint;
  /** Instead of what the device was added with. */
  readonly pendingFences?: PendingOnRemoval;
  /** Runs at once, after the device's ioctls began to answer ENODEV and its fences ended. */
  readonly onGone?: () => void;
  /** Runs when the uevent is due, before it is delivered. */
  readonly beforeUevent?: () => void;
  /** Runs after the uevent was delivered. */
  readonly afterUevent?: () => void;
}

const REMOVE_UEVENT_DELAY_NS = 25_000_000n;
const ADD_UEVENT_DELAY_NS = 35_000_000n;
const CHANGE_UEVENT_DELAY_NS = 1_000_000n;
const FIRST_RENDER_MINOR = 128;
const POLLER_BATCH = 256;

/** See the file comment. Everything it has handed out must be closed by its owners; {@link dispose} closes its own. */
export class SimulatedKernel implements SyncKernel {
  readonly description = 'simulated';
  readonly syncFiles: SimSyncFiles;
  readonly dmabufs: SimDmabufs;
  readonly hotplug: SimUevents;
  readonly #clock: Clock;
  readonly #poller = new Poller();
  readonly #calls = new SimCalls();
  readonly #parts: SimKernelParts;
  /** Present devices by id, in the order of addition. */
  readonly #devices = new Map<string, SimDevice>();
  /** Removed devices whose node has not vanished yet, or that somebody has open. */
  readonly #leaving = new Set<SimDevice>();

  constructor(clock: Clock) {
    const bootNs = clock.nowNs();
    const gate = (ioctl: string): void => this.#calls.count(ioctl);
    this.#clock = clock;
    this.syncFiles = new SimSyncFiles(this.#poller, gate);
    this.dmabufs = new SimDmabufs(this.syncFiles, gate, bootNs);
    this.hotplug = new SimUevents(clock);
    this.#parts = {
      calls: this.#calls,
      syncobjs: new SimSyncobjFiles(this.#poller, bootNs),
      syncFiles: this.syncFiles,
      eventfds: new HeldEventfds(),
    };
  }

  // --- the kernel, as products use it ----------------------------------------------------------------

  listNodes(): DeviceNode[] {
    const nowNs = this.#clock.nowNs();
    return [...this.#leavingDevices(), ...this.#devices.values()]
      .filter((device) => !device.vanished)
      .filter((device) => device.openableAtNs <= nowNs)
      .map((device) => device.node);
  }

  openDevice(node: DeviceNode): SyncobjDevice {
    const device = this.#deviceAt(node);
    if (!device || device.openableAtNs > this.#clock.nowNs())
      throw systemError(ENOENT, 'open', node.path);
    if (device.gone) throw systemError(ENODEV, 'open', node.path);
    if (!device.accessible) throw systemError(EACCES, 'open', node.path);
    return new SimDeviceFile(device, this.#parts);
  }

  // --- devices -----------------------------------------------------------------------------------------

  /** Adds a device: usable at once (or after `openableAfterNs`), announced by a uevent. SystemError EEXIST: it is there. */
  addDevice(options: SimDeviceOptions = {}): DeviceId {
    const id = (options.id ?? this.#nextId()) as DeviceId;
    if (this.#devices.has(id)) throw systemError(EEXIST, 'addDevice', id);
    const device = new SimDevice(id, this.#nextMinor(), this.#clock.nowNs(), options);
    this.#devices.set(id, device);
    this.hotplug.send(
      { type: 'added', node: device.node },
      options.ueventDelayNs ?? ADD_UEVENT_DELAY_NS,
      {},
    );
    return id;
  }

  /** Adds a syncobj-only render node that no GPU stands behind (as the rendersync module makes). */
  addContainer(options: SimDeviceOptions = {}): DeviceId {
    return this.addDevice({ id: 'sim:container', driver: 'rendersync', ...options });
  }

  /** Adds a device that acts like /dev/syncobj: handles are descriptors, nothing needs an import. */
  addSyncobjDevice(options: SimDeviceOptions = {}): DeviceId {
    return this.addDevice({ id: 'sim:syncobj', kind: 'syncobj', ...options });
  }

  /**
   * Removes a device as Linux does: at once every ioctl of its open files answers ENODEV and its pending fences end; the uevent
   * and the vanishing of the node come later. SystemError ENOENT: no such device.
   */
  removeDevice(id: string, removal: SimRemoval = {}): void {
    const device = this.#present(id);
    this.#devices.delete(id);
    this.#leaving.add(device);
    device.gone = true;
    this.#endPending(device, removal.pendingFences ?? device.pendingOnRemoval);
    removal.onGone?.();
    this.hotplug.send(
      { type: 'removed', id: device.id, path: device.node.path },
      removal.ueventDelayNs ?? REMOVE_UEVENT_DELAY_NS,
      {
        before: () => {
          removal.beforeUevent?.();
          device.vanished = true;
        },
        ...(removal.afterUevent && { after: removal.afterUevent }),
      },
    );
  }

  /** Changes who may open a node: EACCES while not allowed. Announced as 'changed'. */
  setAccess(id: string, accessible: boolean): void {
    const device = this.#present(id);
    device.accessible = accessible;
    this.hotplug.send({ type: 'changed', node: device.node }, CHANGE_UEVENT_DELAY_NS, {});
  }

  // --- drivers: fences and buffers ---------------------------------------------------------------------

  /** A pending fence. With a device it is that device's, and ends at its removal as the device's driver ends them. */
  createFence(options: { deviceId?: string } = {}): SimFence {
    const device = options.deviceId === undefined ? undefined : this.#present(options.deviceId);
    const fence = new SingleFence();
    device?.pendingFences.add(fence);
    const end = (errno: number): boolean => {
      device?.pendingFences.delete(fence);
      return fence.signal(errno, this.#clock.nowNs());
    };
    return new SimFence(fence, device?.id, end, () => this.syncFiles.create(fence));
  }

  /**
   * Puts a fence on a point, as a driver does for a job submitted through `device`. Point 0: as on a binary syncobj.
   * DeviceLostError; SystemError ENOENT: no such handle.
   */
  submit(device: SyncobjDevice, handle: SyncobjHandle, point: Point, fence: SimFence): void {
    if (!(device instanceof SimDeviceFile))
      throw new TypeError(`${device.label} is not simulated here`);
    const syncobj = device.syncobjOf(handle);
    this.#calls.count('SUBMIT');
    if (point === 0n) syncobj.replaceFence(fence.fence);
    else syncobj.addPoint(fence.fence, point);
  }

  /** A linear buffer of a device, owned by the caller. SystemError ENOENT: no such device; EMFILE. */
  createDmabuf(id: string, sizeBytes: number): SimDmabuf {
    const device = this.#present(id);
    return this.dmabufs.create(device.id, device.minor, sizeBytes);
  }

  // --- observation and interference ----------------------------------------------------------------------

  /** Calls back around every device call, synchronously: the way to act between two of them. Returns its remover. */
  intercept(callback: (call: SimCall) => void): () => void {
    return this.#calls.intercept(callback);
  }

  /** Lets calls fail. Returns the remover of the fault. */
  injectFault(fault: SimFault): () => void {
    return this.#calls.inject(fault);
  }

  /** Ioctls so far, all devices together. */
  get ioctlCount(): number {
    return this.#calls.total;
  }

  /** Counts what is open, after noticing which descriptors were closed. */
  accounting(): SimAccounting {
    this.reap();
    const files = [...this.#devices.values(), ...this.#leavingDevices()].flatMap((device) => [
      ...device.files,
    ]);
    const { syncobjs, eventfds } = this.#parts;
    return {
      devices: this.#devices.size,
      openDeviceFiles: files.length,
      handles: files.map((file) => ({ label: file.label, count: file.handleCount })),
      syncobjs: syncobjs.live,
      syncobjFiles: syncobjs.files,
      syncFiles: this.syncFiles.size,
      armed: eventfds.holds,
      dmabufs: this.dmabufs.size,
      kernelFds: 1 + syncobjs.files + this.syncFiles.size + eventfds.descriptors,
      ioctls: this.#calls.counts(),
    };
  }

  /** Notices which descriptors have no copy left, and frees what they referred to. Happens by itself now and then. */
  reap(): void {
    while (this.#poller.dispatch(0) >= POLLER_BATCH);
  }

  /** Closes the kernel's own descriptors and forgets its timers. Idempotent. */
  dispose(): void {
    for (const device of [...this.#devices.values(), ...this.#leaving])
      for (const file of device.files) file.close();
    this.hotplug.dispose();
    this.syncFiles.dispose();
    this.dmabufs.dispose();
    this.#parts.syncobjs.dispose();
    this.#parts.eventfds.dispose();
    this.#poller.close();
  }

  #present(id: string): SimDevice {
    const device = this.#devices.get(id);
    if (!device) throw systemError(ENOENT, 'device', id);
    return device;
  }

  #deviceAt(node: DeviceNode): SimDevice | undefined {
    return [...this.#devices.values(), ...this.#leaving].find(
      (device) => device.node.path === node.path && !device.vanished,
    );
  }

  /** Removed devices that still have a node or an open file; the others are forgotten here. */
  #leavingDevices(): SimDevice[] {
    for (const device of this.#leaving)
      if (device.vanished && device.files.size === 0) this.#leaving.delete(device);
    return [...this.#leaving];
  }

  #endPending(device: SimDevice, how: PendingOnRemoval): void {
    const fences = [...device.pendingFences];
    device.pendingFences.clear();
    if (how === 'leave') return;
    const nowNs = this.#clock.nowNs();
    for (const fence of fences) fence.signal(how === 'fail' ? ENODEV : 0, nowNs);
  }

  #nextId(): string {
    let number = 0;
    while (this.#devices.has(`sim:${number}`)) number++;
    return `sim:${number}`;
  }

  /** The lowest minor that nothing of any device, present or gone, still uses. */
  #nextMinor(): number {
    const used = new Set<number>();
    for (const device of [...this.#devices.values(), ...this.#leavingDevices()])
      used.add(device.minor);
    let minor = FIRST_RENDER_MINOR;
    while (used.has(minor) || this.dmabufs.holdsMinor(minor)) minor++;
    return minor;
  }
}
