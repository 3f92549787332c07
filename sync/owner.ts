/** One Wayland client's share of explicit sync: its timelines, its accounting, its two shared eventfds. */
import type { Observable } from 'rxjs';
import type { OwnedFd } from '../native/fd.ts';
import type { SyncobjDevice } from '../devices/syncobj-device.ts';
import type { Account } from './budget.ts';
import type { SyncContext } from './context.ts';
import { SyncDisposedError } from './errors.ts';
import type { FenceOutcome } from './fence.ts';
import { LooseWaits } from './loose-waits.ts';
import type { SyncPeer } from './peer.ts';
import { MAX_RETIRED_PER_OWNER, type RetiredOwner } from './retired-owners.ts';
import type { OwnerStats, WaitStats } from './stats.ts';
import { Timeline } from './timeline.ts';
import { TimelineState, type TimelineHost } from './timeline-state.ts';
import type { PointWait } from './wait.ts';
import { Wakeups } from './wakeups.ts';

/** What an owner needs from its manager. */
export interface OwnerHost {
  nextTimelineId(): number;
  /** Its client is gone; it is kept for what it owes until {@link onOwnerEnded}. */
  onOwnerRetired(owner: SyncOwner): void;
  /** Nothing is left of it. */
  onOwnerEnded(owner: SyncOwner): void;
}

export class SyncOwner implements TimelineHost, RetiredOwner {
  readonly name: string;
  readonly account: Account;
  readonly wakeups: Wakeups;
  readonly #context: SyncContext;
  readonly #host: OwnerHost;
  readonly #timelines = new Set<TimelineState>();
  readonly #loose: LooseWaits;
  #disposed = false;
  #ended = false;

  /** Made by {@link SyncManager.createOwner}. */
  constructor(context: SyncContext, host: OwnerHost, account: Account) {
    this.#context = context;
    this.#host = host;
    this.name = account.name;
    this.account = account;
    this.wakeups = new Wakeups(context);
    this.#loose = new LooseWaits(context, account);
  }

  /**
   * Takes `fd`, also when it throws.
   *
   * InvalidTimelineError: not a syncobj. ImportRefusedError: the strategy cannot take it now. BudgetExceededError. Without any
   * device, a strategy that keeps fds accepts it unseen.
   */
  importTimeline(fd: OwnedFd): Timeline {
    const state = this.#createState(fd);
    try {
      state.place();
    } catch (error) {
      state.retire(false);
      throw error;
    }
    return new Timeline(state, `syncobj#${state.timelineId}`);
  }

  /**
   * The implicit fences of a dma-buf: what a reader (or a writer) has to wait for of all that was submitted so far. `dmabufFd` is
   * borrowed and must stay open until the outcome or the cancellation. Cold; the fences are taken at subscription, and their drivers told
   * what `neededByNs` says then ({@link WaitObserver.neededByNs}).
   */
  waitForDmabuf(
    dmabufFd: number,
    access: 'read' | 'write' = 'read',
    neededByNs?: () => bigint | undefined,
  ): Observable<FenceOutcome> {
    return this.#loose.waitForDmabuf(dmabufFd, access, neededByNs);
  }

  /** A sync_file's end. Takes `fd` at once, also if nobody subscribes. Cold, for one subscription. */
  waitForSyncFile(fd: OwnedFd): Observable<FenceOutcome> {
    if (this.#disposed) {
      fd.close();
      throw new SyncDisposedError(`owner ${this.name}`);
    }
    return this.#loose.waitForSyncFile(fd);
  }

  /** Tells the drivers of every fence held (once each) by when the next output needs it: SYNC_IOC_SET_DEADLINE. */
  hintDeadline(deadlineNs: bigint): void {
    for (const timeline of this.#timelines) timeline.waits.hintDeadline(deadlineNs);
    this.#loose.hintDeadline(deadlineNs);
  }

  stats(): OwnerStats {
    const nowNs = this.#context.clock.nowNs();
    const waits: WaitStats[] = [];
    let handles = 0;
    let releasesOwed = 0;
    let releases = 0;
    for (const timeline of this.#timelines) {
      handles += timeline.imports.handles;
      releasesOwed += timeline.debts.owed;
      releases += timeline.debts.size;
      for (const wait of timeline.waits) waits.push(this.#waitStats(wait, nowNs));
    }
    for (const wait of this.#loose) waits.push(this.#waitStats(wait, nowNs));
    return {
      name: this.name,
      counts: { ...this.account.counts },
      handles,
      releasesHeld: releases - releasesOwed,
      releasesOwed,
      waits,
    };
  }

  get peer(): SyncPeer {
    return this.account.peer;
  }

  /** Live timelines, and destroyed ones something of which is pending. */
  get timelineCount(): number {
    return this.#timelines.size;
  }

  /**
   * The client is gone: unfinished release points are signalled, waits end without a word, everything is given back. What no
   * device takes now stays owed, within limits, until one comes (see retired-owners.ts). Idempotent.
   */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#context.signals.run(() => {
      for (const timeline of this.#timelines) timeline.debts.finish();
    });
    // An outer batch would come too late: the imports go now.
    this.#context.signals.flush();
    this.#loose.dispose();
    let kept = 0;
    for (const timeline of this.#timelines) {
      timeline.retire(kept < MAX_RETIRED_PER_OWNER);
      if (this.#timelines.has(timeline)) kept++;
    }
    this.wakeups.dispose();
    this.#context.watchdog.forgetOwner(this.name);
    this.account.retire();
    if (kept > 0) this.#host.onOwnerRetired(this);
    this.#maybeEnd();
  }

  /** Gives up what is owed after {@link dispose}. */
  forget(): void {
    for (const timeline of this.#timelines) timeline.retire(false);
  }

  // --- for the manager and the timelines --------------------------------------

  /** `device` is gone. */
  deviceLost(device: SyncobjDevice): void {
    this.wakeups.scanAfter(() => {
      for (const timeline of this.#timelines) timeline.deviceLost(device);
    });
  }

  /** A device came. */
  deviceAdded(): void {
    this.wakeups.scanAfter(() => {
      for (const timeline of this.#timelines) timeline.deviceAdded();
    });
  }

  onTimelineEnded(state: TimelineState): void {
    this.#timelines.delete(state);
    this.#maybeEnd();
  }

  #maybeEnd(): void {
    if (!this.#disposed || this.#ended || this.#timelines.size > 0) return;
    this.#ended = true;
    this.account.close();
    this.#host.onOwnerEnded(this);
  }

  #createState(fd: OwnedFd): TimelineState {
    let charged = false;
    try {
      if (this.#disposed) throw new SyncDisposedError(`owner ${this.name}`);
      this.account.timelines.take();
      charged = true;
      this.account.fds.take();
    } catch (error) {
      if (charged) this.account.timelines.give();
      fd.close();
      throw error;
    }
    const state = new TimelineState(this.#context, this, this.#host.nextTimelineId(), fd);
    this.#timelines.add(state);
    return state;
  }

  #waitStats(wait: PointWait, nowNs: bigint): WaitStats {
    return {
      phase: wait.phase,
      ageNs: nowNs - wait.phaseSinceNs,
      owner: this.name,
      timelineId: wait.home.timelineId,
      point: wait.point,
      parked: wait.phase === 'unsubmitted' && wait.home.parked,
    };
  }
}
