/** A device of the simulated kernel, as the kernel knows it. What a process has open of it is a {@link SimDeviceFile}. */
import type { DeviceNode } from '../sync-kernel.ts';
import type { DeviceId, SyncobjCapabilities } from '../syncobj-device.ts';
import type { SingleFence } from './dma-fence.ts';
import type { SimDeviceFile } from './sim-device-file.ts';

/** What a driver does with its pending fences when its device goes: fail them with ENODEV, leave them for ever, or signal success. */
export type PendingOnRemoval = 'fail' | 'leave' | 'signal';

/** A device to add. Everything has a default: a capable render node named after the next free number. */
export interface SimDeviceOptions {
  /** "sim:0". Adding a removed one again brings the same device back, under a new minor while the old one is held open. */
  readonly id?: string;
  readonly driver?: string;
  /** 'render', or 'syncobj' for one that acts like /dev/syncobj. */
  readonly kind?: 'render' | 'syncobj';
  /** DRM_CAP_SYNCOBJ. False: like vgem, every syncobj ioctl answers EOPNOTSUPP. */
  readonly syncobj?: boolean;
  readonly timeline?: boolean;
  readonly eventfd?: boolean;
  /** 'direct' as in Linux 7.3, or 'transfer' as in 6.12. */
  readonly pointSyncFile?: 'direct' | 'transfer';
  readonly pendingOnRemoval?: PendingOnRemoval;
  /** False: opening answers EACCES until `setAccess` allows it. */
  readonly accessible?: boolean;
  /** Time from the addition until the node can be opened (ENOENT before). */
  readonly openableAfterNs?: bigint;
  /** Time from the addition until the uevent arrives. */
  readonly ueventDelayNs?: bigint;
}

const DRM_MAJOR = 226n;
const MISC_MAJOR = 10n;
const MAJOR_SHIFT = 8n;

/** See the file comment. */
export class SimDevice {
  readonly id: DeviceId;
  readonly minor: number;
  readonly node: DeviceNode;
  readonly supportsSyncobj: boolean;
  readonly capabilities: SyncobjCapabilities;
  readonly pendingOnRemoval: PendingOnRemoval;
  readonly files: Set<SimDeviceFile> = new Set();
  readonly pendingFences: Set<SingleFence> = new Set();
  openableAtNs: bigint;
  accessible: boolean;
  /** The gate: set at the removal, long before the uevent. Every ioctl answers ENODEV from then on. */
  gone = false;
  /** The node is gone too: set with the uevent. Opening answers ENOENT instead of ENODEV from then on. */
  vanished = false;

  constructor(id: DeviceId, minor: number, nowNs: bigint, options: SimDeviceOptions) {
    const kind = options.kind ?? 'render';
    this.id = id;
    this.minor = minor;
    this.supportsSyncobj = options.syncobj ?? true;
    this.node = {
      id,
      path: kind === 'syncobj' ? `${id}/syncobj` : `${id}/renderD${minor}`,
      driver: options.driver ?? (kind === 'syncobj' ? 'syncobj' : 'sim'),
      kind,
      rdev: ((kind === 'syncobj' ? MISC_MAJOR : DRM_MAJOR) << MAJOR_SHIFT) | BigInt(minor),
    };
    this.capabilities = {
      timeline: this.supportsSyncobj && (options.timeline ?? true),
      eventfd: this.supportsSyncobj && (options.eventfd ?? true),
      pointSyncFile: kind === 'syncobj' ? 'direct' : (options.pointSyncFile ?? 'direct'),
      importless: kind === 'syncobj',
    };
    this.pendingOnRemoval = options.pendingOnRemoval ?? 'fail';
    this.accessible = options.accessible ?? true;
    this.openableAtNs = nowNs + (options.openableAfterNs ?? 0n);
  }
}
