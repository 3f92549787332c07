/**
 * The pending waits of one timeline, and how each moves on.
 *
 * Two phases (kernel-facts F): a point is exported as a sync_file as soon as it has a fence, because only then is its error
 * still to be seen; the sync_file is polled and needs no device. What has no fence yet is armed and tried again.
 */
import type { Subscriber } from 'rxjs';
import type { OwnedFd } from '../native/fd.ts';
import { hasErrno } from '../native/errors.ts';
import { DeviceLostError, type ArmPhase, type Point } from '../devices/syncobj-device.ts';
import type { Account } from './budget.ts';
import type { SyncContext } from './context.ts';
import { BudgetExceededError } from './errors.ts';
import type { FenceOutcome } from './fence.ts';
import type { ImportTable } from './import-table.ts';
import { insertByPoint, removeByPoint, upTo } from './point.ts';
import { PolledWait } from './polled-wait.ts';
import type { Registrations } from './registrations.ts';
import { SyncFileWatch, outcomeIfSignalled } from './sync-file-watch.ts';
import { traceOutcome } from './trace-outcome.ts';
import { PointWait, type WaitHome } from './wait.ts';

/** What the waits need from their timeline and its owner. */
export interface WaitListHost extends WaitHome {
  readonly imports: ImportTable;
  readonly registrations: Registrations;
  /** The owner's shared eventfd of this phase, made when first needed. SystemError: EMFILE. */
  eventfd(phase: ArmPhase): number;
  /** The kernel has taken a registration of that eventfd. */
  onArmed(phase: ArmPhase): void;
  /** Decides what becomes of a wait that no live device knows. */
  rehomeWait(wait: PointWait): void;
  /** Something is pending that wake-ups concern. */
  activate(): void;
  /** Something could not be done for want of room: try again later. */
  retryLater(): void;
  /** Nothing may be armed: ask how far it is every now and then. */
  pollLater(): void;
  /** A wait ended. */
  onWaitEnded(): void;
}

type ExportResult = 'exported' | 'unsubmitted' | 'no-room' | 'lost';

export class WaitList {
  readonly #context: SyncContext;
  readonly #account: Account;
  readonly #host: WaitListHost;
  readonly #byPoint = new Map<Point, PointWait>();
  readonly #queued: PointWait[] = [];
  readonly #blind: PointWait[] = [];
  /** Queued waits of an early-exporting strategy that are polled. */
  readonly #polled = new WeakSet<PointWait>();
  /** The last fence had signalled before it was exported: worth a look before polling the next one. */
  #expectSignalled = true;
  /** The last point had no fence yet when it was first asked for. */
  #expectUnsubmitted = false;

  constructor(context: SyncContext, account: Account, host: WaitListHost) {
    this.#context = context;
    this.#account = account;
    this.#host = host;
  }

  get size(): number {
    return this.#byPoint.size;
  }

  /** Waits that hold no sync_file: those need a device. */
  get unfenced(): number {
    return this.#queued.length + this.#blind.length;
  }

  get blind(): number {
    return this.#blind.length;
  }

  [Symbol.iterator](): Iterator<PointWait> {
    return this.#byPoint.values();
  }

