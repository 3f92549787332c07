/** The fences scenarios have pending, by GPU, so that an unplug can end them as a driver would. */
import type { DeviceId } from '../../devices/syncobj-device.ts';
import type { OwnedFd } from '../../native/fd.ts';
import { ECANCELED, ENODEV } from '../../native/errno.ts';
import type { FenceEnd, LabFence } from './world.ts';

/** A fence as one kind of world makes them. */
export interface FenceBackend extends Pick<LabFence, 'attachTo'>, EndsAsTold {
  /** Closes what it holds. Idempotent. */
  close(): void;
}

/** A pending fence and the file that tells of its end. */
export interface SyncFileFence extends EndsAsTold {
  readonly syncFile: OwnedFd;
}

interface EndsAsTold {
  /**
   * Ends it: 0 = success, else a positive errno. Answers what it really ended as: a backend whose fences cannot fail says 0 to
   * everything.
   */
  end(errno: number): FenceEnd;
}

/** A fence that gets on its points through its sync_file. Takes the sync_file. */
export function bySyncFile({ syncFile, end }: SyncFileFence): FenceBackend {
  return {
    attachTo: (device, handle, point) => device.importSyncFile(handle, point, syncFile.fd),
    end,
    close: () => syncFile.close(),
  };
}

export class LabFences {
  readonly #pending = new Map<LabFence, DeviceId>();

  create(device: DeviceId, backend: FenceBackend, onEnd: (end: FenceEnd) => void): LabFence {
    const end = (errno: number): void => {
      if (!this.#pending.delete(fence)) return;
      onEnd(backend.end(errno));
    };
    const fence: LabFence = {
      attachTo: (through, handle, point) => backend.attachTo(through, handle, point),
      signal: () => end(0),
      fail: (errno) => end(errno),
      close: () => {
        end(ECANCELED);
        backend.close();
      },
    };
    this.#pending.set(fence, device);
    return fence;
  }

  /** What its driver does when the GPU goes. */
  failAllOf(device: DeviceId): void {
    for (const [fence, owner] of [...this.#pending]) if (owner === device) fence.fail(ENODEV);
  }

  closeAll(): void {
    for (const fence of [...this.#pending.keys()]) fence.close();
  }
}
