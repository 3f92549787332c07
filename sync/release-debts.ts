/** The unsignalled release points of one timeline, and how each is paid. */
import type { OwnedFd } from '../native/fd.ts';
import { EPOLLIN, type Watch } from '../native/poller.ts';
import { DeviceLostError, type Point } from '../devices/syncobj-device.ts';
import type { Account } from './budget.ts';
import type { SyncContext } from './context.ts';
import type { ImportTable, TimelineImport } from './import-table.ts';
import { LinkedList, type Linked } from './linked-list.ts';
import { NO_FENCES, ReleasePoint, type ReleaseHome } from './release.ts';
import type { Retryable } from './retry.ts';
import type { SignalBatch, Signallable } from './signal-batch.ts';

export interface ReleaseDebtsHost {
  readonly ownerName: string;
  readonly timelineId: number;
  readonly imports: ImportTable;
  /** Decides what becomes of a debt that no live device knows. */
  rehomeDebt(debt: Debt): void;
  onDebtEnded(): void;
}

/** One release point until it is signalled. */
export class Debt<T = unknown> implements Signallable, Retryable, ReleaseHome, Linked<Debt> {
  readonly release: ReleasePoint<T>;
  /** Of the timeline's debts, while it is one of them. */
  list: LinkedList<Debt> | undefined;
  previous: Debt | undefined;
  next: Debt | undefined;
  readonly #debts: ReleaseDebts;
  /** What the uses left running: one is imported into the point, several that could not be merged are awaited in turn. */
  fences: readonly OwnedFd[] = NO_FENCES;
  /** While the first of `fences` is awaited. */
  fenceWatch: Watch | undefined;
  /** The device refused the import of a fence: the CPU signals when the fences are over. */
  byCpu = false;
  wantsRetry = false;
  /** Handed to the batch, which has not got to it yet. */
  #inBatch = false;

  constructor(debts: ReleaseDebts, timeline: T, point: Point) {
    this.#debts = debts;
    this.release = new ReleasePoint(timeline, point, this);
  }

  onDue(fences: readonly OwnedFd[]): void {
    this.#debts.onDue(this, fences);
  }

  get point(): Point {
    return this.release.point;
  }

  get signalAt(): TimelineImport | undefined {
    return this.#debts.current;
  }

  /** Signals by the CPU, once, however often it is asked for before the batch gets to it. */
  signal(signals: SignalBatch): void {
    if (this.#inBatch) return;
    this.#inBatch = true;
    signals.add(this);
  }

  signalled(): void {
    this.#inBatch = false;
    this.#debts.paid(this, 'cpu');
  }

  unsignalled(): void {
    this.#inBatch = false;
    this.#debts.owe(this, 'no live device knows the timeline');
  }

  signalFailed(error: unknown): void {
    this.#inBatch = false;
    this.#debts.owe(this, String(error));
    this.#debts.payLater(this);
  }

  retry(): boolean {
    this.wantsRetry = false;
    this.#debts.pay(this);
    return !this.wantsRetry;
  }
}

export class ReleaseDebts {
  readonly #context: SyncContext;
  readonly #account: Account;
  readonly #host: ReleaseDebtsHost;
  readonly #debts = new LinkedList<Debt>();

  constructor(context: SyncContext, account: Account, host: ReleaseDebtsHost) {
    this.#context = context;
    this.#account = account;
    this.#host = host;
  }

  get size(): number {
    return this.#debts.size;
  }

