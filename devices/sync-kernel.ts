/**
 * The kernel as explicit sync sees it: devices that come and go, sync_files, dma-buf fences.
 *
 * Two implementations with equal behaviour: the real one (linux/) and the simulated one (simulated/), held together by the
 * contract suite.
 */
import type { OwnedFd } from '../native/fd.ts';
import type { DeviceId, SyncobjDevice } from './syncobj-device.ts';

/** One fence inside a sync_file. `status`: 1 signalled without a reported error, 0 active, negative -errno. */
export interface FenceInfo {
  readonly status: number;
  /** CLOCK_MONOTONIC, 0n while active. */
  readonly timestampNs: bigint;
}

/** SYNC_IOC_FILE_INFO. Read only after the fd polled readable: of merged fences one may have failed while another is active. */
export interface SyncFileInfo {
  readonly status: number;
  readonly fences: readonly FenceInfo[];
}

/** How all fences of a sync_file have ended. `status`: 1 without a reported error, else the first failure's -errno. */
export interface SyncFileEnd {
  readonly status: number;
  /** When the last one signalled, CLOCK_MONOTONIC. */
  readonly timestampNs: bigint;
}

/** Operations on sync_files; no device is involved. `fd`s are borrowed. */
export interface SyncFiles {
  info(fd: number): SyncFileInfo;
  /** What every wait asks: {@link info} in short. Undefined while any fence is active. */
  end(fd: number): SyncFileEnd | undefined;
  merge(first: number, second: number): OwnedFd;
  /** SYNC_IOC_SET_DEADLINE, a hint. Never throws: kernels before 6.6 lack it. */
  setDeadline(fd: number, deadlineNs: bigint): void;
}

/** Where a dma-buf's memory is from, as far as the system tells. */
export interface DmabufOrigin {
  /** Who exported it: a driver ("amdgpu", "virtio_gpu"), "udmabuf", "system". Undefined when that is not told. */
  readonly exporter: string | undefined;
  /** Its device. Undefined when it has none, or when several devices of the exporter are there: then nothing tells which. */
  readonly device: DeviceId | undefined;
}

/** Implicit fences of a dma-buf (borrowed fd). */
export interface DmabufFences {
  /** What a reader (or writer) has to wait for, as a sync_file. A signalled stub when there is nothing. */
  exportSyncFile(dmabufFd: number, access: 'read' | 'write'): OwnedFd;
  importSyncFile(dmabufFd: number, syncFileFd: number, access: 'read' | 'write'): void;
  /** Never throws. A kernel without it does not know. */
  origin?(dmabufFd: number): DmabufOrigin;
}

/** A device file that could be opened. */
export interface DeviceNode {
  readonly id: DeviceId;
  /** "/dev/dri/renderD128", "sim:0" */
  readonly path: string;
  /** Kernel driver: "virtio_gpu", "vgem", "rendersync", "sim". */
  readonly driver: string;
  readonly kind: 'render' | 'primary' | 'syncobj';
  /** dev_t, unique only while something of the device is held open. */
  readonly rdev: bigint;
}

export type HotplugEvent =
  | { readonly type: 'added'; readonly node: DeviceNode }
  | { readonly type: 'removed'; readonly id: DeviceId; readonly path: string }
  | { readonly type: 'changed'; readonly node: DeviceNode };

export interface HotplugSource {
  /** Starts listening *before* the caller lists nodes, so that none is missed. Returns the stopper. */
  listen(onEvent: (event: HotplugEvent) => void): () => void;
}

export interface SyncKernel {
  /** "Linux 6.12.117", "simulated". */
  readonly description: string;
  readonly syncFiles: SyncFiles;
  readonly dmabufs: DmabufFences;
  readonly hotplug: HotplugSource;
  /** Nodes present now that may hold syncobjs, in a stable order. */
  listNodes(): DeviceNode[];
  /** Opens a node. SystemError (ENOENT, EACCES, ENODEV…) when it cannot be opened; the caller closes the device. */
  openDevice(node: DeviceNode): SyncobjDevice;
}
