/**
 * Armed eventfds nobody can follow any more: their timeline was let go of before they fired.
 *
 * The kernel keeps one (about 100 bytes that no rlimit counts) until its point is reached or the syncobj's last holder lets go,
 * and tells us neither. A client could so make the kernel's memory grow through us, by committing points it never signals and
 * connecting again. So what each peer has left behind stays on its account for good, and above a limit nothing more is armed
 * for it: its unsubmitted points are polled instead, which costs it latency and nobody anything else.
 */
import type { SyncPeer } from './peer.ts';

/** A process that wants more than this was not merely unlucky when it left. */
export const MAX_LEFT_BEHIND_PER_PROCESS = 4096;
/** All processes of a user, so that forking before each connection does not help: about 6.5 MB. */
export const MAX_LEFT_BEHIND_PER_USER = 65_536;

export class LeftBehind {
  readonly #byProcess = new Map<string, number>();
  readonly #byUser = new Map<number, number>();
  #total = 0;

  /** All that may still be armed, at most. */
  get total(): number {
    return this.#total;
  }

  /** `count` registrations of `peer` can no longer be followed. */
  book(peer: SyncPeer, count: number): void {
    if (count === 0) return;
    this.#total += count;
    this.#byUser.set(peer.uid, (this.#byUser.get(peer.uid) ?? 0) + count);
    const process = processOf(peer);
    this.#byProcess.set(process, (this.#byProcess.get(process) ?? 0) + count);
  }

  /** Whether nothing more is to be armed for it. */
  isFull(peer: SyncPeer): boolean {
    if (this.#total === 0) return false;
    return (
      (this.#byUser.get(peer.uid) ?? 0) >= MAX_LEFT_BEHIND_PER_USER ||
      (this.#byProcess.get(processOf(peer)) ?? 0) >= MAX_LEFT_BEHIND_PER_PROCESS
    );
  }
}

function processOf({ uid, pid }: SyncPeer): string {
  return `${uid}/${pid}`;
}
