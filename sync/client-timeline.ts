/**
 * The client's side: a timeline that does not leave a compositor waiting when the client's own device goes.
 *
 * A removed device cannot signal anything any more, and nobody does it for the client (kernel-facts 5). The syncobj lives on in
 * its descriptor, so a client that kept one can end what it promised through any other device.
 */
import type { OwnedFd } from '../native/fd.ts';
import { DeviceLostError, type Point, type SyncobjDevice } from '../devices/syncobj-device.ts';
import type { TimelineImport } from './import-table.ts';

/** How the promises of a lost device were ended. */
export interface Rescue {
  readonly points: readonly Point[];
  /** Whether waiters see that the work failed: only with a failed sync_file, and on kernels that keep its error. */
  readonly asFailed: boolean;
}

/** Who follows a timeline's fate; see {@link ClientTimelines} in client-timelines.ts. */
export interface ClientTimelineHost {
  /** A call on `device` answered ENODEV. May {@link ClientTimeline.rescue}; the call then throws all the same. */
  onLost(device: SyncobjDevice): void;
  onDisposed(timeline: ClientTimeline): void;
}

export class ClientTimeline {
  readonly #host: ClientTimelineHost | undefined;
  readonly #fd: OwnedFd;
  /** Points named in commits and not submitted yet, ascending. */
  #promised: Point[] = [];
  #at: TimelineImport;

  /** A new timeline on `device` (borrowed). DeviceLostError, SystemError. */
  constructor(device: SyncobjDevice, host?: ClientTimelineHost) {
    this.#host = host;
    const handle = device.createTimeline();
    this.#at = { device, handle };
    try {
      // Now, not later: a lost device gives no descriptor any more.
      this.#fd = device.exportTimelineFd(handle);
    } catch (error) {
      device.destroy(handle);
      throw error;
    }
  }

  /** The device it is on now, and its handle there, for the driver's own submissions. */
  get at(): TimelineImport {
    return this.#at;
  }

  get promised(): readonly Point[] {
    return this.#promised;
  }

  /** A descriptor for import_timeline, owned by the caller. */
  exportFd(): OwnedFd {
    return this.#fd.dup();
  }

  /** The point is about to be named as an acquire point: somebody will wait for it. */
  promise(point: Point): void {
    if (this.#promised.includes(point)) return;
    this.#promised.push(point);
    this.#promised.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }

  /** Work that ends with `syncFile` (borrowed) fulfils the point. DeviceLostError: it stays promised; {@link rescue} ends it. */
  submit(point: Point, syncFileFd: number): void {
    const { device, handle } = this.#at;
    this.#call(device, () => device.importSyncFile(handle, point, syncFileFd));
    this.fulfilled(point);
  }

  /** The CPU fulfils the point. DeviceLostError: as {@link submit}. */
  signal(point: Point): void {
    const { device, handle } = this.#at;
    this.#call(device, () => device.signal(Uint32Array.of(handle), BigUint64Array.of(point), 1));
    this.fulfilled(point);
  }

  /** The driver has submitted the point by itself: its fence will signal, with an error if need be. */
  fulfilled(point: Point): void {
    this.#promised = this.#promised.filter((promised) => promised !== point);
  }

  /**
   * Moves to `survivor` and ends every promise there, in order. `failedSyncFile` (borrowed): the sync_file of a job the lost
   * device failed; where the kernel takes it, waiters see its error. DeviceLostError: try the next survivor.
   */
  rescue(survivor: SyncobjDevice, failedSyncFileFd?: number): Rescue {
    const handle = survivor.importTimeline(this.#fd.fd);
    this.#dropHandle();
    this.#at = { device: survivor, handle };
    const points: Point[] = [];
    // By way of a temporary syncobj the error of a signalled fence is lost (kernel-facts F).
    let asFailed =
      failedSyncFileFd !== undefined && survivor.capabilities.pointSyncFile === 'direct';
    for (const point of this.#promised) {
      if (!asFailed || failedSyncFileFd === undefined) this.signal(point);
      else {
        try {
          this.submit(point, failedSyncFileFd);
        } catch (error) {
          if (error instanceof DeviceLostError) throw error;
          asFailed = false;
          this.signal(point);
        }
      }
      points.push(point);
    }
    return { points, asFailed: asFailed && points.length > 0 };
  }

  /** Gives back handle and descriptor. Promises that are still open stay unsubmitted. Idempotent. */
  dispose(): void {
    if (this.#fd.closed) return;
    this.#dropHandle();
    this.#fd.close();
    this.#host?.onDisposed(this);
  }

  #call(device: SyncobjDevice, call: () => void): void {
    try {
      call();
    } catch (error) {
      if (error instanceof DeviceLostError) this.#host?.onLost(device);
      throw error;
    }
  }

  #dropHandle(): void {
    try {
      this.#at.device.destroy(this.#at.handle);
    } catch (error) {
      if (!(error instanceof DeviceLostError)) throw error;
    }
  }
}
