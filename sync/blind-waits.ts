/**
 * The pending waits of one timeline without a sync_file: there was no room for one, or the strategy wants none. The `signalled`
 * eventfd tells their end, and not how it went; whatever still can be asked for that is asked first.
 */
import type { Point } from '../devices/syncobj-device.ts';
import { armPoint, type ArmingHost } from './arming.ts';
import type { SyncContext } from './context.ts';
import type { NoFence, PointFences, TakenFence } from './point-fences.ts';
import { insertByPoint, removeByPoint, upTo } from './point.ts';
import type { PointWait } from './wait.ts';

/** The list they are part of. */
export interface BlindWaitsHost {
  /** Ends the wait with its fence, or holds that (taken). */
  hold(wait: PointWait, fence: TakenFence): 'held' | NoFence;
  /** Ends it as signalled without having seen its fence. */
  assumeSignalled(wait: PointWait): void;
  /** It went blind before there was a fence to export. */
  requeue(wait: PointWait): void;
}

export class BlindWaits {
  readonly #context: SyncContext;
  readonly #arming: ArmingHost;
  readonly #fences: PointFences;
  readonly #host: BlindWaitsHost;
  readonly #waits: PointWait[] = [];

  constructor(context: SyncContext, arming: ArmingHost, fences: PointFences, host: BlindWaitsHost) {
    this.#context = context;
    this.#arming = arming;
    this.#fences = fences;
    this.#host = host;
  }

  get size(): number {
    return this.#waits.length;
  }

  /** In order of points; not to be kept: what is done with one may change it. */
  get all(): readonly PointWait[] {
    return this.#waits;
  }

  /** BudgetExceededError: it is blind all the same, and nothing is armed for it. */
  add(wait: PointWait): void {
    wait.stage = 'blind';
    insertByPoint(this.#waits, wait);
    this.#arm(wait);
  }

  remove(wait: PointWait): void {
    removeByPoint(this.#waits, wait);
    wait.unread = false;
  }

  /** Those that the batched query says to have a fence. A copy. */
  upTo(reached: Point): PointWait[] {
    return upTo(this.#waits, reached);
  }

  /** The batched query says that every point up to `reached` has signalled. */
  onSignalled(reached: Point): void {
    const signalled = upTo(this.#waits, reached);
    // All of them before any is asked for: a device that is lost meanwhile may be the last that could tell more.
    for (const wait of signalled) wait.unread = true;
    for (const wait of signalled) {
      if (wait.stage !== 'blind') continue;
      if (!this.#seesErrors) {
        this.#host.assumeSignalled(wait);
        continue;
      }
      const result = this.#host.hold(wait, this.#fences.takeSignalled(wait.point));
      // Whoever knows the timeline next is asked again: a failure must not pass for want of a device or a descriptor.
      if (result === 'lost') return;
      if (result === 'unsubmitted') this.#host.assumeSignalled(wait);
      if (result === 'no-room') this.#arming.retryLater();
    }
  }

  /** Every armed `signalled` eventfd is known to have fired, and no device can be asked. What could not be armed waits on. */
  assumeSignalled(): void {
    const { registrations } = this.#arming;
    for (const wait of this.#waits.slice()) {
      if (registrations.isArmed('signalled', wait.point)) this.#host.assumeSignalled(wait);
    }
  }

  /** Arms what has to be armed and is not. Returns whether any was. BudgetExceededError. */
  rearm(): boolean {
    if (this.#waits.length === 0) return false;
    let armed = false;
    for (const wait of this.#waits.slice()) {
      // An eventfd for what has signalled would fire again and again.
      if (!wait.unread && this.#arm(wait)) armed = true;
    }
    return armed;
  }

  /** There may be room now for the sync_files that they do without. */
  retry(): void {
    if (!this.#seesErrors) return;
    for (const wait of this.#waits.slice()) {
      if (wait.stage !== 'blind') continue;
      const { point, unread } = wait;
      const fence = unread ? this.#fences.takeSignalled(point) : this.#fences.take(point);
      const result = this.#host.hold(wait, fence);
      if (result === 'lost') return;
      if (result === 'no-room') this.#arming.retryLater();
      else if (result === 'unsubmitted') this.#host.requeue(wait);
    }
  }

  get #seesErrors(): boolean {
    return this.#context.strategy.waitsOn !== 'eventfd';
  }

  #arm(wait: PointWait): boolean {
    return armPoint(this.#context, this.#arming, wait.point, 'signalled');
  }
}
