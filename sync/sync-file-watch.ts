/** A held sync_file until it signals. It needs no device any more: this is where a wait is safe from unplugging. */
import type { OwnedFd } from '../native/fd.ts';
import { EPOLLIN, type Watch } from '../native/poller.ts';
import type { SyncFileEnd } from '../devices/sync-kernel.ts';
import type { SyncContext } from './context.ts';
import type { FenceOutcome } from './fence.ts';
import type { HeldFence } from './wait.ts';

export class SyncFileWatch implements HeldFence {
  readonly #context: SyncContext;
  readonly #onOutcome: (outcome: FenceOutcome) => void;
  readonly #fd: OwnedFd;
  #watch: Watch | undefined;
  #deadlineHinted = false;

  /** Takes `fd`, also when this throws (the poller had no room). Calls back once, never from here. */
  constructor(context: SyncContext, fd: OwnedFd, onOutcome: (outcome: FenceOutcome) => void) {
    this.#context = context;
    this.#fd = fd;
    this.#onOutcome = onOutcome;
    try {
      this.#watch = context.poller.watch(fd.fd, EPOLLIN, () => this.#onReadable());
    } catch (error) {
      fd.close();
      throw error;
    }
  }

  get syncFileFd(): number | undefined {
    return this.#fd.closed ? undefined : this.#fd.fd;
  }

  /** SYNC_IOC_SET_DEADLINE, once: the moment at which the first output needs the fence. */
  hintDeadline(deadlineNs: bigint): void {
    if (this.#deadlineHinted || this.#fd.closed) return;
    this.#deadlineHinted = true;
    this.#context.kernel.syncFiles.setDeadline(this.#fd.fd, deadlineNs);
  }

  /** Idempotent. The callback is not called any more. */
  close(): void {
    this.#watch?.close();
    this.#watch = undefined;
    this.#fd.close();
  }

  #onReadable(): void {
    const outcome = readOutcome(this.#context, this.#fd.fd);
    if (!outcome) return;
    this.close();
    this.#onOutcome(outcome);
  }
}

/** The outcome of a sync_file that has polled readable; undefined if it turns out not to be over. */
function readOutcome(context: SyncContext, syncFileFd: number): FenceOutcome | undefined {
  try {
    return outcomeIfSignalled(context, syncFileFd);
  } catch (error) {
    // Only ENOMEM: the fence did signal, only its error cannot be read.
    context.log.warn(`a sync_file's info could not be read: ${String(error)}`);
    return { type: 'signalled', timestampNs: context.clock.nowNs(), errorsVisible: false };
  }
}

/** The outcome if every fence in the sync_file has signalled by now. SystemError: it cannot be read. */
export function outcomeIfSignalled(
  context: SyncContext,
  syncFileFd: number,
): FenceOutcome | undefined {
  const end = context.kernel.syncFiles.end(syncFileFd);
  return end && outcomeOf(end);
}

/** What it means for a wait that every fence has ended so. */
export function outcomeOf({ status, timestampNs }: SyncFileEnd): FenceOutcome {
  if (status < 0) return { type: 'failed', errno: -status, timestampNs };
  return { type: 'signalled', timestampNs, errorsVisible: true };
}
