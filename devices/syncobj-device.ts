/**
 * The port through which explicit sync reaches a device that can hold DRM syncobjs.
 *
 * Implementations: a DRM render node, the /dev/syncobj character device and the simulated kernel. All calls are synchronous.
 * All may throw {@link DeviceLostError} (the device is gone: every ioctl of its open fd answers ENODEV) or a SystemError.
 */
import type { OwnedFd } from '../native/fd.ts';
import type { SyncFileEnd } from './sync-kernel.ts';

/** A u64 position on a timeline. */
export type Point = bigint;

/** Identity of a device across unplug and re-plug: its sysfs parent ("pci:0000:00:05.0", "sim:0"), not its minor number. */
export type DeviceId = string & { readonly __brand: 'DeviceId' };

/** A syncobj as one open device file knows it (drm_syncobj handle). Means nothing to another device. */
export type SyncobjHandle = number & { readonly __brand: 'SyncobjHandle' };

/** When an armed eventfd fires: the point has a fence (WAIT_AVAILABLE), or its fence has signalled. */
export type ArmPhase = 'available' | 'signalled';

/** Which point a query answers: the highest signalled, or the highest submitted (QUERY_FLAGS_LAST_SUBMITTED). */
export type QueryKind = 'signalled' | 'submitted';

export interface SyncobjCapabilities {
  /** DRM_CAP_SYNCOBJ_TIMELINE. */
  readonly timeline: boolean;
  /** DRM_IOCTL_SYNCOBJ_EVENTFD is there (Linux 6.6). */
  readonly eventfd: boolean;
  /** How a timeline point becomes a sync_file: one ioctl (TIMELINE flags), or a temporary syncobj and TRANSFER (6.12). */
  readonly pointSyncFile: 'direct' | 'transfer';
  /** Whether a timeline needs no import here: handles are mere fds (/dev/syncobj). */
  readonly importless: boolean;
}

export interface SyncobjDevice {
  readonly id: DeviceId;
  /** For messages: "/dev/dri/renderD128", "sim:0". */
  readonly label: string;
  readonly capabilities: SyncobjCapabilities;
  /** True once any call answered ENODEV, a removal event arrived, or it was closed. */
  readonly lost: boolean;

  /** Imports a syncobj fd (borrowed). Each call makes a new handle. SystemError EINVAL: not a syncobj. */
  importTimeline(syncobjFd: number): SyncobjHandle;
  createTimeline(): SyncobjHandle;
  /** On a lost device a no-op: its handles go with its fd. */
  destroy(handle: SyncobjHandle): void;
  exportTimelineFd(handle: SyncobjHandle): OwnedFd;

  /**
   * The fence of a point as a sync_file; undefined when the point has none yet. That is an everyday answer where clients commit
   * before they submit, so it is no exception.
   */
  exportSyncFile(handle: SyncobjHandle, point: Point): OwnedFd | undefined;
  /**
   * {@link exportSyncFile} for a fence that has probably ended: then how it did (SYNC_IOC_FILE_INFO) is the answer, and leaves no
   * sync_file. A device may lack it: it saves calls, no more.
   */
  takeFence?(handle: SyncobjHandle, point: Point): SyncFileEnd | OwnedFd | undefined;
  /** Puts the fence of a sync_file (borrowed) on the point. */
  importSyncFile(handle: SyncobjHandle, point: Point, syncFileFd: number): void;
  /** Makes the kernel add 1 to `eventfd` (borrowed) once. Cannot be cancelled; lives in the syncobj, also past this device. */
  arm(handle: SyncobjHandle, point: Point, phase: ArmPhase, eventfd: number): void;
  /** Fills `points[0…count)`. */
  query(handles: Uint32Array, points: BigUint64Array, count: number, kind: QueryKind): void;
  signal(handles: Uint32Array, points: BigUint64Array, count: number): void;
  /**
   * Takes everything off the timelines (SYNCOBJ_RESET): their points are as if they had never been submitted. What is armed and has not
   * fired stays armed; what has fired has, whoever has not looked yet.
   */
  reset(handles: Uint32Array, count: number): void;
  /**
   * Puts one signalled fence in place of all points, as on a binary syncobj (SYNCOBJ_SIGNAL): only point 0 has signalled then. SystemError
   * EOPNOTSUPP: /dev/syncobj lacks it.
   */
  signalBinary(handles: Uint32Array, count: number): void;
  /** Copies the fence of a submitted source point onto a target point. */
  transfer(
    source: SyncobjHandle,
    sourcePoint: Point,
    target: SyncobjHandle,
    targetPoint: Point,
  ): void;

  /** Told from outside (a uevent) that the device is gone. Idempotent. */
  markLost(): void;
  /** Closes the device file; all handles go with it. Idempotent. */
  close(): void;
}

/** ENODEV from an ioctl: the first sign of a removal, before any uevent (kernel-facts: 10 to 40 ms earlier). */
export class DeviceLostError extends Error {
  override readonly name = 'DeviceLostError';
  readonly code = 'XSYNC_DEVICE_LOST';
  readonly deviceId: DeviceId;
  readonly operation: string;

  constructor(deviceId: DeviceId, label: string, operation: string, cause?: unknown) {
    super(`${label}: ${operation} failed, the device is gone (ENODEV)`, { cause });
    this.deviceId = deviceId;
    this.operation = operation;
  }
}
