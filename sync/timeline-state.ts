/**
 * What stands behind a client's timeline object: the syncobj in its devices, its pending waits and its unsignalled releases.
 *
 * It outlives the object: until the last wait and the last release are over.
 */
import type { OwnedFd } from '../native/fd.ts';
import type { ArmPhase, Point, QueryKind, SyncobjDevice } from '../devices/syncobj-device.ts';
import type { Account } from './budget.ts';
import type { SyncContext } from './context.ts';
import type { FenceOutcome } from './fence.ts';
import { ImportTable, type TimelineImport } from './import-table.ts';
import type { LossPlan } from './recovery.ts';
import { Registrations } from './registrations.ts';
import { ReleaseDebts, type Debt, type ReleaseDebtsHost } from './release-debts.ts';
import type { Retryable } from './retry.ts';
import type { PointWait } from './wait.ts';
import { WaitList, type WaitListHost } from './wait-list.ts';
import type { Awaited, Wakeups } from './wakeups.ts';

/** What a timeline needs from its owner. */
export interface TimelineHost {
  readonly account: Account;
  readonly wakeups: Wakeups;
  /** Nothing is left of the timeline. */
  onTimelineEnded(state: TimelineState): void;
}

export class TimelineState implements WaitListHost, ReleaseDebtsHost, Awaited, Retryable {
  readonly timelineId: number;
  readonly imports: ImportTable;
  readonly registrations: Registrations;
  readonly waits: WaitList;
  readonly debts: ReleaseDebts;
  readonly #context: SyncContext;
  readonly #host: TimelineHost;
  /** The client destroyed its object. */
  #destroyed = false;
  /** Neither handles nor fd are held any more. */
  #letGo = false;
  #wantsRetry = false;
  #wantsPoll = false;
  /** In the queue of what is polled; asks again until everything pending is armed, fenced or over. */
  readonly #poll: Retryable = { retry: () => this.#pollNow() };

  /** Takes `fd`, for which and for the timeline the account has been charged. */
  constructor(context: SyncContext, host: TimelineHost, timelineId: number, fd: OwnedFd) {
    this.#context = context;
    this.#host = host;
    this.timelineId = timelineId;
    this.imports = new ImportTable(context, host.account, timelineId, fd);
    this.registrations = new Registrations(host.account, context.leftBehind);
    this.waits = new WaitList(context, host.account, this);
    this.debts = new ReleaseDebts(context, host.account, this);
  }

  get ownerName(): string {
    return this.#host.account.name;
  }

  get current(): TimelineImport | undefined {
    return this.imports.current;
  }

  get parked(): boolean {
    return this.imports.current === undefined;
  }

