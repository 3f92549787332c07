/** Which dma-bufs came from which device, so that a device that goes marks its buffers. */
import type { Disposable } from '../../native/lifetime.ts';
import type { DmabufFences, DmabufOrigin } from '../../devices/sync-kernel.ts';
import type { DeviceId, SyncobjDevice } from '../../devices/syncobj-device.ts';
import { guarded } from '../../sync/guarded.ts';
import type { SyncManager } from '../../sync/manager.ts';
import type { CompositorLog } from '../log.ts';
import type { DmabufContent } from './dmabuf-content.ts';
import type { LostBufferPolicy } from './dmabuf-policy.ts';

/** A plain snapshot. */
export interface DmabufStats {
  readonly buffers: number;
  readonly bytes: number;
  /** Buffers whose device is gone. */
  readonly ofLostDevices: number;
  /** Buffers for which the system does not tell the device: nothing marks them. */
  readonly ofUnknownDevice: number;
  readonly devices: readonly {
    readonly device: DeviceId;
    readonly buffers: number;
    readonly bytes: number;
  }[];
}

const UNKNOWN: DmabufOrigin = { exporter: undefined, device: undefined };

export class DmabufTracker implements Disposable {
  readonly #dmabufs: DmabufFences;
  readonly #policy: LostBufferPolicy;
  readonly #log: CompositorLog;
  readonly #contents = new Set<DmabufContent>();
  readonly #subscription: { unsubscribe(): void };
  #present: readonly SyncobjDevice[] = [];

  constructor(options: {
    readonly dmabufs: DmabufFences;
    readonly sync: Pick<SyncManager, 'devices$'>;
    readonly policy: LostBufferPolicy;
    readonly log: CompositorLog;
  }) {
    this.#dmabufs = options.dmabufs;
    this.#policy = options.policy;
    this.#log = options.log;
    const failed = (error: unknown): void => options.log.error('following devices failed', error);
    const next = (devices: readonly SyncobjDevice[]): void => this.#onDevices(devices);
    this.#subscription = options.sync.devices$.subscribe(guarded({ next, error: failed }, failed));
  }

  /** Where a dma-buf (borrowed) comes from, as far as the system tells. Never throws. */
  originOf(dmabufFd: number): DmabufOrigin {
    return this.#dmabufs.origin?.(dmabufFd) ?? UNKNOWN;
  }

  /** Follows `content` until {@link untrack}. */
  track(content: DmabufContent): void {
    this.#contents.add(content);
  }

  untrack(content: DmabufContent): void {
    this.#contents.delete(content);
  }

  stats(): DmabufStats {
    const devices = new Map<DeviceId, { device: DeviceId; buffers: number; bytes: number }>();
    let bytes = 0;
    let ofLostDevices = 0;
    let ofUnknownDevice = 0;
    for (const content of this.#contents) {
      bytes += content.sizeBytes;
      if (content.deviceGone) ofLostDevices++;
      const { device } = content.origin;
      if (device === undefined) {
        ofUnknownDevice++;
        continue;
      }
      const entry = devices.get(device) ?? { device, buffers: 0, bytes: 0 };
      entry.buffers++;
      entry.bytes += content.sizeBytes;
      devices.set(device, entry);
    }
    const buffers = this.#contents.size;
    return { buffers, bytes, ofLostDevices, ofUnknownDevice, devices: [...devices.values()] };
  }

  dispose(): void {
    this.#subscription.unsubscribe();
    this.#contents.clear();
  }

  /** A device that comes back does not bring its buffers back: they were of the one that went. */
  #onDevices(devices: readonly SyncobjDevice[]): void {
    for (const gone of this.#present) if (!devices.includes(gone)) this.#onLost(gone);
    this.#present = devices;
  }

  #onLost({ id, label }: SyncobjDevice): void {
    let count = 0;
    for (const content of this.#contents) {
      if (content.origin.device !== id || content.deviceGone) continue;
      content.markDeviceGone(this.#policy);
      count++;
    }
    if (count === 0) return;
    const fate = this.#policy === 'show' ? 'stay readable as far as they are' : 'are blanked';
    this.#log.info(`${label}: gone, ${count} dma-bufs of it ${fate}`);
  }
}
