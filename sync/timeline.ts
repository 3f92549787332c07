/** A client's timeline (linux-drm-syncobj-v1.xml: wp_linux_drm_syncobj_timeline_v1). */
import type { Subscriber } from 'rxjs';
import { Observable } from 'rxjs/internal/Observable';
import type { Point } from '../devices/syncobj-device.ts';
import { SyncDisposedError } from './errors.ts';
import type { FenceOutcome } from './fence.ts';
import type { ReleasePoint } from './release.ts';
import type { TimelineState } from './timeline-state.ts';
import type { FenceListener, PointWait, WaitObserver } from './wait.ts';
import type { WaitList } from './wait-list.ts';

/** A wait that has begun, by {@link Timeline.observePoint}. */
export interface PendingPoint {
  /** Nobody is told any more. Idempotent. */
  cancel(): void;
}

export class Timeline {
  /** Unique within the manager. */
  readonly id: number;
  /**
   * Equal for two imports of one syncobj where the system can tell; else unique. Linux cannot: kcmp(2) and F_DUPFD_QUERY compare
   * files, of which each export of a syncobj makes a new one, and a test signal would be seen by its other holders.
   */
  readonly identity: string;
  readonly #state: TimelineState;
  #disposed = false;

  /** Made by {@link SyncOwner.importTimeline}. */
  constructor(state: TimelineState, identity: string) {
    this.#state = state;
    this.id = state.timelineId;
    this.identity = identity;
  }

  /**
   * A cold Observable: subscribing begins the wait, unsubscribing cancels it. One outcome, then complete; an already signalled
   * point answers synchronously. It never errors because a device died. Its errors are BudgetExceededError and, after the
   * disposal of the timeline or its owner, SyncDisposedError.
   *
   * `onFence` is told, at most once and before the outcome, that the point has a fence which has not signalled: a sync_file,
   * borrowed for the call. Who only passes the fence on need not wait for its end. What it throws is this Observable's error.
   */
  waitForPoint(point: Point, onFence?: FenceListener): Observable<FenceOutcome> {
    return new Observable<FenceOutcome>((subscriber) => {
      const wait = this.#join(point, subscriber);
      if (!wait) return;
      // Runs now if the subscriber has left while the wait was begun.
      subscriber.add(() => this.#state.waits.leave(wait, subscriber));
      if (onFence) wait.listenToFence((fd) => tell(subscriber, onFence, fd));
    });
  }

  /**
   * The same as a plain call, for who waits with every frame: `observer` is told before this returns when the point has signalled,
   * and nothing is left behind; else later, unless what is returned is cancelled. Throws what {@link waitForPoint} gives as an error.
   */
  observePoint(point: Point, observer: WaitObserver): PendingPoint | undefined {
    const wait = this.#join(point, observer);
    return wait && new ObservedPoint(this.#state.waits, wait, observer);
  }

  /**
   * A release point of this timeline: signalled exactly once, after its last use. BudgetExceededError when the client has too
   * many unsignalled ones.
   */
  createRelease(point: Point): ReleasePoint<Timeline> {
    this.#checkLive();
    return this.#state.debts.create<Timeline>(this, point);
  }

  /** The client destroyed its object. Pending waits and releases keep the syncobj alive and go on. Idempotent. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#state.destroy();
  }

  #join(point: Point, observer: WaitObserver): PointWait | undefined {
    this.#checkLive();
    return this.#state.waits.join(point, observer);
  }

  #checkLive(): void {
    if (this.#disposed) throw new SyncDisposedError(`timeline@${this.id}`);
  }
}

class ObservedPoint implements PendingPoint {
  readonly #waits: WaitList;
  readonly #wait: PointWait;
  readonly #observer: WaitObserver;

  constructor(waits: WaitList, wait: PointWait, observer: WaitObserver) {
    this.#waits = waits;
    this.#wait = wait;
    this.#observer = observer;
  }

  cancel(): void {
    this.#waits.leave(this.#wait, this.#observer);
  }
}

/** Others may share the wait: who has left is not told, and who fails does so alone. */
function tell(subscriber: Subscriber<FenceOutcome>, onFence: FenceListener, fd: number): void {
  if (subscriber.closed) return;
  try {
    onFence(fd);
  } catch (error) {
    subscriber.error(error);
  }
}
