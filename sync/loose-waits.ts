/** Waits for fences that come as sync_files, with no timeline: clients without the protocol, and hosts. */
import { Observable } from 'rxjs/internal/Observable';
import { hasErrno } from '../native/errors.ts';
import type { OwnedFd } from '../native/fd.ts';
import { EPOLLIN, EPOLLOUT } from '../native/poller.ts';
import type { Account } from './budget.ts';
import type { SyncContext } from './context.ts';
import type { FenceOutcome } from './fence.ts';
import type { Retryable } from './retry.ts';
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
  waitForDmabuf(
    dmabufFd: number,
    access: 'read' | 'write',
    neededByNs?: () => bigint | undefined,
  ): Observable<FenceOutcome> {
    return this.#wait((wait) => {
      this.#holdDmabuf(wait, dmabufFd, access);
      const deadlineNs = wait.fence && neededByNs?.();
      if (deadlineNs !== undefined) wait.fence?.hintDeadline(deadlineNs);
    });
  }

  /** See {@link SyncOwner.waitForSyncFile}. */
  waitForSyncFile(fd: OwnedFd): Observable<FenceOutcome> {
    this.#unclaimed.add(fd);
    return this.#wait((wait) => {
      if (!this.#unclaimed.delete(fd)) throw new Error('a sync_file can be awaited once');
      this.#hold(wait, fd);
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
    wait.deliver(outcome, this.#context.log);
  }

  dispose(): void {
    for (const wait of this.#pending) {
      wait.abandon();
      this.#end(wait);
    }
    for (const fd of this.#unclaimed) fd.close();
    this.#unclaimed.clear();
  }

  #wait(begin: (wait: PointWait) => void): Observable<FenceOutcome> {
    return new Observable<FenceOutcome>((subscriber) => {
      this.#account.waits.take();
      const wait = new PointWait(this, this.#nextSerial++, this.#context.clock.nowNs());
      wait.phase = 'submitted';
      wait.stage = 'sync-file';
      wait.join(subscriber);
      subscriber.add(() => {
        if (this.#end(wait)) this.#context.counters.cancelled++;
      });
      this.#pending.add(wait);
      this.#context.watchdog.add(wait);
      begin(wait);
    });
  }

  #holdDmabuf(wait: PointWait, dmabufFd: number, access: 'read' | 'write'): void {
    let fence: OwnedFd;
    try {
      fence = this.#context.kernel.dmabufs.exportSyncFile(dmabufFd, access);
    } catch (error) {
      // Kernels before 6.0, EMFILE.
      this.#context.log.info(`${this.ownerName}: dma-buf fences cannot be had: ${String(error)}`);
      return this.#pollDmabuf(wait, dmabufFd, access);
    }
    this.#hold(wait, fence);
  }

  /** Takes `fd`. Throws when it is no sync_file. */
  #hold(wait: PointWait, fd: OwnedFd): void {
    let outcome: FenceOutcome | undefined;
    try {
      outcome = outcomeIfSignalled(this.#context, fd.fd);
    } catch (error) {
      fd.close();
      throw error;
    }
    if (outcome) {
      fd.close();
      this.settle(wait, outcome);
    } else {
      wait.fence = new SyncFileWatch(this.#context, fd, (end) => this.settle(wait, end));
    }
  }

  #end(wait: PointWait): boolean {
    if (!this.#pending.delete(wait)) return false;
    wait.stage = 'settled';
    wait.fence?.close();
    wait.fence = undefined;
    this.#context.watchdog.remove(wait);
    this.#account.waits.give();
    return true;
  }

  /**
   * The dma-buf itself polls readable when its writers are done, writable when everybody is, without telling errors. One that cannot
   * be polled has none.
   */
  #pollDmabuf(wait: PointWait, dmabufFd: number, access: 'read' | 'write'): void {
    const done = (): void => {
      const timestampNs = this.#context.clock.nowNs();
      this.settle(wait, { type: 'signalled', timestampNs, errorsVisible: false });
    };
    try {
      const watch = this.#context.poller.watch(
        dmabufFd,
        access === 'read' ? EPOLLIN : EPOLLOUT,
        done,
      );
      wait.fence = { syncFileFd: undefined, close: () => watch.close(), hintDeadline: () => {} };
    } catch (error) {
      if (hasErrno(error, 'EPERM')) return done();
      // EEXIST: polled already, for another wait. ENOMEM, ENOSPC: no room.
      this.#retryDmabuf(wait, dmabufFd, access);
    }
  }

  #retryDmabuf(wait: PointWait, dmabufFd: number, access: 'read' | 'write'): void {
    const { retries } = this.#context;
    const again: Retryable = {
      retry: () => {
        wait.fence = undefined;
        try {
          this.#holdDmabuf(wait, dmabufFd, access);
        } catch {
          this.#retryDmabuf(wait, dmabufFd, access);
        }
        return true;
      },
    };
    wait.fence = { syncFileFd: undefined, close: () => retries.remove(again), hintDeadline() {} };
    retries.add(again);
  }
}
