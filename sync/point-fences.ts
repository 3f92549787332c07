/** The fences of one timeline's points, taken off it: each is over already, or a sync_file to poll, or not to be had. */
import { OwnedFd } from '../native/fd.ts';
import { DeviceLostError, type Point } from '../devices/syncobj-device.ts';
import type { SyncFileEnd } from '../devices/sync-kernel.ts';
import type { Account } from './budget.ts';
import type { SyncContext } from './context.ts';
import type { FenceOutcome } from './fence.ts';
import type { ImportTable, TimelineImport } from './import-table.ts';
import { outcomeOf } from './sync-file-watch.ts';

/**
 * Why a fence could not be taken:
 * - `unsubmitted`: the point has none yet.
 * - `no-room`: no descriptor or memory for it, or none in the owner's budget.
 * - `lost`: no live device knows the timeline (any more).
 */
export type NoFence = 'unsubmitted' | 'no-room' | 'lost';

/** What has signalled already comes as its outcome, everything else as a sync_file, owned by the caller. */
export type TakenFence = FenceOutcome | OwnedFd | NoFence;

type Fence = SyncFileEnd | OwnedFd | undefined;

export class PointFences {
  readonly #context: SyncContext;
  readonly #account: Account;
  readonly #imports: ImportTable;
  /** Most clients either wait for their GPU before they commit or never do: the next fence is expected to be like the last. */
  #signalledBefore = true;

  constructor(context: SyncContext, account: Account, imports: ImportTable) {
    this.#context = context;
    this.#account = account;
    this.#imports = imports;
  }

  /** Whether the last fence had signalled when it was taken. */
  get signalledBefore(): boolean {
    return this.#signalledBefore;
  }

  /** What became of a fence that was taken as a sync_file. */
  observe(signalledBefore: boolean): void {
    this.#signalledBefore = signalledBefore;
  }

  /** The fence of `point`, within the owner's budget. */
  take(point: Point): TakenFence {
    if (!this.#imports.current) return 'lost';
    return this.#account.fds.hasRoom ? this.#export(point) : 'no-room';
  }

  /** The fence of a point that has signalled: a sync_file is needed for a moment only, so no budget stands against it. */
  takeSignalled(point: Point): TakenFence {
    this.#signalledBefore = true;
    return this.#export(point);
  }

  #export(point: Point): TakenFence {
    const at = this.#imports.current;
    if (!at) return 'lost';
    try {
      if (!this.#signalledBefore)
        return at.device.exportSyncFile(at.handle, point) ?? 'unsubmitted';
      const fence = at.device.takeFence
        ? at.device.takeFence(at.handle, point)
        : this.#takeByExport(at, point);
      if (!fence) return 'unsubmitted';
      if (!(fence instanceof OwnedFd)) return outcomeOf(fence);
      this.#signalledBefore = false;
      return fence;
    } catch (error) {
      if (!(error instanceof DeviceLostError)) return 'no-room';
      this.#context.deviceLost(at.device);
      return 'lost';
    }
  }

  /** On a device without takeFence, one ioctl more: no polling at all when the fence has signalled. */
  #takeByExport({ device, handle }: TimelineImport, point: Point): Fence {
    const syncFile = device.exportSyncFile(handle, point);
    if (!syncFile) return undefined;
    let end: SyncFileEnd | undefined;
    try {
      end = this.#context.kernel.syncFiles.end(syncFile.fd);
    } catch {
      // ENOMEM: polling it comes to the same, later.
    }
    if (end) syncFile.close();
    return end ?? syncFile;
  }
}
