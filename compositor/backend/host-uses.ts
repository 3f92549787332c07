/**
 * What the host still reads: each client buffer it was given, until it lets go.
 *
 * The client's release follows the host's: with explicit sync its release fence goes into the client's release point as soon as there
 * is one, else wl_buffer.release ends the use. Whatever becomes of the host or of GPUs, each use ends, once.
 */
import type { Clock, Timer } from '../../native/clock.ts';
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import type { Disposable } from '../../native/lifetime.ts';
import type { DmabufFences } from '../../devices/sync-kernel.ts';
import type { FenceOutcome } from '../../sync/fence.ts';
import { guarded } from '../../sync/guarded.ts';
import type { SyncManager } from '../../sync/manager.ts';
import type { BufferHold, BufferUse } from '../buffer/buffer-use.ts';
import type { CompositorLog } from '../log.ts';
import type { HostImport } from './host-import.ts';
import type { HostReleasePoint } from './host-timelines.ts';

/**
 * Once a GPU went the host may never say again that it is done: what it was given something newer for is taken back after this
 * long. A host that is well has let go within a frame or two, or does not show the window at all.
 */
const LOST_HOST_GRACE_NS = 5_000_000_000n;

export interface HostUsesOptions {
  readonly clock: Clock;
  readonly log: CompositorLog;
  readonly dmabufs: DmabufFences;
  readonly sync: Pick<SyncManager, 'devices$'>;
}

export class HostUses implements Disposable {
  readonly #options: HostUsesOptions;
  readonly #uses = new Set<HostUse>();
  /** Superseded ones and when they are taken back; undefined: the host is waited for. */
  readonly #superseded = new Map<HostUse, bigint | undefined>();
  readonly #subscription: { unsubscribe(): void };
  #devices = 0;
  /** GPUs that went so far. */
  #losses = 0;
  /** Since the last of them the host has said that it is done with something it was given later. */
  #recovered = true;
  #timer: Timer | undefined;
  #begun = 0;
  #overdue = 0;
  #disposed = false;

  constructor(options: HostUsesOptions) {
    this.#options = options;
    const failed = (error: unknown): void => options.log.error('following devices failed', error);
    const next = ({ length }: { length: number }): void => this.#onDevices(length);
    this.#subscription = options.sync.devices$.subscribe(guarded({ next, error: failed }, failed));
  }

  get stats(): { inHost: number; begun: number; overdue: number } {
    return { inHost: this.#uses.size, begun: this.#begun, overdue: this.#overdue };
  }

  /** The next commit to the host attaches `imported` for `use`. `release`: where the host signals its end, with explicit sync. */
  begin(use: BufferUse, imported: HostImport, release: HostReleasePoint | undefined): HostUse {
    this.#begun++;
    const losses = this.#losses;
    const hostUse: HostUse = new HostUse(use, imported, release, this.#options.dmabufs, {
      superseded: () => this.#onSuperseded(hostUse, losses),
      endedByHost: () => this.#onEndedByHost(losses),
      lost: () => this.#overdue++,
      failed: (error) =>
        this.#options.log.error('taking a buffer back from the host failed', error),
      ended: () => {
        this.#uses.delete(hostUse);
        this.#superseded.delete(hostUse);
      },
    });
    this.#uses.add(hostUse);
    if (this.#disposed) hostUse.end();
    return hostUse;
  }

  /** The host is gone: it reads nothing any more. Idempotent. */
  dispose(): void {
    this.#disposed = true;
    this.#subscription.unsubscribe();
    this.#timer?.close();
    for (const use of this.#uses) use.end();
  }

  /** `losses`: how many GPUs had gone when it was begun. */
  #onSuperseded(use: HostUse, losses: number): void {
    const doubtful = losses < this.#losses || !this.#recovered;
    this.#superseded.set(use, doubtful ? this.#graceEndNs() : undefined);
    if (doubtful) this.#schedule();
  }

  /** A host that ends what it was given since is well: what it was given before it may have forgotten all the same. */
  #onEndedByHost(losses: number): void {
    if (this.#recovered || losses < this.#losses) return;
    this.#recovered = true;
  }

  #onDevices(count: number): void {
    const lost = count < this.#devices;
    this.#devices = count;
    if (!lost) return;
    this.#losses++;
    this.#recovered = false;
    const deadlineNs = this.#graceEndNs();
    for (const [use, earlierNs] of this.#superseded)
      this.#superseded.set(use, earlierNs ?? deadlineNs);
    this.#schedule();
  }

  #graceEndNs(): bigint {
    return this.#options.clock.nowNs() + LOST_HOST_GRACE_NS;
  }

