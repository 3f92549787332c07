/**
 * The pending waits of one timeline, and how each moves on.
 *
 * Two phases (kernel-facts F): a point is exported as a sync_file as soon as it has a fence, because only then is its error
 * still to be seen; the sync_file is polled and needs no device. What has no fence yet is armed and tried again.
 */
import { OwnedFd } from '../native/fd.ts';
import type { Point } from '../devices/syncobj-device.ts';
import { armPoint, type ArmingHost } from './arming.ts';
import { BlindWaits, type BlindWaitsHost } from './blind-waits.ts';
import type { Account } from './budget.ts';
import type { SyncContext } from './context.ts';
import { BudgetExceededError } from './errors.ts';
import type { FenceOutcome } from './fence.ts';
import { PointFences, type NoFence, type TakenFence } from './point-fences.ts';
import { insertByPoint, removeByPoint } from './point.ts';
import { PolledWait } from './polled-wait.ts';
import { SyncFileWatch } from './sync-file-watch.ts';
import { traceOutcome } from './trace-outcome.ts';
import { PointWait, type WaitHome, type WaitObserver } from './wait.ts';

/** What the waits need from their timeline and its owner. */
export interface WaitListHost extends WaitHome, ArmingHost {
  /** Decides what becomes of a wait that no live device knows. */
  rehomeWait(wait: PointWait): void;
  /** A wait ended. */
  onWaitEnded(): void;
}

export class WaitList implements BlindWaitsHost {
  readonly #context: SyncContext;
  readonly #account: Account;
  readonly #host: WaitListHost;
  readonly #fences: PointFences;
  readonly #byPoint = new Map<Point, PointWait>();
  readonly #queued: PointWait[] = [];
  readonly #blind: BlindWaits;
  /** Queued waits of an early-exporting strategy that are polled. */
  readonly #polled = new WeakSet<PointWait>();
  /** The last point had no fence yet when it was first asked for. */
  #expectUnsubmitted = false;

  constructor(context: SyncContext, account: Account, host: WaitListHost) {
    this.#context = context;
    this.#account = account;
    this.#host = host;
    this.#fences = new PointFences(context, account, host.imports);
    this.#blind = new BlindWaits(context, host, this.#fences, this);
  }

  get size(): number {
    return this.#byPoint.size;
  }

  /** Waits that hold no sync_file: those need a device. */
  get unfenced(): number {
    return this.#queued.length + this.#blind.size;
  }

  get blind(): number {
    return this.#blind.size;
  }

  [Symbol.iterator](): Iterator<PointWait> {
    return this.#byPoint.values();
  }

  /** A copy: what is done with one may change them. */
  unfencedWaits(): PointWait[] {
    return this.#queued.concat(this.#blind.all);
  }

  /**
   * Awaits `point`; equal points share one wait. A point that has signalled, the usual case at a commit, answers at once and leaves no
   * wait. BudgetExceededError: the wait was not begun.
   */
  join(point: Point, observer: WaitObserver): PointWait | undefined {
    const existing = this.#byPoint.get(point);
    if (existing) {
      existing.join(observer);
      return existing;
    }
    const fence = this.#isWorthALook ? this.#fences.take(point) : undefined;
    if (fence === 'lost') {
      // Whoever was told of the loss may have asked for the same point meanwhile.
      const other = this.#byPoint.get(point);
      other?.join(observer);
      // Recovery may have found another device, which is then asked anew.
      return other ?? this.#add(point, observer, undefined);
    }
    if (fence === undefined || typeof fence === 'string' || fence instanceof OwnedFd)
      return this.#add(point, observer, fence);
    if (this.#context.tracer.active) {
      this.#trace('wait', point);
      this.#trace('sync-file', point);
    }
    this.#traceOutcome(point, fence);
    observer.next(fence);
    observer.complete();
    return undefined;
  }

  /** Somebody does not want to know any more. The last one ends the wait; its registration is simply forgotten. */
  leave(wait: PointWait, observer: WaitObserver): void {
    if (!wait.leave(observer) || wait.stage === 'settled') return;
    this.#detach(wait);
    this.#context.counters.cancelled++;
    this.#trace('cancelled', wait.point);
    this.#host.onWaitEnded();
  }

