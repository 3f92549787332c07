/** Waits for fences that come as sync_files, with no timeline: clients without the protocol, and hosts. */
import { Observable } from 'rxjs';
import type { OwnedFd } from '../native/fd.ts';
import { EPOLLIN } from '../native/poller.ts';
import type { Account } from './budget.ts';
import type { SyncContext } from './context.ts';
import type { FenceOutcome } from './fence.ts';
import { SyncFileWatch, outcomeIfSignalled } from './sync-file-watch.ts';
import { traceOutcome } from './trace-outcome.ts';
import { PointWait, type WaitHome } from './wait.ts';

export class LooseWaits implements WaitHome {
  readonly timelineId = 0;
  readonly parked = false;
  readonly #context: SyncContext;
  readonly #account: Account;
  readonly #pending = new Set<PointWait>();
  /** sync_files handed over and not yet subscribed to. */
  readonly #unclaimed = new Set<OwnedFd>();
  #nextSerial = 1n;

  constructor(context: SyncContext, account: Account) {
    this.#context = context;
    this.#account = account;
  }

  get ownerName(): string {
    return this.#account.name;
  }

  [Symbol.iterator](): Iterator<PointWait> {
    return this.#pending.values();
  }

  /** See {@link SyncOwner.waitForDmabuf}. */
  waitForDmabuf(dmabufFd: number): Observable<FenceOutcome> {
    return new Observable<FenceOutcome>((subscriber) => {
      let wait: PointWait | undefined;
      let stop: (() => void) | undefined;
      subscriber.add(() => {
        stop?.();
        if (wait) this.#cancel(wait);
      });
      const deliver = (outcome: FenceOutcome): void => {
        subscriber.next(outcome);
        subscriber.complete();
      };
      let fence: OwnedFd | undefined;
      try {
        fence = this.#context.kernel.dmabufs.exportSyncFile(dmabufFd, 'read');
      } catch (error) {
        // Kernels before 6.0 and EMFILE: the dma-buf itself polls readable when its writers are done, without telling errors.
        this.#context.log.info(`${this.ownerName}: dma-buf fences polled only: ${String(error)}`);
        stop = this.#pollDmabuf(dmabufFd, deliver);
        return;
      }
      wait = this.#begin(fence, deliver);
    });
  }

  /** See {@link SyncOwner.waitForSyncFile}. */
  waitForSyncFile(fd: OwnedFd): Observable<FenceOutcome> {
    this.#unclaimed.add(fd);
    return new Observable<FenceOutcome>((subscriber) => {
      let wait: PointWait | undefined;
      subscriber.add(() => {
        if (wait) this.#cancel(wait);
      });
      if (!this.#unclaimed.delete(fd)) throw new Error('a sync_file can be awaited once');
      wait = this.#begin(fd, (outcome) => {
        subscriber.next(outcome);
        subscriber.complete();
      });
    });
  }

  hintDeadline(deadlineNs: bigint): void {
    for (const wait of this.#pending) wait.fence?.hintDeadline(deadlineNs);
  }

  refresh(): void {
    // The poller watches the fence itself: there is nothing to ask.
  }

  settle(wait: PointWait, outcome: FenceOutcome): void {
    if (!this.#end(wait)) return;
    traceOutcome(this.#context, this.ownerName, 0, wait.point, outcome);
    this.#deliver.get(wait)?.(outcome);
  }

  dispose(): void {
    for (const wait of this.#pending) this.#end(wait);
    for (const fd of this.#unclaimed) fd.close();
    this.#unclaimed.clear();
  }

  readonly #deliver = new WeakMap<PointWait, (outcome: FenceOutcome) => void>();

  /** Takes `fd`. Undefined: it had signalled and is delivered already. BudgetExceededError. */
  #begin(fd: OwnedFd, deliver: (outcome: FenceOutcome) => void): PointWait | undefined {
    try {
      this.#account.take('waits');
    } catch (error) {
      fd.close();
      throw error;
    }
    const wait = new PointWait(this, this.#nextSerial++, this.#context.clock.nowNs());
    wait.phase = 'submitted';
    wait.stage = 'sync-file';
    this.#deliver.set(wait, deliver);
    this.#pending.add(wait);
    this.#context.watchdog.add(wait);
    try {
      const outcome = outcomeIfSignalled(this.#context, fd.fd);
      if (outcome) {
        fd.close();
        this.settle(wait, outcome);
        return undefined;
      }
      wait.fence = new SyncFileWatch(this.#context, fd, (end) => this.settle(wait, end));
    } catch (error) {
      // Not a sync_file (the caller's error), or no memory.
      fd.close();
      this.#end(wait);
      throw error;
    }
    return wait;
  }

  #cancel(wait: PointWait): void {
    if (this.#end(wait)) this.#context.counters.cancelled++;
  }

  #end(wait: PointWait): boolean {
    if (!this.#pending.delete(wait)) return false;
    wait.stage = 'settled';
    wait.fence?.close();
    wait.fence = undefined;
    this.#context.watchdog.remove(wait);
    this.#account.give('waits');
    return true;
  }

  #pollDmabuf(dmabufFd: number, deliver: (outcome: FenceOutcome) => void): () => void {
    const watch = this.#context.poller.watch(dmabufFd, EPOLLIN, () => {
      watch.close();
      const timestampNs = this.#context.clock.nowNs();
      deliver({ type: 'signalled', timestampNs, errorsVisible: false });
    });
    return () => watch.close();
  }
}
