/**
 * Armed eventfds of one syncobj, as far as they can still fire.
 *
 * The kernel cannot cancel a registration; it hangs on the syncobj and fires whichever device comes or goes (kernel-facts A).
 * So they are counted until their point is reached, and an armed one serves again: `available` is armed for the smallest
 * pending point only, since a later point's fence makes every earlier one available too.
 */
import type { ArmPhase, Point } from '../devices/syncobj-device.ts';
import type { Account } from './budget.ts';
import type { TimelineImport } from './import-table.ts';
import type { LeftBehind } from './left-behind.ts';
import { dropReached, hasPoint, insertByPoint, type AtPoint } from './point.ts';

/** `served`: an armed one will do. `full`: nothing more is armed for this peer, the point has to be polled. */
export type ArmResult = 'armed' | 'served' | 'full';

export class Registrations {
  readonly #account: Account;
  readonly #leftBehind: LeftBehind;
  readonly #available: AtPoint[] = [];
  readonly #signalled: AtPoint[] = [];

  constructor(account: Account, leftBehind: LeftBehind) {
    this.#account = account;
    this.#leftBehind = leftBehind;
  }

  get available(): number {
    return this.#available.length;
  }

  get signalled(): number {
    return this.#signalled.length;
  }

  get size(): number {
    return this.#available.length + this.#signalled.length;
  }

  /**
   * Sees to it that `eventfd` will fire for `point`. When it was `armed` the caller has to look once more. Errors:
   * BudgetExceededError, DeviceLostError, SystemError; then nothing is registered.
   */
  ensure(at: TimelineImport, point: Point, phase: ArmPhase, eventfd: number): ArmResult {
    const armed = phase === 'available' ? this.#available : this.#signalled;
    const smallest = armed[0];
    if (phase === 'available' && smallest && smallest.point <= point) return 'served';
    if (phase === 'signalled' && hasPoint(armed, point)) return 'served';
    if (this.#leftBehind.isFull(this.#account.peer)) return 'full';
    this.#account.registrations.take();
    try {
      at.device.arm(at.handle, point, phase, eventfd);
    } catch (error) {
      this.#account.registrations.give();
      throw error;
    }
    insertByPoint(armed, { point });
    return 'armed';
  }

  /** Whether the kernel has taken a registration for exactly this point. */
  isArmed(phase: ArmPhase, point: Point): boolean {
    return hasPoint(phase === 'available' ? this.#available : this.#signalled, point);
  }

  /** Those up to `reached` have fired. */
  reached(phase: ArmPhase, reached: Point): void {
    const armed = phase === 'available' ? this.#available : this.#signalled;
    for (let fired = dropReached(armed, reached); fired > 0; fired--)
      this.#account.registrations.give();
  }

  /** The syncobj is let go of: what is still armed cannot be followed any longer. */
  clear(): void {
    this.#leftBehind.book(this.#account.peer, this.size);
    for (let left = this.size; left > 0; left--) this.#account.registrations.give();
    this.#available.length = 0;
    this.#signalled.length = 0;
  }
}