  unfencedWaits(): PointWait[] {
    return [...this.#queued, ...this.#blind];
  }

  /** Awaits `point`; equal points share one wait. BudgetExceededError: the wait was not begun. */
  join(point: Point, subscriber: Subscriber<FenceOutcome>): PointWait {
    const existing = this.#byPoint.get(point);
    if (existing) {
      existing.join(subscriber);
      return existing;
    }
    this.#account.take('waits');
    const wait = new PointWait(this.#host, point, this.#context.clock.nowNs());
    this.#byPoint.set(point, wait);
    insertByPoint(this.#queued, wait);
    wait.join(subscriber);
    this.#context.watchdog.add(wait);
    this.#trace('wait', wait);
    try {
      this.#begin(wait);
    } catch (error) {
      wait.abandon();
      this.#detach(wait);
      throw error;
    }
    return wait;
  }

  /** A subscriber does not want to know any more. The last one ends the wait; its registration is simply forgotten. */
  leave(wait: PointWait, subscriber: Subscriber<FenceOutcome>): void {
    if (!wait.leave(subscriber) || wait.stage === 'settled') return;
    this.#detach(wait);
    this.#context.counters.cancelled++;
    this.#trace('cancelled', wait);
    this.#host.onWaitEnded();
  }

  /** Ends a wait. */
  settle(wait: PointWait, outcome: FenceOutcome): void {
    if (wait.stage === 'settled') return;
    this.#detach(wait);
    traceOutcome(this.#context, this.#host.ownerName, this.#host.timelineId, wait.point, outcome);
    wait.deliver(outcome);
    this.#host.onWaitEnded();
  }

  /**
   * The batched query says that every point up to `reached` has a fence. Returns whether something was armed anew, so that the
   * caller has to query once more (the fence may have come just before).
   */
  onSubmitted(reached: Point): boolean {
    for (const wait of upTo(this.#queued, reached)) {
      if (wait.stage !== 'queued') continue;
      this.#trace('available', wait);
      const result = this.#tryExport(wait);
      if (result === 'lost') return false;
      if (result !== 'exported') this.#goBlindForNow(wait);
    }
    for (const wait of upTo(this.#blind, reached)) this.#markSubmitted(wait);
    return this.rearm();
  }

  /** The batched query says that every point up to `reached` has signalled: an end for those without a sync_file. */
  onSignalled(reached: Point): void {
    const seesErrors = this.#context.strategy.waitsOn !== 'eventfd';
    for (const wait of upTo(this.#blind, reached)) {
      if (wait.stage !== 'blind') continue;
      const result = seesErrors ? this.#readOutcome(wait) : 'unsubmitted';
      // Whoever knows the timeline next is asked again: a failure must not pass for want of a device or a descriptor.
      if (result === 'lost') return;
      if (result === 'unsubmitted') this.assumeSignalled(wait);
      if (result !== 'no-room') continue;
      wait.unread = true;
      this.#host.retryLater();
    }
  }

  /** Ends a wait as signalled without having seen its fence. */
  assumeSignalled(wait: PointWait): void {
    const timestampNs = this.#context.clock.nowNs();
    this.settle(wait, { type: 'signalled', timestampNs, errorsVisible: false });
  }

  /** All waits without a sync_file end so, their `signalled` eventfds being known to have fired. */
  assumeBlindSignalled(): void {
    for (const wait of this.#blind.slice()) this.assumeSignalled(wait);
  }

  /** Arms what has to be armed and is not: the smallest queued point, and each blind one. Returns whether any was. */
  rearm(): boolean {
    let armed = false;
    try {
      const [next] = this.#queued;
      if (this.#context.strategy.exportsEarly) this.#pollQueued();
      else if (next) armed = this.#arm(next, 'available');
      for (const wait of this.#blind.slice()) {
        // An eventfd for what has signalled would fire again and again.
        if (!wait.unread && this.#arm(wait, 'signalled')) armed = true;
      }
    } catch (error) {
      if (!(error instanceof BudgetExceededError)) throw error;
      this.#host.retryLater();
    }
    return armed;
  }

  /** There may be room now for the sync_files that blind waits do without. */
  retryBlind(): void {
    if (this.#context.strategy.waitsOn === 'eventfd') return;
    for (const wait of this.#blind.slice()) {
      if (wait.stage !== 'blind') continue;
      const result = wait.unread ? this.#readOutcome(wait) : this.#tryExport(wait);
      if (result === 'lost') return;
      if (result === 'no-room') this.#host.retryLater();
      else if (result === 'unsubmitted') this.#requeue(wait);
    }
  }

  /** A poll of an early-exporting strategy. True: the wait needs no further polls. */
  pollExport(wait: PointWait): boolean {
    if (wait.stage !== 'queued') return true;
    const result = this.#exportOrGoBlind(wait);
    return result === 'exported' || result === 'no-room';
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

  #begin(wait: PointWait): void {
    if (!this.#host.imports.current) this.#host.rehomeWait(wait);
    if (wait.stage === 'settled') return;
    this.#host.activate();
    if (!this.#host.imports.current) return;
    if (this.#context.strategy.waitsOn === 'eventfd') return this.#goBlind(wait);
    if (this.#context.strategy.exportsEarly) {
      if (this.#exportOrGoBlind(wait) === 'unsubmitted') this.#pollQueued();
      return;
    }
    // A client that commits before it submits will do so again: one attempt after arming is then enough.
    if (!this.#expectUnsubmitted) {
      this.#expectUnsubmitted = this.#exportOrGoBlind(wait) === 'unsubmitted';
      // Once armed, look again: the fence may have come between the export and the arming.
      if (this.#expectUnsubmitted && this.#arm(wait, 'available')) this.#exportOrGoBlind(wait);
      return;
    }
    this.#arm(wait, 'available');
    this.#expectUnsubmitted = this.#exportOrGoBlind(wait) === 'unsubmitted';
  }

  #exportOrGoBlind(wait: PointWait): ExportResult {
    const result = this.#tryExport(wait);
    if (result === 'no-room') this.#goBlindForNow(wait);
    return result;
  }

  /** A failure is seen for sure only through a sync_file: it is tried again when there may be room. */
  #goBlindForNow(wait: PointWait): void {
    this.#goBlind(wait);
    this.#host.retryLater();
  }

  /** Its fence has signalled: a sync_file is needed for a moment only, so no budget stands against it. */
  #readOutcome(wait: PointWait): ExportResult {
    this.#expectSignalled = true;
    return this.#export(wait);
  }

  #pollQueued(): void {
    for (const wait of this.#queued) {
      if (this.#polled.has(wait)) continue;
      this.#polled.add(wait);
      this.#context.exportPoll.add(new PolledWait(this, wait));
    }
  }

  #tryExport(wait: PointWait): ExportResult {
    if (!this.#host.imports.current) return 'lost';
    return this.#account.hasRoom('fds') ? this.#export(wait) : 'no-room';
  }

  #export(wait: PointWait): ExportResult {
    const at = this.#host.imports.current;
    if (!at) return 'lost';
    try {
      return this.#hold(wait, at.device.exportSyncFile(at.handle, wait.point));
    } catch (error) {
      if (error instanceof DeviceLostError) {
        this.#context.deviceLost(at.device);
        return 'lost';
      }
      return hasErrno(error, 'EINVAL') ? 'unsubmitted' : 'no-room';
    }
  }

  /** From here on the wait needs no device. */
  #hold(wait: PointWait, fd: OwnedFd): ExportResult {
    if (this.#expectSignalled) {
      const outcome = this.#peek(fd);
      if (outcome) {
        fd.close();
        this.#trace('sync-file', wait);
        this.settle(wait, outcome);
        return 'exported';
      }
      this.#expectSignalled = false;
    }
    try {
      wait.fence = new SyncFileWatch(this.#context, fd, (outcome) => {
        if (outcome.type !== 'lost')
          this.#expectSignalled = outcome.timestampNs <= wait.phaseSinceNs;
        this.settle(wait, outcome);
      });
    } catch {
      return 'no-room';
    }
    this.#account.take('fds');
    this.#unlist(wait);
    wait.stage = 'sync-file';
    this.#markSubmitted(wait);
    this.#trace('sync-file', wait);
    wait.tellFence();
    return 'exported';
  }

  #peek(fd: OwnedFd): FenceOutcome | undefined {
    try {
      return outcomeIfSignalled(this.#context, fd.fd);
    } catch {
      return undefined; // ENOMEM: polling it comes to the same, later.
    }
  }

  #goBlind(wait: PointWait): void {
    if (wait.stage !== 'queued') return;
    this.#unlist(wait);
    wait.stage = 'blind';
    insertByPoint(this.#blind, wait);
    this.#arm(wait, 'signalled');
  }

  /** It went blind before there was a fence to export. */
  #requeue(wait: PointWait): void {
    this.#unlist(wait);
    wait.stage = 'queued';
    insertByPoint(this.#queued, wait);
  }

  /** BudgetExceededError comes out; whatever else fails is recovered or tried again. */
  #arm(wait: PointWait, phase: ArmPhase): boolean {
    const at = this.#host.imports.current;
    if (!at) return false;
    try {
      const eventfd = this.#host.eventfd(phase);
      const result = this.#host.registrations.ensure(at, wait.point, phase, eventfd);
      if (result === 'full') this.#host.pollLater();
      if (result !== 'armed') return false;
      this.#host.activate();
      this.#host.onArmed(phase);
      const { tracer } = this.#context;
      if (tracer.active)
        tracer.emit({ type: 'arm', phase, device: at.device.id, ...this.#ref(wait) });
      return true;
    } catch (error) {
      if (error instanceof BudgetExceededError) throw error;
      if (error instanceof DeviceLostError) this.#context.deviceLost(at.device);
      else this.#host.retryLater();
      return false;
    }
  }

  #markSubmitted(wait: PointWait): void {
    if (wait.phase === 'submitted') return;
    wait.phase = 'submitted';
    wait.phaseSinceNs = this.#context.clock.nowNs();
    this.#context.watchdog.submitted(wait);
  }

  #unlist(wait: PointWait): void {
    if (wait.stage === 'queued') removeByPoint(this.#queued, wait);
    else if (wait.stage === 'blind') removeByPoint(this.#blind, wait);
    wait.unread = false;
  }

  #detach(wait: PointWait): void {
    this.#unlist(wait);
    if (wait.fence) {
      wait.fence.close();
      wait.fence = undefined;
      this.#account.give('fds');
    }
    wait.stage = 'settled';
    this.#byPoint.delete(wait.point);
    this.#context.watchdog.remove(wait);
    this.#account.give('waits');
  }

  #trace(type: 'wait' | 'available' | 'sync-file' | 'cancelled', wait: PointWait): void {
    const { tracer } = this.#context;
    if (tracer.active) tracer.emit({ type, ...this.#ref(wait) });
  }

  #ref(wait: PointWait): { owner: string; timelineId: number; point: Point } {
    return {
      owner: this.#host.ownerName,
      timelineId: this.#host.timelineId,
      point: wait.point,
    };
  }
}