  get owed(): number {
    let count = 0;
    for (const { release } of this.#debts) if (release.state === 'owed') count++;
    return count;
  }

  get current(): TimelineImport | undefined {
    return this.#host.imports.current;
  }

  /** A copy: what is done with one may change them. */
  all(): readonly Debt[] {
    return [...this.#debts];
  }

  /** BudgetExceededError: nothing was made. */
  create<T>(timeline: T, point: Point): ReleasePoint<T> {
    this.#account.releases.take();
    const debt = new Debt(this, timeline, point);
    this.#debts.add(debt);
    const { tracer } = this.#context;
    if (tracer.active) tracer.emit({ type: 'release-created', ...this.#ref(point) });
    return debt.release;
  }

  /** Nobody uses the buffer any more. Takes `fences`. */
  onDue(debt: Debt, fences: readonly OwnedFd[]): void {
    if (!debt.list) {
      for (const fence of fences) fence.close();
      return;
    }
    if (fences.length > 0) this.#takeFences(debt, fences);
    this.pay(debt);
  }

  /** Signals a due debt, now or as soon as it can be. */
  pay(debt: Debt): void {
    const { release } = debt;
    if (!release.due || release.state === 'signalled' || debt.fenceWatch) return;
    const [fence] = debt.fences;
    if (fence && (debt.byCpu || debt.fences.length > 1)) return this.#awaitFence(debt, fence);
    if (!this.current) {
      // A device that takes the timeline is told of all that is due, this one included.
      this.#host.rehomeDebt(debt);
      if (debt.list && !this.current) {
        this.owe(debt, 'no live device knows the timeline');
      }
      return;
    }
    if (fence) this.#payWithFence(debt, fence);
    else debt.signal(this.#context.signals);
  }

  /** It was signalled. */
  paid(debt: Debt, by: 'fence' | 'cpu'): void {
    if (!this.#forget(debt)) return;
    debt.release.setState('signalled');
    this.#context.counters.releasesSignalled++;
    const { tracer } = this.#context;
    if (tracer.active) tracer.emit({ type: 'release-signalled', by, ...this.#ref(debt.point) });
    this.#host.onDebtEnded();
  }

  /** It is due and cannot be paid now. */
  owe(debt: Debt, reason: string): void {
    if (debt.release.state !== 'held') return;
    debt.release.setState('owed');
    const { tracer } = this.#context;
    if (tracer.active) tracer.emit({ type: 'release-owed', reason, ...this.#ref(debt.point) });
  }

  payLater(debt: Debt): void {
    debt.wantsRetry = true;
    this.#context.retries.add(debt);
  }

  /** Nobody will ever signal it. The client that waits for it waits in vain, unless `ownerGone`. */
  abandon(debt: Debt, reason: string, ownerGone = false): void {
    if (!this.#forget(debt)) return;
    debt.release.setState('owed');
    debt.release.drop();
    if (!ownerGone) this.#context.counters.releasesAbandoned++;
    const { tracer } = this.#context;
    if (tracer.active) tracer.emit({ type: 'release-abandoned', reason, ...this.#ref(debt.point) });
    this.#host.onDebtEnded();
  }

  /** The owner goes: every point falls due. What no device takes now is abandoned by {@link dispose}. */
  finish(): void {
    for (const debt of this.all()) {
      debt.release.finish();
      // A fence still awaited by the CPU: the client is gone, nobody reads the buffer on its behalf any more.
      if (!debt.fenceWatch) continue;
      this.#dropFences(debt);
      this.pay(debt);
    }
  }

  dispose(): void {
    for (const debt of this.all()) this.abandon(debt, 'its owner is gone', true);
  }

  /** Several uses may leave a fence each: merged where that works. */
  #takeFences(debt: Debt, fences: readonly OwnedFd[]): void {
    const kept = [...debt.fences];
    for (const fence of fences) {
      const last = kept.pop();
      if (last) kept.push(...this.#merged(last, fence));
      else kept.push(fence);
    }
    debt.fences = kept;
  }

  /** Takes both. Two are left where there is no room for a third: they are awaited one after the other, then. */
  #merged(first: OwnedFd, second: OwnedFd): OwnedFd[] {
    let merged: OwnedFd;
    try {
      merged = this.#context.kernel.syncFiles.merge(first.fd, second.fd);
    } catch {
      return [first, second]; // EMFILE, ENOMEM
    }
    first.close();
    second.close();
    return [merged];
  }

  #payWithFence(debt: Debt, fence: OwnedFd): void {
    const at = this.current;
    if (!at) return;
    try {
      at.device.importSyncFile(at.handle, debt.point, fence.fd);
    } catch (error) {
      if (error instanceof DeviceLostError) {
        this.owe(debt, 'its device is gone');
        this.#context.deviceLost(at.device);
        return;
      }
      // The CPU does it when the fence has signalled: later than it could be, but never too early.
      debt.byCpu = true;
      this.#awaitFence(debt, fence);
      return;
    }
    this.paid(debt, 'fence');
  }

  #awaitFence(debt: Debt, fence: OwnedFd): void {
    try {
      debt.fenceWatch = this.#context.poller.watch(fence.fd, EPOLLIN, () => {
        debt.fenceWatch?.close();
        debt.fenceWatch = undefined;
        fence.close();
        debt.fences = debt.fences.filter((other) => other !== fence);
        this.pay(debt);
      });
    } catch (error) {
      this.owe(debt, String(error));
      this.payLater(debt);
    }
  }

  #dropFences(debt: Debt): void {
    debt.fenceWatch?.close();
    debt.fenceWatch = undefined;
    for (const fence of debt.fences) fence.close();
    debt.fences = NO_FENCES;
  }

  #forget(debt: Debt): boolean {
    if (!this.#debts.remove(debt)) return false;
    this.#context.retries.remove(debt);
    this.#dropFences(debt);
    this.#account.releases.give();
    return true;
  }

  #ref(point: Point): { owner: string; timelineId: number; point: Point } {
    return { owner: this.#host.ownerName, timelineId: this.#host.timelineId, point };
  }
}
