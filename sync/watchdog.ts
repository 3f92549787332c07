/**
 * Watches the age of pending waits, and tells a point that is not submitted (the client's doing) from a fence that is slow
 * (the GPU's). By default it only reports; a policy may end waits as lost.
 */
import type { Clock, Timer } from '../native/clock.ts';
import type { FencePhase, LostReason } from './fence.ts';
import { LinkedList } from './linked-list.ts';
import type { SyncLog } from './log.ts';
import type { SyncCounters } from './stats.ts';
import type { Tracer } from './trace.ts';
import type { PointWait } from './wait.ts';

export interface WatchdogLimit {
  /** Reported (counted, traced, logged once an owner) at this age. */
  readonly reportAfterNs: bigint;
  /** Ended as lost at this age. Null: never. */
  readonly giveUpAfterNs: bigint | null;
}

export interface WatchdogPolicy {
  readonly unsubmitted: WatchdogLimit;
  readonly submitted: WatchdogLimit;
  /**
   * How long a point may stay unsubmitted once any device was lost; then the wait ends as lost('never-submitted'). Null:
   * for ever. Undefined: what the strategy says.
   */
  readonly unsubmittedGraceNs?: bigint | null;
}

/** Report only. */
export const DEFAULT_WATCHDOG_POLICY: WatchdogPolicy = {
  unsubmitted: { reportAfterNs: 5_000_000_000n, giveUpAfterNs: null },
  submitted: { reportAfterNs: 5_000_000_000n, giveUpAfterNs: null },
};

const NS_PER_MS = 1_000_000n;

/** Waits of one phase, each list in order of age. */
interface PhaseWaits {
  readonly phase: FencePhase;
  readonly limit: WatchdogLimit;
  readonly reason: LostReason;
  /** The age at which something happens to a wait. */
  readonly firstAfterNs: bigint;
  readonly fresh: LinkedList<PointWait>;
  readonly reported: LinkedList<PointWait>;
}

export interface WatchdogOptions {
  readonly clock: Clock;
  readonly policy: WatchdogPolicy;
  /** After a device's loss; null: none. */
  readonly graceNs: bigint | null;
  readonly log: SyncLog;
  readonly tracer: Tracer;
  readonly counters: SyncCounters;
}

export class Watchdog {
  readonly #options: WatchdogOptions;
  readonly #unsubmitted: PhaseWaits;
  readonly #submitted: PhaseWaits;
  /** Unsubmitted waits under grace and when it ends; insertion order is order of deadlines. */
  readonly #grace = new Map<PointWait, bigint>();
  readonly #logged = new Set<string>();
  #graceUntilNs = -1n;
  #timer: Timer | undefined;
  #timerDeadlineNs = 0n;

  constructor(options: WatchdogOptions) {
    this.#options = options;
    const { policy } = options;
    this.#unsubmitted = phaseWaits('unsubmitted', policy.unsubmitted, 'never-submitted');
    this.#submitted = phaseWaits('submitted', policy.submitted, 'timed-out');
  }