  /** Ends a wait. */
  settle(wait: PointWait, outcome: FenceOutcome): void {
    if (wait.stage === 'settled') return;
    this.#detach(wait);
    this.#traceOutcome(wait.point, outcome);
    wait.deliver(outcome, this.#context.log);
    this.#host.onWaitEnded();
  }

  /**
   * The batched query says that every point up to `reached` has a fence. Returns whether something was armed anew, so that the
   * caller has to query once more (the fence may have come just before).
   */
  onSubmitted(reached: Point): boolean {
    // Each leaves the queue, whatever comes of it.
    for (let wait = this.#queued[0]; wait && wait.point <= reached; wait = this.#queued[0]) {
      if (!this.#receive(wait)) return false;
    }
    for (const wait of this.#blind.upTo(reached)) this.#markSubmitted(wait);
    return this.rearm();
  }

  /** The one wait that needs a device, when there is one and it awaits its fence. */
  get only(): PointWait | undefined {
    return this.unfenced === 1 ? this.#queued[0] : undefined;
  }

  /** What {@link onFence} is to be called with; undefined when it is not to be had (now). */
  fenceOf(wait: PointWait): FenceOutcome | OwnedFd | undefined {
    const fence = this.#fences.take(wait.point);
    return typeof fence === 'string' ? undefined : fence;
  }

  /** A queued wait's point has a fence. Returns as {@link onSubmitted}. */
  onFence(wait: PointWait, fence: FenceOutcome | OwnedFd): boolean {
    return this.#receive(wait, fence) && this.rearm();
  }

  /** The batched query says that every point up to `reached` has signalled: an end for those without a sync_file. */
  onSignalled(reached: Point): void {
    this.#blind.onSignalled(reached);
  }

  /** Ends a wait as signalled without having seen its fence. */
  assumeSignalled(wait: PointWait): void {
    const timestampNs = this.#context.clock.nowNs();
    this.settle(wait, { type: 'signalled', timestampNs, errorsVisible: false });
  }

  /** Every armed `signalled` eventfd has fired, and no device can be asked: see {@link BlindWaits.assumeSignalled}. */
  assumeBlindSignalled(): void {
    this.#blind.assumeSignalled();
  }

  /** Arms what has to be armed and is not: the smallest queued point, and each blind one. Returns whether any was. */
  rearm(): boolean {
    let armed = false;
    try {
      const next = this.#queued[0];
      if (this.#context.strategy.exportsEarly) this.#pollQueued();
      else if (next) armed = this.#arm(next);
      if (this.#blind.rearm()) armed = true;
    } catch (error) {
      if (!(error instanceof BudgetExceededError)) throw error;
      this.#host.retryLater();
    }
    return armed;
  }

  /** There may be room now for the sync_files that blind waits do without. */
  retryBlind(): void {
    this.#blind.retry();
  }

  // --- for its blind waits --------------------------------------------------------

  /** Ends the wait with its fence, or holds that (taken): from here on the wait needs no device. */
  hold(wait: PointWait, fence: TakenFence): 'held' | NoFence {
    if (typeof fence === 'string') return fence;
    if (!(fence instanceof OwnedFd)) {
      this.#trace('sync-file', wait.point);
      this.settle(wait, fence);
      return 'held';
    }
    // Taken of what should have signalled, without regard to the budget, and not over after all.
    if (!this.#account.fds.hasRoom) {
      fence.close();
      return 'no-room';
    }
    try {
      wait.fence = new SyncFileWatch(this.#context, fence, (outcome) => {
        if (outcome.type !== 'lost') this.#fences.observe(outcome.timestampNs <= wait.phaseSinceNs);
        this.settle(wait, outcome);
      });
    } catch {
      return 'no-room';
    }
    this.#account.fds.take();
    this.#unlist(wait);
    wait.stage = 'sync-file';
    this.#markSubmitted(wait);
    this.#trace('sync-file', wait.point);
    wait.hintDeadline();
    wait.tellFence();
    return 'held';
  }

  /** It went blind before there was a fence to export. */
  requeue(wait: PointWait): void {
    this.#unlist(wait);
    wait.stage = 'queued';
    insertByPoint(this.#queued, wait);
  }

  /** A poll of an early-exporting strategy. True: the wait needs no further polls. */
  pollExport(wait: PointWait): boolean {
    if (wait.stage !== 'queued') return true;
    const result = this.hold(wait, this.#fences.take(wait.point));
    if (result === 'no-room') this.#fallBlind(wait);
    return result === 'held' || result === 'no-room';
  }

  /** A hint to the drivers that held fences are needed by then. */
  hintDeadline(deadlineNs: bigint): void {
    for (const wait of this.#byPoint.values()) wait.fence?.hintDeadline(deadlineNs);
  }

  /** The owner goes: nobody is told. */
  dispose(): void {
    for (const wait of this.#byPoint.values()) {
      wait.abandon();
      this.#detach(wait);
    }
  }

  /** Whether to look at a point's fence before anything is made for a wait. */
  get #isWorthALook(): boolean {
    return (
      !this.#expectUnsubmitted &&
      this.#fences.signalledBefore &&
      this.#host.imports.current !== undefined &&
      this.#context.strategy.waitsOn !== 'eventfd'
    );
  }

  /** Takes `fence`, what a look at the point has brought already. */
  #add(point: Point, observer: WaitObserver, fence: OwnedFd | NoFence | undefined): PointWait {
    try {
      this.#account.waits.take();
    } catch (error) {
      if (fence instanceof OwnedFd) fence.close();
      throw error;
    }
    const wait = new PointWait(this.#host, point, this.#context.clock.nowNs());
    this.#byPoint.set(point, wait);
    insertByPoint(this.#queued, wait);
    wait.join(observer);
    this.#context.watchdog.add(wait);
    this.#trace('wait', point);
    try {
      this.#begin(wait, fence);
    } catch (error) {
      wait.abandon();
      this.#detach(wait);
      throw error;
    }
    return wait;
  }

  #begin(wait: PointWait, fence: OwnedFd | NoFence | undefined): void {
    if (!this.#host.imports.current) this.#host.rehomeWait(wait);
    if (wait.stage === 'settled') return;
    this.#host.activate();
    if (!this.#host.imports.current) return;
    if (this.#context.strategy.waitsOn === 'eventfd') return this.#goBlind(wait);
    // A client that commits before it submits will do so again: one attempt after arming is then enough.
    const isExpected = this.#expectUnsubmitted;
    if (!isExpected || this.#context.strategy.exportsEarly) {
      const result = this.#holdOrGoBlind(wait, fence ?? this.#fences.take(wait.point));
      if (this.#context.strategy.exportsEarly) {
        if (result === 'unsubmitted') this.#pollQueued();
        return;
      }
      this.#expectUnsubmitted = result === 'unsubmitted';
      if (!this.#expectUnsubmitted) return;
    }
    // Once armed, look again: the fence may have come between the export and the arming.
    if (!this.#arm(wait) && !isExpected) return;
    const result = this.#holdOrGoBlind(wait, this.#fences.take(wait.point));
    if (isExpected) this.#expectUnsubmitted = result === 'unsubmitted';
  }

  /** A queued wait's point has a fence, which is taken already or now. False: there is no device any more. */
  #receive(wait: PointWait, fence?: TakenFence): boolean {
    this.#trace('available', wait.point);
    const result = this.hold(wait, fence ?? this.#fences.take(wait.point));
    if (result === 'lost') return false;
    if (result !== 'held') this.#fallBlind(wait);
    return true;
  }

  #holdOrGoBlind(wait: PointWait, fence: TakenFence): 'held' | NoFence {
    const result = this.hold(wait, fence);
    if (result === 'no-room') this.#goBlindForNow(wait);
    return result;
  }

  /** A failure is seen for sure only through a sync_file: it is tried again when there may be room. */
  #goBlindForNow(wait: PointWait): void {
    this.#goBlind(wait);
    this.#host.retryLater();
  }

  /** As {@link #goBlindForNow}, of a wait that has begun: what may not be armed now is armed later. */
  #fallBlind(wait: PointWait): void {
    try {
      this.#goBlindForNow(wait);
    } catch (error) {
      if (!(error instanceof BudgetExceededError)) throw error;
      this.#host.retryLater();
    }
  }

  #pollQueued(): void {
    for (const wait of this.#queued) {
      if (this.#polled.has(wait)) continue;
      this.#polled.add(wait);
      this.#context.exportPoll.add(new PolledWait(this, wait));
    }
  }

  #goBlind(wait: PointWait): void {
    if (wait.stage !== 'queued') return;
    this.#unlist(wait);
    this.#blind.add(wait);
  }

  #arm(wait: PointWait): boolean {
    return armPoint(this.#context, this.#host, wait.point, 'available');
  }

  #markSubmitted(wait: PointWait): void {
    if (wait.phase === 'submitted') return;
    wait.phase = 'submitted';
    wait.phaseSinceNs = this.#context.clock.nowNs();
    this.#context.watchdog.submitted(wait);
  }

  #unlist(wait: PointWait): void {
    if (wait.stage === 'queued') removeByPoint(this.#queued, wait);
    else if (wait.stage === 'blind') this.#blind.remove(wait);
  }

  #detach(wait: PointWait): void {
    this.#unlist(wait);
    if (wait.fence) {
      wait.fence.close();
      wait.fence = undefined;
      this.#account.fds.give();
    }
    wait.stage = 'settled';
    this.#byPoint.delete(wait.point);
    this.#context.watchdog.remove(wait);
    this.#account.waits.give();
  }

  #trace(type: 'wait' | 'available' | 'sync-file' | 'cancelled', point: Point): void {
    const { tracer } = this.#context;
    if (tracer.active) tracer.emit({ type, ...this.#ref(point) });
  }

  #traceOutcome(point: Point, outcome: FenceOutcome): void {
    traceOutcome(this.#context, this.#host.ownerName, this.#host.timelineId, point, outcome);
  }

  #ref(point: Point): { owner: string; timelineId: number; point: Point } {
    return { owner: this.#host.ownerName, timelineId: this.#host.timelineId, point };
  }
}
