/** A device of the simulated kernel as one process has it open: the port, with a handle table of its own. */
import { systemError } from '../../native/errors.ts';
import type { OwnedFd } from '../../native/fd.ts';
import { EINVAL, ENOENT, EOPNOTSUPP } from '../../native/errno.ts';
import {
  DeviceLostError,
  type ArmPhase,
  type DeviceId,
  type Point,
  type QueryKind,
  type SyncobjCapabilities,
  type SyncobjDevice,
  type SyncobjHandle,
} from '../syncobj-device.ts';
import { mergeFences, type DmaFence } from './dma-fence.ts';
import type { HeldEventfds } from './held-eventfds.ts';
import type { SimCalls, SimOperation } from './sim-calls.ts';
import type { SimDevice } from './sim-device.ts';
import type { SimSyncFiles } from './sim-sync-files.ts';
import type { SimSyncobj } from './sim-syncobj.ts';
import type { SimSyncobjFiles } from './sim-syncobj-files.ts';

/** The parts of the kernel a device file works with. */
export interface SimKernelParts {
  readonly calls: SimCalls;
  readonly syncobjs: SimSyncobjFiles;
  readonly syncFiles: SimSyncFiles;
  readonly eventfds: HeldEventfds;
}

interface HandleEntry {
  readonly syncobj: SimSyncobj;
  /** On an importless device a handle is a descriptor. */
  readonly fd: OwnedFd | undefined;
}

/** See the file comment. */
export class SimDeviceFile implements SyncobjDevice {
  readonly id: DeviceId;
  readonly label: string;
  readonly capabilities: SyncobjCapabilities;
  readonly #device: SimDevice;
  readonly #parts: SimKernelParts;
  readonly #handles = new Map<number, HandleEntry>();
  #lowestFree = 1;
  #lost = false;
  #closed = false;

  constructor(device: SimDevice, parts: SimKernelParts) {
    this.id = device.id;
    this.label = device.node.path;
    this.capabilities = device.capabilities;
    this.#device = device;
    this.#parts = parts;
    device.files.add(this);
  }

  get lost(): boolean {
    return this.#lost;
  }

  /** Live handles. */
  get handleCount(): number {
    return this.#handles.size;
  }