  add(wait: PointWait): void {
    const waits = this.#of(wait);
    waits.fresh.add(wait);
    const isUnderGrace = wait.phase === 'unsubmitted' && wait.phaseSinceNs <= this.#graceUntilNs;
    if (isUnderGrace) this.#giveGrace(wait, wait.phaseSinceNs);
    if (isUnderGrace || !this.#isAwake(waits, wait)) this.#schedule(wait.phaseSinceNs);
  }

  /** The wait's point has a fence now. */
  submitted(wait: PointWait): void {
    wait.list?.remove(wait);
    this.#grace.delete(wait);
    this.#submitted.fresh.add(wait);
    if (!this.#isAwake(this.#submitted, wait)) this.#schedule(wait.phaseSinceNs);
  }

  remove(wait: PointWait): void {
    wait.list?.remove(wait);
    if (this.#grace.size > 0) this.#grace.delete(wait);
  }

  /** Some device went: whoever had not submitted yet may not be able to any more. */
  onDeviceLost(): void {
    const { clock, graceNs } = this.#options;
    if (graceNs === null) return;
    const nowNs = clock.nowNs();
    this.#graceUntilNs = nowNs + graceNs;
    for (const wait of this.#unsubmitted.reported) this.#giveGrace(wait, nowNs);
    for (const wait of this.#unsubmitted.fresh) this.#giveGrace(wait, nowNs);
    this.#schedule(nowNs);
  }

  forgetOwner(name: string): void {
    this.#logged.delete(`unsubmitted ${name}`);
    this.#logged.delete(`submitted ${name}`);
  }

  dispose(): void {
    this.#timer?.close();
    this.#timer = undefined;
  }

  #of(wait: PointWait): PhaseWaits {
    return wait.phase === 'unsubmitted' ? this.#unsubmitted : this.#submitted;
  }

  /** A later loss does not prolong it: else an unplug storm would keep dead waits alive. */
  #giveGrace(wait: PointWait, nowNs: bigint): void {
    if (this.#options.graceNs !== null && !this.#grace.has(wait))
      this.#grace.set(wait, nowNs + this.#options.graceNs);
  }

  /** Whether the timer comes no later than the youngest wait needs it: true for all but the first. */
  #isAwake({ firstAfterNs }: PhaseWaits, wait: PointWait): boolean {
    return this.#timer !== undefined && this.#timerDeadlineNs <= wait.phaseSinceNs + firstAfterNs;
  }

  /** One timer for all; set for the earliest deadline and not moved when that wait ends: it then finds nothing to do. */
  #schedule(nowNs: bigint): void {
    const deadlineNs = this.#nextDeadlineNs();
    if (deadlineNs === undefined) return;
    if (this.#timer && this.#timerDeadlineNs <= deadlineNs) return;
    this.#timer?.close();
    this.#timerDeadlineNs = deadlineNs > nowNs ? deadlineNs : nowNs;
    this.#timer = this.#options.clock.at(this.#timerDeadlineNs, () => this.#onTimer());
  }

  #nextDeadlineNs(): bigint | undefined {
    let next: bigint | undefined;
    const consider = (deadlineNs: bigint | undefined): void => {
      if (deadlineNs !== undefined && (next === undefined || deadlineNs < next)) next = deadlineNs;
    };
    for (const waits of [this.#unsubmitted, this.#submitted]) {
      const { reportAfterNs, giveUpAfterNs } = waits.limit;
      const fresh = waits.fresh.first;
      if (fresh) consider(fresh.phaseSinceNs + reportAfterNs);
      const oldest = waits.reported.first ?? fresh;
      if (oldest && giveUpAfterNs !== null) consider(oldest.phaseSinceNs + giveUpAfterNs);
    }
    consider(first(this.#grace.values()));
    return next;
  }

  #onTimer(): void {
    this.#timer = undefined;
    const nowNs = this.#options.clock.nowNs();
    this.#refreshDue(nowNs);
    this.#endGrace(nowNs);
    for (const waits of [this.#unsubmitted, this.#submitted]) {
      for (const wait of dueOf(waits.fresh, waits.limit.reportAfterNs, nowNs)) {
        if (!waits.fresh.remove(wait)) continue;
        waits.reported.add(wait);
        this.#report(wait, nowNs);
      }
      const { giveUpAfterNs } = waits.limit;
      if (giveUpAfterNs === null) continue;
      for (const list of [waits.reported, waits.fresh]) {
        for (const wait of dueOf(list, giveUpAfterNs, nowNs)) this.#giveUp(wait, waits.reason);
      }
    }
    this.#schedule(nowNs);
  }

  /** Nobody is accused, or given up, on the word of a wake-up that did not come: the kernel is asked again first. */
  #refreshDue(nowNs: bigint): void {
    const { fresh, limit } = this.#unsubmitted;
    const homes = new Set(dueOf(fresh, limit.reportAfterNs, nowNs).map((wait) => wait.home));
    for (const [wait, deadlineNs] of this.#grace) if (deadlineNs <= nowNs) homes.add(wait.home);
    for (const home of homes) home.refresh();
  }

  #endGrace(nowNs: bigint): void {
    for (const [wait, deadlineNs] of this.#grace) {
      if (deadlineNs > nowNs) break;
      if (this.#grace.delete(wait)) this.#giveUp(wait, 'never-submitted');
    }
  }

  #giveUp(wait: PointWait, reason: LostReason): void {
    if (wait.stage !== 'settled') wait.home.settle(wait, { type: 'lost', reason });
  }

  #report(wait: PointWait, nowNs: bigint): void {
    const { counters, tracer, log } = this.#options;
    const { phase, home, point } = wait;
    const ageNs = nowNs - wait.phaseSinceNs;
    if (phase === 'unsubmitted') counters.overdueUnsubmitted++;
    else counters.overdueSubmitted++;
    const { ownerName: owner, timelineId } = home;
    if (tracer.active) tracer.emit({ type: 'overdue', phase, ageNs, owner, timelineId, point });
    const key = `${phase} ${owner}`;
    if (this.#logged.has(key)) return;
    this.#logged.add(key);
    const what =
      phase === 'unsubmitted'
        ? 'is not submitted by the client'
        : 'is submitted, but the GPU is slow';
    log.warn(
      `${owner}: point ${point} of timeline@${timelineId} ${what} for ${ageNs / NS_PER_MS} ms`,
    );
  }
}

function phaseWaits(phase: FencePhase, limit: WatchdogLimit, reason: LostReason): PhaseWaits {
  const { reportAfterNs, giveUpAfterNs } = limit;
  const firstAfterNs =
    giveUpAfterNs !== null && giveUpAfterNs < reportAfterNs ? giveUpAfterNs : reportAfterNs;
  return {
    phase,
    limit,
    reason,
    firstAfterNs,
    fresh: new LinkedList(),
    reported: new LinkedList(),
  };
}

function first<T>(items: Iterable<T>): T | undefined {
  for (const item of items) return item;
  return undefined;
}

/** Those of `waits` (in order of age) that are at least this old. */
function dueOf(waits: Iterable<PointWait>, ageNs: bigint, nowNs: bigint): PointWait[] {
  const due: PointWait[] = [];
  for (const wait of waits) {
    if (wait.phaseSinceNs + ageNs > nowNs) break;
    due.push(wait);
  }
  return due;
}