  /** First import; see {@link ImportTable.place} for the errors. */
  place(): void {
    this.imports.place();
    if (!this.current && this.#context.recovery().devices.length > 0) this.retryLater();
  }

  settle(wait: PointWait, outcome: FenceOutcome): void {
    this.waits.settle(wait, outcome);
  }

  refresh(): void {
    this.#host.wakeups.scan();
  }

  // --- wake-ups -------------------------------------------------------------

  eventfd(phase: ArmPhase): number {
    return this.#host.wakeups.eventfd(phase);
  }

  onArmed(phase: ArmPhase): void {
    this.#host.wakeups.onArmed(phase);
  }

  activate(): void {
    this.#host.wakeups.activate(this);
  }

  wants(kind: QueryKind): boolean {
    if (kind === 'signalled') return this.waits.blind > 0 || this.registrations.signalled > 0;
    return this.waits.unfenced > 0 || this.registrations.available > 0;
  }

  onSubmitted(reached: Point): boolean {
    this.registrations.reached('available', reached);
    const armed = this.waits.onSubmitted(reached);
    this.#maybeLetGo();
    return armed;
  }

  onlyFired(): boolean {
    const wait = this.waits.only;
    // A registration of an earlier wait's may be the one.
    if (!wait || this.registrations.size !== 1) return false;
    if (!this.registrations.isArmed('available', wait.point)) return false;
    const fence = this.waits.fenceOf(wait);
    if (!fence) return false;
    this.registrations.reached('available', wait.point);
    if (this.waits.onFence(wait, fence)) this.#host.wakeups.scan();
    this.#maybeLetGo();
    return true;
  }

  onSignalled(reached: Point): void {
    this.registrations.reached('signalled', reached);
    this.waits.onSignalled(reached);
    this.#maybeLetGo();
  }

  onAllSignalled(): void {
    this.waits.assumeBlindSignalled();
  }

  // --- devices --------------------------------------------------------------

  /** Its handles in `device` are gone. */
  deviceLost(device: SyncobjDevice): void {
    if (this.imports.forget(device)) this.rehome();
  }

  /** A device came that may take what is pending. */
  deviceAdded(): void {
    if (this.#letGo) return;
    const { strategy } = this.#context;
    if (strategy.followsDevices) {
      for (const device of strategy.placeTimeline(this.#context.recovery()))
        this.imports.add(device);
    }
    if (!this.current) this.rehome();
  }

  /** Asks the strategy about everything pending that lacks a device. */
  rehome(): void {
    for (const wait of this.waits.unfencedWaits()) {
      if (wait.stage !== 'settled') this.rehomeWait(wait);
    }
    for (const debt of this.debts.all()) {
      this.rehomeDebt(debt);
      if (this.current) this.debts.pay(debt);
    }
    this.#maybeLetGo();
  }

  rehomeWait(wait: PointWait): void {
    const plan = this.#plan('wait');
    switch (plan.type) {
      case 'move':
        if (this.#moveTo(plan.device)) this.#context.counters.moved++;
        break;
      case 'assume-signalled':
        return this.waits.assumeSignalled(wait);
      case 'give-up':
        return this.settle(wait, { type: 'lost', reason: 'device-lost' });
      case 'park':
        // It has signalled, and nobody is left to tell how it ended.
        if (wait.unread) return this.waits.assumeSignalled(wait);
        break;
    }
    const { tracer } = this.#context;
    if (!this.current && tracer.active) {
      const { ownerName: owner, timelineId } = this;
      tracer.emit({ type: 'parked', owner, timelineId, point: wait.point });
    }
  }

  rehomeDebt(debt: Debt): void {
    const plan = this.#plan('release');
    switch (plan.type) {
      case 'move':
        if (this.#moveTo(plan.device)) this.#context.counters.moved++;
        break;
      case 'assume-signalled':
      case 'give-up':
        this.debts.abandon(debt, `strategy ${this.#context.strategy.name} gives it up`);
        break;
      case 'park':
        if (debt.release.due) this.debts.owe(debt, 'no live device knows the timeline');
        break;
    }
  }

  retryLater(): void {
    this.#wantsRetry = true;
    this.#context.retries.add(this);
  }

  pollLater(): void {
    this.#wantsPoll = true;
    this.#context.unarmed.add(this.#poll);
  }

  retry(): boolean {
    this.#wantsRetry = false;
    if (this.#letGo || (this.#destroyed && this.#idle)) return true;
    if (this.current) {
      this.waits.retryBlind();
      this.waits.rearm();
    } else {
      this.#retryImport();
    }
    this.#host.wakeups.scan();
    return !this.#wantsRetry;
  }

  // --- end ------------------------------------------------------------------

  onWaitEnded(): void {
    this.#maybeLetGo();
  }

  onDebtEnded(): void {
    this.#maybeLetGo();
  }

  /** The client destroyed its object: what is pending keeps the syncobj. */
  destroy(): void {
    this.#destroyed = true;
    this.#maybeLetGo();
  }

  /**
   * The owner's client is gone. Debts are to be finished before; what could not be paid stays owed where that has a chance and
   * `keep` is set, and keeps the syncobj.
   */
  retire(keep: boolean): void {
    this.#destroyed = true;
    this.waits.dispose();
    this.registrations.clear();
    const hasChance = this.current !== undefined || this.imports.keepsFd;
    if (!keep || !hasChance) this.debts.dispose();
    if (this.debts.size === 0) this.#letGoNow();
  }

  get #idle(): boolean {
    return this.waits.unfenced === 0 && this.debts.size === 0;
  }

  #pollNow(): boolean {
    this.#wantsPoll = false;
    if (this.#letGo || this.waits.unfenced === 0) return true;
    this.waits.rearm();
    this.#host.wakeups.scan();
    return !this.#wantsPoll || this.waits.unfenced === 0;
  }

  #plan(kind: 'wait' | 'release'): LossPlan {
    if (this.current) return { type: 'move', device: this.current.device };
    const { strategy, log } = this.#context;
    const context = this.#context.recovery();
    const lost = this.imports.lastLost;
    try {
      if (lost === undefined) {
        const [device] = strategy.placeTimeline(context);
        return device ? { type: 'move', device } : { type: 'park' };
      }
      if (kind === 'wait') return strategy.onWaitLost(lost, context);
      return strategy.onReleaseLost(lost, context);
    } catch (error) {
      // A user's own strategy: its bug must not take what others are owed.
      log.error(`strategy ${strategy.name} failed`, error);
      return { type: 'park' };
    }
  }

  /** The first import, or the one a move needs, found no room before. */
  #retryImport(): void {
    if (!this.#idle) return this.rehome();
    const plan = this.#plan('wait');
    if (plan.type === 'move') this.#moveTo(plan.device);
  }

  #moveTo(device: SyncobjDevice): boolean {
    const before = this.current;
    switch (this.imports.moveTo(device)) {
      case 'done':
        this.activate();
        // While no device could be asked, trying again came to nothing: a failure is seen through a sync_file alone.
        if (!before) this.waits.retryBlind();
        // What fired while no device could be asked was not understood: such a registration serves nobody any more.
        if (this.registrations.size > 0) this.#host.wakeups.scan();
        // Whoever made it move, the device is there for every debt that is owed.
        for (const debt of this.debts.all()) if (debt.release.due) this.debts.pay(debt);
        return true;
      case 'retry':
        this.retryLater();
        return false;
      case 'invalid':
        this.#onInvalid();
        return false;
      case 'gone':
      case 'impossible':
        return false;
    }
  }

  /** It was taken unseen while no device was there, and turns out to be no syncobj. */
  #onInvalid(): void {
    this.#context.log.warn(`${this.ownerName}: timeline@${this.timelineId} is not a DRM syncobj`);
    for (const wait of this.waits.unfencedWaits())
      this.settle(wait, { type: 'lost', reason: 'timeline-gone' });
    for (const debt of this.debts.all()) this.debts.abandon(debt, 'not a syncobj', true);
  }

  /** Registrations that still can fire are followed as long as a device knows the syncobj. */
  #maybeLetGo(): void {
    if (!this.#destroyed || !this.#idle) return;
    if (this.registrations.size > 0 && this.current && !this.#letGo) return;
    this.#letGoNow();
  }

  #letGoNow(): void {
    if (!this.#letGo) {
      this.#letGo = true;
      this.#context.retries.remove(this);
      this.#context.unarmed.remove(this.#poll);
      this.#host.wakeups.deactivate(this);
      this.registrations.clear();
      this.imports.dispose();
      this.#host.account.timelines.give();
    }
    if (this.waits.size === 0) this.#host.onTimelineEnded(this);
  }
}
