/**
 * Recovery strategies: what becomes of timelines when devices come and go. One small file each under recovery/.
 *
 * A strategy decides; the {@link SyncManager} does. It is asked at four moments, synchronously, and answers with plans.
 * A user's own strategy implements this interface and is passed to the manager.
 */
import type { DeviceId, SyncobjDevice } from '../devices/syncobj-device.ts';

export interface RecoveryContext {
  /** Live devices with timeline and eventfd capability, best first: GPUs in order of arrival, then those in `containers`. */
  readonly devices: readonly SyncobjDevice[];
  /** Those of `devices` without a GPU that could go: dummy render nodes made to hold syncobjs, and /dev/syncobj. */
  readonly containers: readonly SyncobjDevice[];
  /** The first device explicit sync was ever offered with; it may be lost by now. */
  readonly initial: SyncobjDevice | undefined;
}

/** What to do with one wait or release debt whose device was lost. */
export type LossPlan =
  /** Import the kept fd into `device` and arm again. */
  | { readonly type: 'move'; readonly device: SyncobjDevice }
  /** Keep it as a debt until a device comes. */
  | { readonly type: 'park' }
  /** Treat it as signalled (what ignoring sync means). */
  | { readonly type: 'assume-signalled' }
  /** End it as lost. */
  | { readonly type: 'give-up' };

export interface RecoveryStrategy {
  readonly name: string;
  /** One sentence for `--list` and reports: what it does and what it cannot survive. */
  readonly description: string;
  /** Keep the syncobj fd after import? Without it nothing can be re-imported. */
  readonly keepsFd: boolean;
  /** Devices to import a new timeline into, the first being the one waits use. Empty: hold it as a debt (when it keeps fds). */
  placeTimeline(context: RecoveryContext): readonly SyncobjDevice[];
  /** Whether a client whose import fails because the device is going is disconnected, as today's compositors do. */
  readonly importFailureIsFatal: boolean;
  /** A wait's device went. Not asked for waits that already hold a sync_file: they need no device. Asked again for parked ones when a device comes. */
  onWaitLost(lost: DeviceId, context: RecoveryContext): LossPlan;
  /** A release debt's device went. Asked again for parked ones when a device comes. */
  onReleaseLost(lost: DeviceId, context: RecoveryContext): LossPlan;
  /** Materialise early: poll for the point to become exportable instead of holding an armed device (sync-file strategy). */
  readonly exportsEarly: boolean;
  /**
   * What a wait looks at: `sync-file` (default) exports the point as soon as it has a fence, which shows errors and then needs
   * no device; `eventfd` awaits the bare signal, as today's compositors do, and never sees an error.
   */
  readonly waitsOn?: 'sync-file' | 'eventfd';
  /** Import every timeline also into devices that come later (default: no). Works without a kept fd while one import lives. */
  readonly followsDevices?: boolean;
  /**
   * After any device was lost, waits that stay unsubmitted this long end as lost: their client's device may be the one that
   * went, and then nobody can submit them any more. Default and null: they wait for ever. The manager's policy overrides it.
   */
  readonly unsubmittedGraceNs?: bigint | null;
}
