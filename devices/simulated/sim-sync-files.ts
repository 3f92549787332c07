/** sync_files of the simulated kernel: descriptors that poll readable once their fence has signalled, and stay so. */
import { systemError } from '../../native/errors.ts';
import type { OwnedFd } from '../../native/fd.ts';
import type { Poller } from '../../native/poller.ts';
import { EINVAL, ENOENT, ENOTTY } from '../../native/errno.ts';
import type { SyncFileEnd, SyncFileInfo, SyncFiles } from '../sync-kernel.ts';
import { mergeFences, unwrapFences, type DmaFence } from './dma-fence.ts';
import { ObjectFiles } from './object-files.ts';

/** Told of each ioctl, by its kernel name. Throws to make it fail. */
export type IoctlGate = (ioctl: string) => void;

/** See the file comment. */
export class SimSyncFiles implements SyncFiles {
  readonly #files: ObjectFiles<DmaFence>;
  readonly #gate: IoctlGate;

  constructor(poller: Poller, gate: IoctlGate) {
    this.#files = new ObjectFiles(poller, () => {});
    this.#gate = gate;
  }

  /** Open sync_files. */
  get size(): number {
    return this.#files.size;
  }

  /** A new sync_file of a fence. Owned by the caller. SystemError: EMFILE. */
  create(fence: DmaFence): OwnedFd {
    const { fd, file } = this.#files.open(fence);
    if (!fence.onSignal(file.setReadable)) file.setReadable();
    return fd;
  }

  /** The fence behind a sync_file, as an import ioctl looks it up. SystemError EINVAL: it is no sync_file. */
  fenceOf(fd: number, ioctl: string): DmaFence {
    const fence = this.#files.find(fd);
    if (!fence) throw systemError(EINVAL, `ioctl(${ioctl})`, `fd ${fd} is no sync_file`);
    return fence;
  }

  info(fd: number): SyncFileInfo {
    this.#gate('SYNC_FILE_INFO');
    const fences = unwrapFences(this.#find(fd, 'SYNC_FILE_INFO')).map((fence) => ({
      status: fence.status,
      timestampNs: fence.timestampNs,
    }));
    // The first that is not a plain success decides: an error may hide behind an active fence, and the reverse.
    return { status: fences.find((fence) => fence.status <= 0)?.status ?? 1, fences };
  }

  end(fd: number): SyncFileEnd | undefined {
    this.#gate('SYNC_FILE_INFO');
    let status = 1;
    let timestampNs = 0n;
    for (const fence of unwrapFences(this.#find(fd, 'SYNC_FILE_INFO'))) {
      if (fence.status === 0) return undefined;
      if (fence.status < 0 && status > 0) ({ status } = fence);
      if (fence.timestampNs > timestampNs) ({ timestampNs } = fence);
    }
    return { status, timestampNs };
  }

  merge(first: number, second: number): OwnedFd {
    this.#gate('SYNC_MERGE');
    const one = this.#find(first, 'SYNC_MERGE');
    const other = this.#files.find(second);
    if (!other) throw systemError(ENOENT, 'ioctl(SYNC_MERGE)', `fd ${second} is no sync_file`);
    return this.create(mergeFences(one, other));
  }

  setDeadline(): void {
    // A hint to hardware: nothing here runs faster for it.
  }

  dispose(): void {
    this.#files.dispose();
  }

  #find(fd: number, ioctl: string): DmaFence {
    const fence = this.#files.find(fd);
    if (!fence) throw systemError(ENOTTY, `ioctl(${ioctl})`, `fd ${fd} is no sync_file`);
    return fence;
  }
}
