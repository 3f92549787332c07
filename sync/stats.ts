/** Plain snapshots of what explicit sync holds and has done. */
import type { DeviceId, Point } from '../devices/syncobj-device.ts';
import type { BudgetCounts } from './budget.ts';
import type { FencePhase } from './fence.ts';

/** One pending wait. `timelineId` 0: a bare sync_file or a dma-buf's fences. */
export interface WaitStats {
  readonly phase: FencePhase;
  /** Since it came into this phase. */
  readonly ageNs: bigint;
  readonly owner: string;
  readonly timelineId: number;
  readonly point: Point;
  /** No live device knows the timeline at the moment. */
  readonly parked: boolean;
}

/** Things that only grow. */
export interface SyncCounters {
  signalled: number;
  failed: number;
  lost: number;
  cancelled: number;
  /** Waits and debts that were given another device. */
  moved: number;
  devicesLost: number;
  releasesSignalled: number;
  /** Release points that will never be signalled: what must stay 0. */
  releasesAbandoned: number;
  overdueUnsubmitted: number;
  overdueSubmitted: number;
}

export function newCounters(): SyncCounters {
  return {
    signalled: 0,
    failed: 0,
    lost: 0,
    cancelled: 0,
    moved: 0,
    devicesLost: 0,
    releasesSignalled: 0,
    releasesAbandoned: 0,
    overdueUnsubmitted: 0,
    overdueSubmitted: 0,
  };
}

export interface OwnerStats {
  readonly name: string;
  readonly counts: Readonly<BudgetCounts>;
  /** Kernel handles held in all devices. */
  readonly handles: number;
  readonly releasesHeld: number;
  /** Due, but no device takes them at the moment. */
  readonly releasesOwed: number;
  readonly waits: readonly WaitStats[];
}

export interface SyncStats {
  readonly strategy: string;
  readonly devices: readonly { readonly id: DeviceId; readonly label: string }[];
  readonly counts: Readonly<BudgetCounts>;
  readonly counters: Readonly<SyncCounters>;
  readonly handles: number;
  readonly releasesOwed: number;
  /** Owners whose client is gone and what is still owed on their behalf. `counts` includes their timelines and descriptors. */
  readonly retired: {
    readonly owners: number;
    readonly timelines: number;
    readonly releasesOwed: number;
  };
  /** Armed eventfds of timelines that were let go of: at most so many are still in the kernel (see left-behind.ts). */
  readonly registrationsLeftBehind: number;
  readonly owners: readonly OwnerStats[];
  readonly waits: readonly WaitStats[];
}
