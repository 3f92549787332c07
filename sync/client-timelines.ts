/**
 * The timelines of a client program, none of which leaves anybody waiting: when the device of some goes, what they have promised is ended
 * through another one, or through the next that comes.
 */
import type { Subscription } from 'rxjs';
import type { DeviceRegistry } from '../devices/registry.ts';
import { DeviceLostError, type SyncobjDevice } from '../devices/syncobj-device.ts';
import { ClientTimeline, type ClientTimelineHost, type Rescue } from './client-timeline.ts';
import { guarded } from './guarded.ts';
import { SILENT_LOG, type SyncLog } from './log.ts';

export interface ClientTimelinesOptions {
  /** Which devices there are. Stays the caller's. */
  readonly registry: Pick<DeviceRegistry, 'devices$' | 'reportLost'>;
  /**
   * A sync_file (borrowed) of a job that `lost` has failed: where the kernel takes it, waiters see its error. Default: none, they see
   * points that have signalled.
   */
  readonly failedSyncFile?: (lost: SyncobjDevice) => number | undefined;
  /** Told of each timeline that was moved. Must not throw. */
  readonly onRescue?: (timeline: ClientTimeline, rescue: Rescue) => void;
  /** Default: silent. */
  readonly log?: SyncLog;
}

export class ClientTimelines implements ClientTimelineHost {
  readonly #options: ClientTimelinesOptions;
  readonly #log: SyncLog;
  readonly #timelines = new Set<ClientTimeline>();
  readonly #subscription: Subscription;
  #devices: readonly SyncobjDevice[] = [];

  constructor(options: ClientTimelinesOptions) {
    this.#options = options;
    this.#log = options.log ?? SILENT_LOG;
    const next = (devices: readonly SyncobjDevice[]): void => this.#follow(devices);
    const failed = (error: unknown): void => this.#log.error('following devices failed', error);
    this.#subscription = options.registry.devices$.subscribe(
      guarded({ next, error: failed }, failed),
    );
  }

  /**
   * A new timeline on `device` (borrowed), one of the registry's or the caller's own opening of it. It is the caller's to dispose of.
   * DeviceLostError, SystemError.
   */
  create(device: SyncobjDevice): ClientTimeline {
    const timeline = new ClientTimeline(device, this);
    this.#timelines.add(timeline);
    return timeline;
  }

  /** Disposes all of them; what they have promised and not submitted stays so. Idempotent. */
  dispose(): void {
    this.#subscription.unsubscribe();
    for (const timeline of this.#timelines) timeline.dispose();
  }

  // --- for the timelines --------------------------------------------------------

  /** ENODEV from a call is the first sign, and of the caller's own opening of a device the registry does not know. */
  onLost(device: SyncobjDevice): void {
    this.#options.registry.reportLost(device);
    for (const timeline of this.#timelines)
      if (timeline.at.device === device) this.#rescue(timeline);
  }

  onDisposed(timeline: ClientTimeline): void {
    this.#timelines.delete(timeline);
  }

  #follow(devices: readonly SyncobjDevice[]): void {
    this.#devices = devices;
    for (const timeline of this.#timelines) {
      const { device } = timeline.at;
      // The caller's own opening of a device is not in the list, but goes with the one that is.
      if (!device.lost && devices.some(({ id }) => id === device.id)) continue;
      device.markLost();
      this.#rescue(timeline);
    }
  }

  /** Without a survivor it waits for the next device. */
  #rescue(timeline: ClientTimeline): void {
    const lost = timeline.at.device;
    const failed = this.#options.failedSyncFile?.(lost);
    for (const survivor of this.#devices) {
      // Whoever was told of the loss of the one before may have rescued it already.
      if (timeline.at.device !== lost) return;
      if (survivor.lost) continue;
      try {
        const rescue = timeline.rescue(survivor, failed);
        return this.#options.onRescue?.(timeline, rescue);
      } catch (error) {
        if (error instanceof DeviceLostError) this.#options.registry.reportLost(survivor);
        else this.#log.warn(`${survivor.label}: a timeline could not be rescued: ${String(error)}`);
      }
    }
  }
}