  importTimeline(syncobjFd: number): SyncobjHandle {
    return this.#call('importTimeline', ['SYNCOBJ_FD_TO_HANDLE'], () => {
      const syncobj = this.#parts.syncobjs.find(syncobjFd);
      if (!syncobj) throw this.#error(EINVAL, 'FD_TO_HANDLE', `fd ${syncobjFd} is no syncobj`);
      return this.#add(
        syncobj,
        this.#isImportless ? this.#parts.syncobjs.dup(syncobjFd) : undefined,
      );
    });
  }

  createTimeline(): SyncobjHandle {
    return this.#call('createTimeline', ['SYNCOBJ_CREATE'], () => {
      const syncobj = this.#parts.syncobjs.create();
      try {
        return this.#add(
          syncobj,
          this.#isImportless ? this.#parts.syncobjs.open(syncobj) : undefined,
        );
      } finally {
        syncobj.letGo();
      }
    });
  }

  destroy(handle: SyncobjHandle): void {
    if (this.#lost) return;
    try {
      this.#call('destroy', this.#isImportless ? [] : ['SYNCOBJ_DESTROY'], () => {
        const entry = this.#handles.get(handle);
        if (!entry) throw this.#error(EINVAL, 'DESTROY', `no handle ${handle}`);
        this.#handles.delete(handle);
        if (handle < this.#lowestFree) this.#lowestFree = handle;
        this.#letGo(entry);
      });
    } catch (error) {
      if (!(error instanceof DeviceLostError)) throw error;
    }
  }

  exportTimelineFd(handle: SyncobjHandle): OwnedFd {
    const ioctls = this.#isImportless ? [] : ['SYNCOBJ_HANDLE_TO_FD'];
    return this.#call('exportTimelineFd', ioctls, () => {
      const entry = this.#handles.get(handle);
      // Unlike its siblings this ioctl, and DESTROY, calls a missing handle EINVAL.
      if (!entry) throw this.#error(EINVAL, 'HANDLE_TO_FD', `no handle ${handle}`);
      return entry.fd ? entry.fd.dup() : this.#parts.syncobjs.open(entry.syncobj);
    });
  }

  exportSyncFile(handle: SyncobjHandle, point: Point): OwnedFd | undefined {
    const transferred = this.capabilities.pointSyncFile === 'transfer' && point !== 0n;
    const ioctls = transferred
      ? ['SYNCOBJ_TRANSFER', 'SYNCOBJ_HANDLE_TO_FD']
      : ['SYNCOBJ_HANDLE_TO_FD'];
    return this.#call('exportSyncFile', ioctls, () => {
      const fence = this.#find(handle, 'HANDLE_TO_FD').syncobj.find(point);
      return fence && this.#parts.syncFiles.create(fence);
    });
  }

  importSyncFile(handle: SyncobjHandle, point: Point, syncFileFd: number): void {
    const transferred = this.capabilities.pointSyncFile === 'transfer' && point !== 0n;
    const ioctls = transferred
      ? ['SYNCOBJ_FD_TO_HANDLE', 'SYNCOBJ_TRANSFER']
      : ['SYNCOBJ_FD_TO_HANDLE'];
    this.#call('importSyncFile', ioctls, () => {
      const fence = this.#parts.syncFiles.fenceOf(syncFileFd, 'SYNCOBJ_FD_TO_HANDLE');
      const { syncobj } = this.#find(handle, 'FD_TO_HANDLE');
      if (point === 0n) syncobj.replaceFence(fence);
      else if (transferred) syncobj.addPoint(mergeFences(fence), point);
      else syncobj.addFence(fence, point);
    });
  }

  arm(handle: SyncobjHandle, point: Point, phase: ArmPhase, eventfd: number): void {
    this.#call('arm', ['SYNCOBJ_EVENTFD'], () => {
      if (!this.capabilities.eventfd)
        throw this.#error(EINVAL, 'EVENTFD', 'unknown ioctl before Linux 6.6');
      const { syncobj } = this.#find(handle, 'EVENTFD');
      syncobj.arm(point, phase, this.#parts.eventfds.hold(eventfd));
    });
  }

  query(handles: Uint32Array, points: BigUint64Array, count: number, kind: QueryKind): void {
    this.#call('query', ['SYNCOBJ_QUERY'], () => {
      const syncobjs = this.#findAll(handles, count, 'QUERY');
      syncobjs.forEach((syncobj, index) => (points[index] = syncobj.query(kind)));
    });
  }

  signal(handles: Uint32Array, points: BigUint64Array, count: number): void {
    this.#call('signal', ['SYNCOBJ_TIMELINE_SIGNAL'], () => {
      const syncobjs = this.#findAll(handles, count, 'TIMELINE_SIGNAL');
      syncobjs.forEach((syncobj, index) => syncobj.signal(points[index] ?? 0n));
    });
  }

  reset(handles: Uint32Array, count: number): void {
    this.#call('reset', ['SYNCOBJ_RESET'], () => {
      for (const syncobj of this.#findAll(handles, count, 'RESET')) syncobj.reset();
    });
  }

  signalBinary(handles: Uint32Array, count: number): void {
    this.#call('signalBinary', ['SYNCOBJ_SIGNAL'], () => {
      if (this.#isImportless) throw this.#error(EOPNOTSUPP, 'SIGNAL', 'of points only');
      for (const syncobj of this.#findAll(handles, count, 'SIGNAL')) syncobj.signalBinary();
    });
  }

  transfer(
    source: SyncobjHandle,
    sourcePoint: Point,
    target: SyncobjHandle,
    targetPoint: Point,
  ): void {
    this.#call('transfer', ['SYNCOBJ_TRANSFER'], () => {
      const { syncobj } = this.#find(target, 'TRANSFER');
      const fence = this.#fenceOf(source, sourcePoint, 'TRANSFER');
      if (targetPoint === 0n) syncobj.replaceFence(fence);
      else syncobj.addPoint(mergeFences(fence), targetPoint);
    });
  }

  markLost(): void {
    this.#lost = true;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#lost = true;
    this.#device.files.delete(this);
    for (const entry of this.#handles.values()) this.#letGo(entry);
    this.#handles.clear();
  }

  /** The syncobj behind a handle, for the simulated driver. DeviceLostError, SystemError ENOENT. */
  syncobjOf(handle: SyncobjHandle): SimSyncobj {
    this.#checkAlive('submit');
    return this.#find(handle, 'submit').syncobj;
  }

  get #isImportless(): boolean {
    return this.capabilities.importless;
  }

  /** Gate, counting, hooks and faults around one call. */
  #call<T>(operation: SimOperation, ioctls: readonly string[], body: () => T): T {
    const { calls } = this.#parts;
    calls.announce('before', operation, this);
    for (const ioctl of ioctls) calls.count(ioctl);
    this.#checkAlive(operation);
    calls.check(operation, this);
    if (!this.#device.supportsSyncobj) throw this.#error(EOPNOTSUPP, operation, '');
    const result = body();
    calls.announce('after', operation, this);
    return result;
  }

  #checkAlive(operation: string): void {
    if (!this.#lost && !this.#device.gone) return;
    this.#lost = true;
    throw new DeviceLostError(this.id, this.label, operation);
  }

  #add(syncobj: SimSyncobj, fd: OwnedFd | undefined): SyncobjHandle {
    let handle = this.#lowestFree;
    while (this.#handles.has(handle)) handle++;
    this.#lowestFree = handle + 1;
    this.#handles.set(handle, { syncobj: syncobj.hold(), fd });
    return handle as SyncobjHandle;
  }

  #letGo({ syncobj, fd }: HandleEntry): void {
    fd?.close();
    syncobj.letGo();
  }

  #find(handle: number, ioctl: string): HandleEntry {
    const entry = this.#handles.get(handle);
    if (!entry) throw this.#error(ENOENT, ioctl, `no handle ${handle}`);
    return entry;
  }

  #findAll(handles: Uint32Array, count: number, ioctl: string): SimSyncobj[] {
    if (count === 0) throw this.#error(EINVAL, ioctl, 'no handles');
    const syncobjs: SimSyncobj[] = [];
    for (let index = 0; index < count; index++)
      syncobjs.push(this.#find(handles[index] ?? 0, ioctl).syncobj);
    return syncobjs;
  }

  #fenceOf(handle: SyncobjHandle, point: Point, ioctl: string): DmaFence {
    const fence = this.#find(handle, ioctl).syncobj.find(point);
    if (!fence) throw this.#error(EINVAL, ioctl, `point ${point} is not submitted`);
    return fence;
  }

  #error(errno: number, ioctl: string, detail: string): Error {
    return systemError(errno, `ioctl(SYNCOBJ_${ioctl})`, `${this.label}: ${detail}`);
  }
}
