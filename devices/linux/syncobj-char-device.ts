/**
 * /dev/syncobj, a device that hands out syncobjs no GPU stands behind. Not in mainline: the interface is that of the series
 * posted in May 2026. It works on descriptors, so a "handle" here is the number of one that we keep.
 */
import { native } from '../../native/binding.ts';
import { hasErrno, systemError } from '../../native/errors.ts';
import { OwnedFd } from '../../native/fd.ts';
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
import { QUERY_FLAGS_LAST_SUBMITTED, WAIT_FLAGS_WAIT_AVAILABLE } from './drm-uapi.ts';

/** See the file comment. */
export class SyncobjCharDevice implements SyncobjDevice {
  readonly id: DeviceId;
  readonly label: string;
  readonly capabilities: SyncobjCapabilities = {
    timeline: true,
    eventfd: true,
    pointSyncFile: 'direct',
    importless: true,
  };
  readonly #fd: OwnedFd;
  readonly #syncobjs = new Map<number, OwnedFd>();
  #lowestFree = 1;
  #batch = new Int32Array(16);
  #lost = false;

  /** Takes ownership of the open device file. */
  constructor(id: DeviceId, label: string, fd: OwnedFd) {
    this.id = id;
    this.label = label;
    this.#fd = fd;
  }

  get lost(): boolean {
    return this.#lost;
  }

  importTimeline(syncobjFd: number): SyncobjHandle {
    return this.#call('importTimeline', (fd) => {
      let copy: OwnedFd | undefined;
      try {
        copy = new OwnedFd(native.dup(syncobjFd));
        // There is no import to refuse a wrong descriptor, so ask it something.
        native.syncobjCharQuery(fd, Int32Array.of(copy.fd), new BigUint64Array(1), 1, 0);
      } catch (error) {
        copy?.close();
        if (!hasErrno(error, 'EBADF')) throw error;
        const detail = `${this.label}: fd ${syncobjFd} is no syncobj`;
        throw systemError(EINVAL, 'ioctl(SYNCOBJ_QUERY)', detail);
      }
      return this.#add(copy);
    });
  }

  createTimeline(): SyncobjHandle {
    return this.#call('createTimeline', (fd) =>
      this.#add(new OwnedFd(native.syncobjCharCreate(fd, 0))),
    );
  }

  destroy(handle: SyncobjHandle): void {
    if (this.#lost) return;
    const syncobj = this.#syncobjs.get(handle);
    if (!syncobj) throw systemError(EINVAL, 'close', `${this.label}: no handle ${handle}`);
    this.#syncobjs.delete(handle);
    if (handle < this.#lowestFree) this.#lowestFree = handle;
    syncobj.close();
  }

  exportTimelineFd(handle: SyncobjHandle): OwnedFd {
    return this.#call('exportTimelineFd', () => {
      const syncobj = this.#syncobjs.get(handle);
      // EINVAL as from a render node, where a missing handle is ENOENT everywhere but here and in destroy.
      if (!syncobj) throw systemError(EINVAL, 'dup', `${this.label}: no handle ${handle}`);
      return syncobj.dup();
    });
  }

  exportSyncFile(handle: SyncobjHandle, point: Point): OwnedFd | undefined {
    return this.#call('exportSyncFile', (fd) => {
      const syncobj = this.#fdOf(handle, 'exportSyncFile');
      try {
        return new OwnedFd(native.syncobjCharExportSyncFile(fd, syncobj, point));
      } catch (error) {
        if (hasErrno(error, 'EINVAL')) return undefined;
        throw error;
      }
    });
  }

  importSyncFile(handle: SyncobjHandle, point: Point, syncFileFd: number): void {
    this.#call('importSyncFile', (fd) => {
      const syncobj = this.#fdOf(handle, 'importSyncFile');
      native.syncobjCharImportSyncFile(fd, syncobj, point, syncFileFd);
    });
  }

  arm(handle: SyncobjHandle, point: Point, phase: ArmPhase, eventfd: number): void {
    const flags = phase === 'available' ? WAIT_FLAGS_WAIT_AVAILABLE : 0;
    this.#call('arm', (fd) =>
      native.syncobjCharEventfd(fd, this.#fdOf(handle, 'arm'), point, flags, eventfd),
    );
  }

  query(handles: Uint32Array, points: BigUint64Array, count: number, kind: QueryKind): void {
    const flags = kind === 'submitted' ? QUERY_FLAGS_LAST_SUBMITTED : 0;
    this.#call('query', (fd) =>
      native.syncobjCharQuery(fd, this.#fdsOf(handles, count, 'query'), points, count, flags),
    );
  }

  signal(handles: Uint32Array, points: BigUint64Array, count: number): void {
    this.#call('signal', (fd) =>
      native.syncobjCharSignal(fd, this.#fdsOf(handles, count, 'signal'), points, count),
    );
  }

  reset(handles: Uint32Array, count: number): void {
    this.#call('reset', (fd) =>
      native.syncobjCharReset(fd, this.#fdsOf(handles, count, 'reset'), count),
    );
  }

  signalBinary(): void {
    this.#call('signalBinary', () => {
      throw systemError(EOPNOTSUPP, 'ioctl(SYNCOBJ_SIGNAL)', `${this.label}: of points only`);
    });
  }

  transfer(
    source: SyncobjHandle,
    sourcePoint: Point,
    target: SyncobjHandle,
    targetPoint: Point,
  ): void {
    this.#call('transfer', (fd) => {
      const from = this.#fdOf(source, 'transfer');
      const to = this.#fdOf(target, 'transfer');
      native.syncobjCharTransfer(fd, from, sourcePoint, to, targetPoint, 0);
    });
  }

  markLost(): void {
    this.#lost = true;
  }

  close(): void {
    this.#lost = true;
    for (const syncobj of this.#syncobjs.values()) syncobj.close();
    this.#syncobjs.clear();
    this.#fd.close();
  }

  #add(syncobj: OwnedFd): SyncobjHandle {
    let handle = this.#lowestFree;
    while (this.#syncobjs.has(handle)) handle++;
    this.#lowestFree = handle + 1;
    this.#syncobjs.set(handle, syncobj);
    return handle as SyncobjHandle;
  }

  #fdOf(handle: number, operation: string): number {
    const syncobj = this.#syncobjs.get(handle);
    if (!syncobj) throw systemError(ENOENT, operation, `${this.label}: no handle ${handle}`);
    return syncobj.fd;
  }

  #fdsOf(handles: Uint32Array, count: number, operation: string): Int32Array {
    if (this.#batch.length < count) this.#batch = new Int32Array(2 * count);
    for (let index = 0; index < count; index++)
      this.#batch[index] = this.#fdOf(handles[index] ?? 0, operation);
    return this.#batch;
  }

  #call<T>(operation: string, body: (fd: number) => T): T {
    if (this.#lost) throw new DeviceLostError(this.id, this.label, operation);
    try {
      return body(this.#fd.fd);
    } catch (error) {
      if (!hasErrno(error, 'ENODEV')) throw error;
      this.#lost = true;
      throw new DeviceLostError(this.id, this.label, operation, error);
    }
  }
}
