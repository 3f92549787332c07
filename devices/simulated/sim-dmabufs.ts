/** dma-bufs of the simulated kernel: real mappable memory, with the implicit fences of a reservation object. */
import { native } from '../../native/binding.ts';
import { systemError } from '../../native/errors.ts';
import { OwnedFd } from '../../native/fd.ts';
import { ENOTTY } from '../../native/errno.ts';
import type { DmabufFences, DmabufOrigin } from '../sync-kernel.ts';
import type { DeviceId } from '../syncobj-device.ts';
import { mergeFences, signalledFence, unwrapFences, type SingleFence } from './dma-fence.ts';
import type { IoctlGate, SimSyncFiles } from './sim-sync-files.ts';

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const F_SEAL_SEAL = 1;
const F_SEAL_SHRINK = 2;
const F_SEAL_GROW = 4;

/** A linear buffer. It was made through a device, and survives it. */
export interface SimDmabuf {
  readonly deviceId: DeviceId;
  readonly minor: number;
  readonly sizeBytes: number;
  /** The dma-buf's descriptor (a sealed memfd), the caller's own. While it is open the device's minor is not reused. */
  readonly fd: OwnedFd;
  /** Closes {@link fd} and forgets the fences, also for copies of the descriptor. Idempotent. */
  release(): void;
}

interface Reservation {
  readonly dmabuf: SimDmabuf;
  fences: { readonly fence: SingleFence; readonly writes: boolean }[];
}

/** See the file comment. */
export class SimDmabufs implements DmabufFences {
  readonly #reservations = new Map<bigint, Reservation>();
  readonly #syncFiles: SimSyncFiles;
  readonly #gate: IoctlGate;
  readonly #stubTimestampNs: bigint;

  constructor(syncFiles: SimSyncFiles, gate: IoctlGate, stubTimestampNs: bigint) {
    this.#syncFiles = syncFiles;
    this.#gate = gate;
    this.#stubTimestampNs = stubTimestampNs;
  }

  /** Buffers whose first descriptor is open. */
  get size(): number {
    return [...this.#reservations.values()].filter(({ dmabuf }) => !dmabuf.fd.closed).length;
  }

  /** Whether a buffer of this minor still lives. */
  holdsMinor(minor: number): boolean {
    return [...this.#reservations.values()].some(
      ({ dmabuf }) => dmabuf.minor === minor && !dmabuf.fd.closed,
    );
  }

  /** Owned by the caller. SystemError: EMFILE, ENOMEM. */
  create(deviceId: DeviceId, minor: number, sizeBytes: number): SimDmabuf {
    const fd = new OwnedFd(
      native.memfdCreate(`${deviceId} dma-buf`, MFD_CLOEXEC | MFD_ALLOW_SEALING),
    );
    try {
      native.ftruncate(fd.fd, sizeBytes);
      native.addSeals(fd.fd, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
      const identity = native.fileIdentity(fd.fd);
      const release = (): void => {
        this.#reservations.delete(identity);
        fd.close();
      };
      const dmabuf = { deviceId, minor, sizeBytes, fd, release };
      this.#reservations.set(identity, { dmabuf, fences: [] });
      return dmabuf;
    } catch (error) {
      fd.close();
      throw error;
    }
  }

  exportSyncFile(dmabufFd: number, access: 'read' | 'write'): OwnedFd {
    this.#gate('DMA_BUF_EXPORT_SYNC_FILE');
    const reservation = this.#find(dmabufFd, 'DMA_BUF_EXPORT_SYNC_FILE');
    // Signalled fences are left out: of a failure that came before the export nothing is seen.
    const active = reservation.fences.filter(({ fence }) => !fence.isSignalled());
    reservation.fences = active;
    // Readers wait for writers, writers for everybody.
    const awaited = active
      .filter(({ writes }) => writes || access === 'write')
      .map(({ fence }) => fence);
    return this.#syncFiles.create(
      awaited.length === 0 ? signalledFence(this.#stubTimestampNs) : mergeFences(...awaited),
    );
  }

  importSyncFile(dmabufFd: number, syncFileFd: number, access: 'read' | 'write'): void {
    this.#gate('DMA_BUF_IMPORT_SYNC_FILE');
    const reservation = this.#find(dmabufFd, 'DMA_BUF_IMPORT_SYNC_FILE');
    const head = this.#syncFiles.fenceOf(syncFileFd, 'DMA_BUF_IMPORT_SYNC_FILE');
    for (const fence of unwrapFences(head))
      reservation.fences.push({ fence, writes: access === 'write' });
  }

  /** Unlike Linux it knows the device. */
  origin(dmabufFd: number): DmabufOrigin {
    const device = this.#reservations.get(native.fileIdentity(dmabufFd))?.dmabuf.deviceId;
    return { exporter: device === undefined ? undefined : 'sim', device };
  }

  dispose(): void {
    for (const { dmabuf } of this.#reservations.values()) dmabuf.release();
  }

  #find(fd: number, ioctl: string): Reservation {
    const reservation = this.#reservations.get(native.fileIdentity(fd));
    if (!reservation) throw systemError(ENOTTY, `ioctl(${ioctl})`, `fd ${fd} is no dma-buf`);
    return reservation;
  }
}
