/** One pending wait: who awaits it and how far it has come. What moves it on is in timeline-state.ts. */
import type { Subscriber } from 'rxjs';
import type { Point } from '../devices/syncobj-device.ts';
import type { FenceOutcome, FencePhase } from './fence.ts';
import type { SyncFileWatch } from './sync-file-watch.ts';

/**
 * Where a pending wait stands:
 * - `queued`: no fence yet; the owner's `available` eventfd tells when there is one (or it is parked, without a device).
 * - `blind`: no sync_file could be had (EMFILE…) or none is wanted; the `signalled` eventfd tells the end, without errors.
 * - `sync-file`: the fence is held and polled.
 */
export type WaitStage = 'queued' | 'blind' | 'sync-file' | 'settled';

/** What a wait tells its surroundings. */
export interface WaitHome {
  /** For logs, stats and traces. */
  readonly ownerName: string;
  readonly timelineId: number;
  /** Whether no live device knows the timeline now. */
  readonly parked: boolean;
  /** Asks the kernel again how far the points are: a missed wake-up must never be a hang. */
  refresh(): void;
  /** Ends the wait. */
  settle(wait: PointWait, outcome: FenceOutcome): void;
}

export class PointWait {
  readonly home: WaitHome;
  readonly point: Point;
  readonly startedNs: bigint;
  phase: FencePhase = 'unsubmitted';
  /** Since when it is in this phase. */
  phaseSinceNs: bigint;
  stage: WaitStage = 'queued';
  fence: SyncFileWatch | undefined;
  #subscribers: Subscriber<FenceOutcome>[] = [];

  constructor(home: WaitHome, point: Point, nowNs: bigint) {
    this.home = home;
    this.point = point;
    this.startedNs = nowNs;
    this.phaseSinceNs = nowNs;
  }

  join(subscriber: Subscriber<FenceOutcome>): void {
    this.#subscribers.push(subscriber);
  }

  /** Returns whether nobody awaits it any more. */
  leave(subscriber: Subscriber<FenceOutcome>): boolean {
    const index = this.#subscribers.indexOf(subscriber);
    if (index >= 0) this.#subscribers.splice(index, 1);
    return this.#subscribers.length === 0;
  }

  /** The last thing that happens to it. */
  deliver(outcome: FenceOutcome): void {
    const subscribers = this.#subscribers;
    this.#subscribers = [];
    for (const subscriber of subscribers) {
      subscriber.next(outcome);
      subscriber.complete();
    }
  }

  /** The wait could not be begun: the latest subscriber gets the error by the throw itself, others do not exist yet. */
  abandon(): void {
    this.#subscribers = [];
  }
}
