/** A pending fence in the hands of a test: what a driver would signal from its interrupt. */
import type { OwnedFd } from '../../native/fd.ts';
import type { DeviceId } from '../syncobj-device.ts';
import type { SingleFence } from './dma-fence.ts';

/** Made by `SimulatedKernel.createFence`. */
export class SimFence {
  /** The device whose removal ends it; undefined for none. */
  readonly deviceId: DeviceId | undefined;
  readonly fence: SingleFence;
  readonly #end: (errno: number) => boolean;
  readonly #export: () => OwnedFd;

  constructor(
    fence: SingleFence,
    deviceId: DeviceId | undefined,
    end: (errno: number) => boolean,
    exportFile: () => OwnedFd,
  ) {
    this.fence = fence;
    this.deviceId = deviceId;
    this.#end = end;
    this.#export = exportFile;
  }

  get signalled(): boolean {
    return this.fence.isSignalled();
  }

  /** Ends it successfully. False when it has ended already. */
  signal(): boolean {
    return this.#end(0);
  }

  /** Ends it with a (positive) errno. False when it has ended already. */
  fail(errno: number): boolean {
    return this.#end(errno);
  }

  /** A new sync_file, owned by the caller. SystemError: EMFILE. */
  exportSyncFile(): OwnedFd {
    return this.#export();
  }
}
