/** A DRM render node: the port over the syncobj ioctls (drivers/gpu/drm/drm_syncobj.c). */
import { native } from '../../native/binding.ts';
import { EINVAL, ENODEV } from '../../native/errno.ts';
import { hasErrno, systemError } from '../../native/errors.ts';
import { OwnedFd } from '../../native/fd.ts';
import type { SyncFileEnd } from '../sync-kernel.ts';
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
import {
  DRM_CAP_SYNCOBJ,
  DRM_CAP_SYNCOBJ_TIMELINE,
  FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE,
  FD_TO_HANDLE_FLAGS_TIMELINE,
  HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE,
  HANDLE_TO_FD_FLAGS_TIMELINE,
  QUERY_FLAGS_LAST_SUBMITTED,
  WAIT_FLAGS_WAIT_AVAILABLE,
} from './drm-uapi.ts';
import { PointFenceCall } from './point-fence.ts';

const NO_HANDLE = 0;
const NO_FD = -1;

/** See the file comment. Every ENODEV means that the device is gone: none of these ioctls answers it otherwise. */
export class DrmDevice implements SyncobjDevice {
  readonly id: DeviceId;
  readonly label: string;
  readonly capabilities: SyncobjCapabilities;
  readonly #fd: OwnedFd;
  readonly #fences = new PointFenceCall();
  #lost = false;
  /** Where points are transferred to on their way to a sync_file and back, where the kernel has no direct way. */
  #scratch: SyncobjHandle | undefined;

  /** Takes ownership of the node's descriptor and probes it. DeviceLostError when it goes meanwhile; then the fd is closed. */
  constructor(id: DeviceId, label: string, fd: OwnedFd) {
    this.id = id;
    this.label = label;
    this.#fd = fd;
    try {
      this.capabilities = this.#call('probe', () => probe(fd.fd));
    } catch (error) {
      fd.close();
      throw error;
    }
  }

  get lost(): boolean {
    return this.#lost;
  }

