/**
 * A kernel that counts what its user holds and calls, and that can be out of descriptors for that user alone, the same way on
 * simulated and on real devices.
 */
import { systemError } from '../../native/errors.ts';
import type { OwnedFd } from '../../native/fd.ts';
import { EMFILE } from '../../native/errno.ts';
import type {
  DeviceNode,
  DmabufFences,
  HotplugSource,
  SyncFiles,
  SyncKernel,
} from '../../devices/sync-kernel.ts';
import type {
  ArmPhase,
  DeviceId,
  Point,
  QueryKind,
  SyncobjCapabilities,
  SyncobjDevice,
  SyncobjHandle,
} from '../../devices/syncobj-device.ts';

/** Ioctls of one export or import of a point where the kernel wants it transferred to a scratch syncobj first. */
const TRANSFER_IOCTLS = 2;

export class CountingKernel implements SyncKernel {
  readonly description: string;
  readonly syncFiles: SyncFiles;
  readonly dmabufs: DmabufFences;
  readonly hotplug: HotplugSource;
  readonly #kernel: SyncKernel;
  readonly #open = new Set<CountingDevice>();
  #ioctls = 0;
  /** Calls that would make a descriptor answer EMFILE. */
  outOfFds = false;

  constructor(kernel: SyncKernel) {
    this.#kernel = kernel;
    this.description = kernel.description;
    this.hotplug = kernel.hotplug;
    const count = (ioctls: number): void => {
      this.#ioctls += ioctls;
    };
    this.syncFiles = {
      info: (fd) => (count(1), kernel.syncFiles.info(fd)),
      end: (fd) => (count(1), kernel.syncFiles.end(fd)),
      merge: (first, second) => (count(1), this.#makesFd(), kernel.syncFiles.merge(first, second)),
      setDeadline: (fd, deadlineNs) => (count(1), kernel.syncFiles.setDeadline(fd, deadlineNs)),
    };
    this.dmabufs = {
      exportSyncFile: (fd, access) => (
        count(1),
        this.#makesFd(),
        kernel.dmabufs.exportSyncFile(fd, access)
      ),
      importSyncFile: (fd, syncFileFd, access) => (
        count(1),
        kernel.dmabufs.importSyncFile(fd, syncFileFd, access)
      ),
      ...(kernel.dmabufs.origin && { origin: kernel.dmabufs.origin.bind(kernel.dmabufs) }),
    };
  }

  /** Ioctls for explicit sync so far. */
  get ioctls(): number {
    return this.#ioctls;
  }

  /** Live syncobj handles on all devices still open. */
  get handles(): number {
    let handles = 0;
    for (const device of this.#open) handles += device.handles.size;
    return handles;
  }

  listNodes(): DeviceNode[] {
    return this.#kernel.listNodes();
  }

  openDevice(node: DeviceNode): SyncobjDevice {
    this.#makesFd();
    const device = new CountingDevice(this.#kernel.openDevice(node), {
      count: (ioctls) => (this.#ioctls += ioctls),
      makesFd: () => this.#makesFd(),
      closed: () => this.#open.delete(device),
    });
    this.#open.add(device);
    return device;
  }

  #makesFd(): void {
    if (this.outOfFds) throw systemError(EMFILE, 'ioctl', 'as the scenario wants it');
  }
}

/** What a device tells its kernel. */
interface DeviceObserver {
  count(ioctls: number): void;
  /** Before a call that makes a descriptor. Throws EMFILE. */
  makesFd(): void;
  closed(): void;
}

class CountingDevice implements SyncobjDevice {
  readonly id: DeviceId;
  readonly label: string;
  readonly capabilities: SyncobjCapabilities;
  readonly handles = new Set<SyncobjHandle>();
  readonly #device: SyncobjDevice;
  readonly #observer: DeviceObserver;
  readonly #pointIoctls: number;

  constructor(device: SyncobjDevice, observer: DeviceObserver) {
    this.#device = device;
    this.#observer = observer;
    this.id = device.id;
    this.label = device.label;
    this.capabilities = device.capabilities;
    this.#pointIoctls = device.capabilities.pointSyncFile === 'transfer' ? TRANSFER_IOCTLS : 1;
  }

  get lost(): boolean {
    return this.#device.lost;
  }

  importTimeline(syncobjFd: number): SyncobjHandle {
    this.#observer.count(1);
    return this.#hold(this.#device.importTimeline(syncobjFd));
  }

  createTimeline(): SyncobjHandle {
    this.#observer.count(1);
    return this.#hold(this.#device.createTimeline());
  }

  destroy(handle: SyncobjHandle): void {
    this.#observer.count(1);
    this.handles.delete(handle);
    this.#device.destroy(handle);
  }

  exportTimelineFd(handle: SyncobjHandle): OwnedFd {
    this.#observer.count(1);
    this.#observer.makesFd();
    return this.#device.exportTimelineFd(handle);
  }

  exportSyncFile(handle: SyncobjHandle, point: Point): OwnedFd | undefined {
    this.#observer.makesFd();
    const syncFile = this.#device.exportSyncFile(handle, point);
    // Where there is nothing to transfer, it ends there.
    this.#observer.count(syncFile ? this.#pointIoctls : 1);
    return syncFile;
  }

  importSyncFile(handle: SyncobjHandle, point: Point, syncFileFd: number): void {
    this.#observer.count(this.#pointIoctls);
    this.#device.importSyncFile(handle, point, syncFileFd);
  }

  arm(handle: SyncobjHandle, point: Point, phase: ArmPhase, eventfd: number): void {
    this.#observer.count(1);
    this.#device.arm(handle, point, phase, eventfd);
  }

  query(handles: Uint32Array, points: BigUint64Array, count: number, kind: QueryKind): void {
    this.#observer.count(1);
    this.#device.query(handles, points, count, kind);
  }

  signal(handles: Uint32Array, points: BigUint64Array, count: number): void {
    this.#observer.count(1);
    this.#device.signal(handles, points, count);
  }

  reset(handles: Uint32Array, count: number): void {
    this.#observer.count(1);
    this.#device.reset(handles, count);
  }

  signalBinary(handles: Uint32Array, count: number): void {
    this.#observer.count(1);
    this.#device.signalBinary(handles, count);
  }

  transfer(
    source: SyncobjHandle,
    sourcePoint: Point,
    target: SyncobjHandle,
    targetPoint: Point,
  ): void {
    this.#observer.count(1);
    this.#device.transfer(source, sourcePoint, target, targetPoint);
  }

  markLost(): void {
    this.#device.markLost();
  }

  close(): void {
    this.#observer.closed();
    this.#device.close();
  }

  #hold(handle: SyncobjHandle): SyncobjHandle {
    this.handles.add(handle);
    return handle;
  }
}
