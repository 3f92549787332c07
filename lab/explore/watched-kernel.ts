/** The kernel as the compositor under test sees it: faults and races are put in here, and signals of points are noticed. */
import { native } from '../../native/binding.ts';
import { systemError } from '../../native/errors.ts';
import type { OwnedFd } from '../../native/fd.ts';
import { EMFILE, ENOMEM } from '../../native/errno.ts';
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
import type { SimOperation } from '../../devices/simulated/sim-calls.ts';

const ERRNO: Readonly<Record<'ENOMEM' | 'EMFILE', number>> = { ENOMEM, EMFILE };

export type FaultCode = keyof typeof ERRNO;

/** What happens around the compositor's calls. */
export interface KernelWatcher {
  /** A point of a syncobj (named by the identity of its file) was signalled by the compositor. */
  signalled(syncobj: bigint, point: Point): void;
  around(phase: 'before' | 'after', operation: SimOperation): void;
  /** The fault this call is to have. */
  fault(operation: SimOperation): FaultCode | undefined;
}

export class WatchedKernel implements SyncKernel {
  readonly description: string;
  readonly syncFiles: SyncFiles;
  readonly dmabufs: DmabufFences;
  readonly hotplug: HotplugSource;
  readonly #kernel: SyncKernel;
  readonly #watcher: KernelWatcher;

  constructor(kernel: SyncKernel, watcher: KernelWatcher) {
    this.#kernel = kernel;
    this.#watcher = watcher;
    this.description = kernel.description;
    this.syncFiles = kernel.syncFiles;
    this.dmabufs = kernel.dmabufs;
    this.hotplug = kernel.hotplug;
  }

  listNodes(): DeviceNode[] {
    return this.#kernel.listNodes();
  }

  openDevice(node: DeviceNode): SyncobjDevice {
    return new WatchedDevice(this.#kernel.openDevice(node), this.#watcher);
  }
}

class WatchedDevice implements SyncobjDevice {
  readonly id: DeviceId;
  readonly label: string;
  readonly capabilities: SyncobjCapabilities;
  readonly #device: SyncobjDevice;
  readonly #watcher: KernelWatcher;
  readonly #identities = new Map<SyncobjHandle, bigint>();

  constructor(device: SyncobjDevice, watcher: KernelWatcher) {
    this.#device = device;
    this.#watcher = watcher;
    this.id = device.id;
    this.label = device.label;
    this.capabilities = device.capabilities;
  }

  get lost(): boolean {
    return this.#device.lost;
  }

  importTimeline(syncobjFd: number): SyncobjHandle {
    return this.#call('importTimeline', () => {
      const handle = this.#device.importTimeline(syncobjFd);
      this.#identities.set(handle, native.fileIdentity(syncobjFd));
      return handle;
    });
  }

  createTimeline(): SyncobjHandle {
    return this.#call('createTimeline', () => this.#device.createTimeline());
  }

  destroy(handle: SyncobjHandle): void {
    this.#call('destroy', () => this.#device.destroy(handle));
    this.#identities.delete(handle);
  }

  exportTimelineFd(handle: SyncobjHandle): OwnedFd {
    return this.#call('exportTimelineFd', () => this.#device.exportTimelineFd(handle));
  }

  exportSyncFile(handle: SyncobjHandle, point: Point): OwnedFd | undefined {
    return this.#call('exportSyncFile', () => this.#device.exportSyncFile(handle, point));
  }

  importSyncFile(handle: SyncobjHandle, point: Point, syncFileFd: number): void {
    this.#call('importSyncFile', () => {
      this.#device.importSyncFile(handle, point, syncFileFd);
      this.#signalled(handle, point);
    });
  }

  arm(handle: SyncobjHandle, point: Point, phase: ArmPhase, eventfd: number): void {
    this.#call('arm', () => this.#device.arm(handle, point, phase, eventfd));
  }

  query(handles: Uint32Array, points: BigUint64Array, count: number, kind: QueryKind): void {
    this.#call('query', () => this.#device.query(handles, points, count, kind));
  }

  signal(handles: Uint32Array, points: BigUint64Array, count: number): void {
    this.#call('signal', () => {
      this.#device.signal(handles, points, count);
      for (let index = 0; index < count; index++) {
        this.#signalled((handles[index] ?? 0) as SyncobjHandle, points[index] ?? 0n);
      }
    });
  }

  reset(handles: Uint32Array, count: number): void {
    this.#call('reset', () => this.#device.reset(handles, count));
  }

  signalBinary(handles: Uint32Array, count: number): void {
    this.#call('signalBinary', () => this.#device.signalBinary(handles, count));
  }

  transfer(
    source: SyncobjHandle,
    sourcePoint: Point,
    target: SyncobjHandle,
    targetPoint: Point,
  ): void {
    this.#call('transfer', () => this.#device.transfer(source, sourcePoint, target, targetPoint));
  }

  markLost(): void {
    this.#device.markLost();
  }

  close(): void {
    this.#identities.clear();
    this.#device.close();
  }

  #call<T>(operation: SimOperation, call: () => T): T {
    this.#watcher.around('before', operation);
    const code = this.#device.lost ? undefined : this.#watcher.fault(operation);
    if (code !== undefined) {
      throw systemError(ERRNO[code], operation, `${this.label}: injected fault`);
    }
    const result = call();
    this.#watcher.around('after', operation);
    return result;
  }

  #signalled(handle: SyncobjHandle, point: Point): void {
    const identity = this.#identities.get(handle);
    if (identity !== undefined) this.#watcher.signalled(identity, point);
  }
}