  importTimeline(syncobjFd: number): SyncobjHandle {
    return this.#call(
      'importTimeline',
      (fd) => native.syncobjFdToHandle(fd, syncobjFd, 0, NO_HANDLE, 0n) as SyncobjHandle,
    );
  }

  createTimeline(): SyncobjHandle {
    return this.#call('createTimeline', (fd) => native.syncobjCreate(fd, 0) as SyncobjHandle);
  }

  destroy(handle: SyncobjHandle): void {
    if (this.#lost) return;
    try {
      this.#call('destroy', (fd) => native.syncobjDestroy(fd, handle));
    } catch (error) {
      if (!(error instanceof DeviceLostError)) throw error;
    }
  }

  exportTimelineFd(handle: SyncobjHandle): OwnedFd {
    return this.#call(
      'exportTimelineFd',
      (fd) => new OwnedFd(native.syncobjHandleToFd(fd, handle, 0, 0n)),
    );
  }

  exportSyncFile(handle: SyncobjHandle, point: Point): OwnedFd | undefined {
    if (!this.#ask('exportSyncFile', handle, point, false)) return undefined;
    return this.#fences.syncFile;
  }

  takeFence(handle: SyncobjHandle, point: Point): SyncFileEnd | OwnedFd | undefined {
    if (!this.#ask('takeFence', handle, point, true)) return undefined;
    return this.#fences.end ?? this.#fences.syncFile;
  }

  importSyncFile(handle: SyncobjHandle, point: Point, syncFileFd: number): void {
    this.#call('importSyncFile', (fd) => {
      if (point === 0n) {
        native.syncobjFdToHandle(fd, syncFileFd, FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE, handle, 0n);
        return;
      }
      if (this.capabilities.pointSyncFile === 'direct') {
        const flags = FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE | FD_TO_HANDLE_FLAGS_TIMELINE;
        native.syncobjFdToHandle(fd, syncFileFd, flags, handle, point);
        return;
      }
      const scratch = this.#scratchHandle(fd);
      native.syncobjFdToHandle(fd, syncFileFd, FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE, scratch, 0n);
      native.syncobjTransfer(fd, scratch, 0n, handle, point, 0);
    });
  }

  arm(handle: SyncobjHandle, point: Point, phase: ArmPhase, eventfd: number): void {
    const flags = phase === 'available' ? WAIT_FLAGS_WAIT_AVAILABLE : 0;
    this.#call('arm', (fd) => native.syncobjEventfd(fd, handle, point, flags, eventfd));
  }

  query(handles: Uint32Array, points: BigUint64Array, count: number, kind: QueryKind): void {
    const flags = kind === 'submitted' ? QUERY_FLAGS_LAST_SUBMITTED : 0;
    this.#call('query', (fd) =>
      native.syncobjQuery(fd, memoryOf(handles), memoryOf(points), count, flags),
    );
  }

  signal(handles: Uint32Array, points: BigUint64Array, count: number): void {
    this.#call('signal', (fd) =>
      native.syncobjTimelineSignal(fd, memoryOf(handles), memoryOf(points), count),
    );
  }

  reset(handles: Uint32Array, count: number): void {
    this.#call('reset', (fd) => native.syncobjReset(fd, handles, count));
  }

  signalBinary(handles: Uint32Array, count: number): void {
    this.#call('signalBinary', (fd) => native.syncobjSignal(fd, handles, count));
  }

  transfer(
    source: SyncobjHandle,
    sourcePoint: Point,
    target: SyncobjHandle,
    targetPoint: Point,
  ): void {
    // Never with WAIT_FOR_SUBMIT: that blocks in the kernel for five seconds.
    this.#call('transfer', (fd) =>
      native.syncobjTransfer(fd, source, sourcePoint, target, targetPoint, 0),
    );
  }

  markLost(): void {
    this.#lost = true;
  }

  close(): void {
    this.#lost = true;
    this.#fd.close();
  }

  /** Keeps one syncobj for transfers: its last fence stays referenced, which costs nothing but that. */
  #scratchHandle(fd: number): SyncobjHandle {
    this.#scratch ??= native.syncobjCreate(fd, 0) as SyncobjHandle;
    return this.#scratch;
  }

  /** Whether the point has a fence; then `#fences` has it. Without closures: each commit with an acquire point comes by here. */
  #ask(operation: string, handle: SyncobjHandle, point: Point, look: boolean): boolean {
    if (this.#lost) throw new DeviceLostError(this.id, this.label, operation);
    const errno = this.#fences.ask(this.#fd.fd, handle, point, this.#scratchOf(operation), look);
    if (errno === 0) return true;
    if (errno === EINVAL) return false;
    const error = systemError(errno, this.#fences.failedSyscall, this.label);
    if (errno !== ENODEV) throw error;
    this.#lost = true;
    throw new DeviceLostError(this.id, this.label, operation, error);
  }

  #scratchOf(operation: string): number {
    if (this.capabilities.pointSyncFile === 'direct') return NO_HANDLE;
    return this.#scratch ?? this.#call(operation, (fd) => this.#scratchHandle(fd));
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

/** An array's whole buffer, which the addon finds sooner, or the array when it is a part of one. */
function memoryOf<T extends Uint32Array | BigUint64Array>(array: T): ArrayBuffer | T {
  return array.byteOffset === 0 && array.buffer instanceof ArrayBuffer ? array.buffer : array;
}

/** What the node can do. Nothing is created: handle 0 never exists, and *which* error it meets tells. */
function probe(fd: number): SyncobjCapabilities {
  const syncobj = native.drmGetCap(fd, DRM_CAP_SYNCOBJ) !== 0n;
  const timeline = syncobj && native.drmGetCap(fd, DRM_CAP_SYNCOBJ_TIMELINE) !== 0n;
  const eventfd =
    timeline && reachesLookup(() => native.syncobjEventfd(fd, NO_HANDLE, 0n, 0, NO_FD));
  const pointFlags = HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE | HANDLE_TO_FD_FLAGS_TIMELINE;
  const direct =
    timeline && reachesLookup(() => native.syncobjHandleToFd(fd, NO_HANDLE, pointFlags, 1n));
  return { timeline, eventfd, pointSyncFile: direct ? 'direct' : 'transfer', importless: false };
}

/** Whether the ioctl knows the request: then it looks the handle up (ENOENT), else it refuses before (EINVAL, ENOTTY). */
function reachesLookup(attempt: () => unknown): boolean {
  try {
    attempt();
    return true;
  } catch (error) {
    if (hasErrno(error, 'ENODEV')) throw error;
    return hasErrno(error, 'ENOENT');
  }
}
