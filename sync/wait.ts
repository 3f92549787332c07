/** One pending wait: who awaits it and how far it has come. What moves it on is in timeline-state.ts. */
import type { Point } from '../devices/syncobj-device.ts';
import type { FenceOutcome, FencePhase } from './fence.ts';
import type { Linked, LinkedList } from './linked-list.ts';
import type { SyncLog } from './log.ts';

/**
 * Where a pending wait stands:
 * - `queued`: no fence yet; the owner's `available` eventfd tells when there is one (or it is parked, without a device).
 * - `blind`: no sync_file could be had (EMFILE…) or none is wanted; the `signalled` eventfd tells the end, without errors.
 * - `sync-file`: the fence is held and polled.
 */
export type WaitStage = 'queued' | 'blind' | 'sync-file' | 'settled';

/** Told of the fence a pending point has: a sync_file, borrowed for the call. */
export type FenceListener = (syncFileFd: number) => void;

/** Who is told the end of a wait, once, `complete` right after `next`: RxJS's Subscriber is one. */
export interface WaitObserver {
  next(outcome: FenceOutcome): void;
  complete(): void;
  /**
   * By when the end is of use, for the driver of the fence (SYNC_IOC_SET_DEADLINE): asked once there is one that has not signalled.
   * Undefined: not known.
   */
  neededByNs?(): bigint | undefined;
}

/** A fence that is polled. */
export interface HeldFence {
  /** Undefined: it is no sync_file. */
  readonly syncFileFd: number | undefined;
  /** SYNC_IOC_SET_DEADLINE, once. */
  hintDeadline(deadlineNs: bigint): void;
  /** Idempotent. Nothing is called back any more. */
  close(): void;
}

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

export class PointWait implements Linked<PointWait> {
  readonly home: WaitHome;
  readonly point: Point;
  phase: FencePhase = 'unsubmitted';
  /** Since when it is in this phase. */
  phaseSinceNs: bigint;
  stage: WaitStage = 'queued';
  fence: HeldFence | undefined;
  /** Of the watchdog's lists, the one it is in. */
  list: LinkedList<PointWait> | undefined;
  previous: PointWait | undefined;
  next: PointWait | undefined;
  /** While `blind`: it has signalled, and there was no room for the sync_file that tells how. */
  unread = false;
  #fenceListeners: FenceListener[] | undefined;
  /** Nearly always the only one: an array for each wait would double its size. */
  #observer: WaitObserver | undefined;
  #others: WaitObserver[] | undefined;

  constructor(home: WaitHome, point: Point, nowNs: bigint) {
    this.home = home;
    this.point = point;
    this.phaseSinceNs = nowNs;
  }

  join(observer: WaitObserver): void {
    if (!this.#observer) this.#observer = observer;
    else if (this.#others) this.#others.push(observer);
    else this.#others = [observer];
  }

  /** Returns whether nobody awaits it any more. */
  leave(observer: WaitObserver): boolean {
    if (this.#observer === observer) this.#observer = this.#others?.shift();
    else this.#others = this.#others?.filter((other) => other !== observer);
    return this.#observer === undefined;
  }

  /** Tells the driver of its fence by when whoever comes first needs it, where one knows. */
  hintDeadline(): void {
    let neededNs = this.#observer?.neededByNs?.();
    for (const other of this.#others ?? []) {
      const otherNs = other.neededByNs?.();
      if (otherNs !== undefined && (neededNs === undefined || otherNs < neededNs))
        neededNs = otherNs;
    }
    if (neededNs !== undefined) this.fence?.hintDeadline(neededNs);
  }

  /** `listener` is told of the fence now, or when there is one. It must not throw. */
  listenToFence(listener: FenceListener): void {
    (this.#fenceListeners ??= []).push(listener);
    if (this.fence) this.tellFence();
  }

  /** It holds a fence. A listener may end the wait. */
  tellFence(): void {
    const listeners = this.#fenceListeners;
    this.#fenceListeners = undefined;
    if (!listeners) return;
    for (const listener of listeners) {
      const fd = this.fence?.syncFileFd;
      if (fd !== undefined) listener(fd);
    }
  }

  /** The last thing that happens to it. An observer that throws is logged, and keeps nobody else from being told. */
  deliver(outcome: FenceOutcome, log: SyncLog): void {
    const first = this.#observer;
    const others = this.#others;
    this.abandon();
    if (first) tell(first, outcome, log);
    if (!others) return;
    for (const observer of others) tell(observer, outcome, log);
  }

  /** Nobody is told any more. */
  abandon(): void {
    this.#fenceListeners = undefined;
    this.#observer = undefined;
    this.#others = undefined;
  }
}

function tell(observer: WaitObserver, outcome: FenceOutcome, log: SyncLog): void {
  try {
    observer.next(outcome);
    observer.complete();
  } catch (error) {
    log.error('who awaited a point failed', error);
  }
}