  #schedule(): void {
    if (this.#timer) return;
    let earliestNs: bigint | undefined;
    for (const deadlineNs of this.#superseded.values()) {
      if (deadlineNs !== undefined && (earliestNs === undefined || deadlineNs < earliestNs))
        earliestNs = deadlineNs;
    }
    if (earliestNs === undefined) return;
    this.#timer = this.#options.clock.at(earliestNs, () => {
      this.#timer = undefined;
      this.#endOverdue();
      this.#schedule();
    });
  }

  #endOverdue(): void {
    const { clock, log } = this.#options;
    const nowNs = clock.nowNs();
    let count = 0;
    for (const [use, deadlineNs] of this.#superseded) {
      if (deadlineNs === undefined || deadlineNs > nowNs) continue;
      use.end();
      count++;
    }
    this.#overdue += count;
    if (count > 0) log.warn(`the host keeps ${count} buffers since a GPU went: released for it`);
  }
}

interface HostUseListener {
  superseded(): void;
  /** The host itself has said that it is done. */
  endedByHost(): void;
  /** The host will not signal its release point. */
  lost(): void;
  ended(): void;
  /** A mistake of ours. */
  failed(error: unknown): void;
}

/** One buffer the host has, as of one commit. */
export class HostUse {
  readonly #use: BufferUse;
  readonly #imported: HostImport;
  readonly #release: HostReleasePoint | undefined;
  readonly #dmabufs: DmabufFences;
  readonly #hold: BufferHold;
  readonly #listener: HostUseListener;
  #wait: { unsubscribe(): void } | undefined;
  #committed = false;
  #superseded = false;
  #ended = false;

  /** Made by {@link HostUses.begin}. */
  constructor(
    use: BufferUse,
    imported: HostImport,
    release: HostReleasePoint | undefined,
    dmabufs: DmabufFences,
    listener: HostUseListener,
  ) {
    this.#use = use;
    this.#imported = imported;
    this.#release = release;
    this.#dmabufs = dmabufs;
    this.#listener = listener;
    this.#hold = use.hold();
    if (release) return;
    imported.busy = true;
    imported.released = () => {
      listener.endedByHost();
      this.end(this.#readFence());
    };
  }

  /** The commit that attaches it was sent: from here on the host has it. */
  committed(): void {
    this.#committed = true;
  }

  /**
   * The host has been given something newer for its surface, or the surface is gone. A release point is awaited from here on: what
   * is on screen stays there for as long as it likes.
   */
  supersede(): void {
    if (this.#ended || this.#superseded) return;
    this.#superseded = true;
    if (!this.#committed) return this.#takeBack();
    this.#listener.superseded();
    if (!this.#release) return;
    const { timeline, point } = this.#release;
    const wait = timeline
      .waitForPoint(point, (fd) => this.#passOn(fd))
      .subscribe(
        guarded(
          {
            next: (outcome) => this.#settled(outcome),
            error: () => this.#settled({ type: 'lost', reason: 'timeline-gone' }),
          },
          (error) => this.#listener.failed(error),
        ),
      );
    if (this.#ended) wait.unsubscribe();
    else this.#wait = wait;
  }

  /** It is over, or will be with `syncFile` (taken). Idempotent. */
  end(syncFile?: OwnedFd): void {
    if (this.#ended) return syncFile?.close();
    this.#ended = true;
    this.#wait?.unsubscribe();
    if (!this.#release) this.#imported.released = undefined;
    this.#hold.end(syncFile);
    this.#release?.end(false);
    this.#listener.ended();
  }

  /** The host never heard of it (a frame was given up midway), and will not: nothing but us ends it. */
  #takeBack(): void {
    if (!this.#release) this.#imported.busy = false;
    this.end();
  }

  /** The host's GPU work on it is submitted: the client may go on as far as that fence lets it. */
  #passOn(syncFileFd: number): void {
    if (!this.#use.release) return;
    try {
      this.#hold.end(new OwnedFd(native.dup(syncFileFd)));
    } catch {
      // EMFILE: the client goes on when the fence has signalled.
    }
  }

  #settled(outcome: FenceOutcome): void {
    if (outcome.type === 'lost') {
      this.#listener.lost();
    } else {
      this.#listener.endedByHost();
      this.#release?.end(true);
    }
    this.end();
  }

  /** A host without explicit sync may say wl_buffer.release while its GPU still reads: the dma-buf's own fences tell. */
  #readFence(): OwnedFd | undefined {
    const { plane } = this.#use.content;
    if (!plane || !this.#use.release) return undefined;
    try {
      return this.#dmabufs.exportSyncFile(plane.fd, 'write');
    } catch {
      return undefined;
    }
  }
}
