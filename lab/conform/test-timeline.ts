/** A timeline of the suite's client: a syncobj, what it puts on it, and what the compositor signalled there. */
import type { Point, SyncobjDevice, SyncobjHandle } from '../../devices/syncobj-device.ts';
import type { OwnedFd } from '../../native/fd.ts';
import type {
  WpLinuxDrmSyncobjManagerV1Proxy,
  WpLinuxDrmSyncobjTimelineV1Proxy,
} from '../../protocols/generated/linux-drm-syncobj-v1.client.ts';

/** A point as set_acquire_point and set_release_point take it. */
export interface TimelinePoint {
  readonly timeline: TestTimeline;
  readonly point: Point;
}

/** See the file comment. Its fd is kept, so that another GPU can go on with it. */
export class TestTimeline {
  /** The protocol object of the first import. */
  readonly proxy: WpLinuxDrmSyncobjTimelineV1Proxy;
  readonly fd: OwnedFd;
  #device: SyncobjDevice;
  #handle: SyncobjHandle;

  /** Made on `device`, which it borrows. DeviceLostError. */
  constructor(device: SyncobjDevice, manager: WpLinuxDrmSyncobjManagerV1Proxy) {
    this.#device = device;
    this.#handle = device.createTimeline();
    this.fd = device.exportTimelineFd(this.#handle);
    this.proxy = this.importInto(manager);
  }

  at(point: Point): TimelinePoint {
    return { timeline: this, point };
  }

  /** One more protocol object for the same syncobj. */
  importInto(manager: WpLinuxDrmSyncobjManagerV1Proxy): WpLinuxDrmSyncobjTimelineV1Proxy {
    return manager.importTimeline(this.fd.fd);
  }

  /** Goes on through another GPU, with the kept fd. */
  moveTo(device: SyncobjDevice): void {
    this.#handle = device.importTimeline(this.fd.fd);
    this.#device = device;
  }

  /** DeviceLostError. */
  signal(point: Point): void {
    this.#device.signal(Uint32Array.of(this.#handle), BigUint64Array.of(point), 1);
  }

  /** Puts a fence (borrowed sync_file) on a point. DeviceLostError. */
  submit(point: Point, syncFile: OwnedFd): void {
    this.#device.importSyncFile(this.#handle, point, syncFile.fd);
  }

  /** DeviceLostError. */
  isSignalled(point: Point): boolean {
    const points = new BigUint64Array(1);
    this.#device.query(Uint32Array.of(this.#handle), points, 1, 'signalled');
    return (points[0] ?? 0n) >= point;
  }

  close(): void {
    this.fd.close();
  }
}

export function highWord(point: Point): number {
  return Number(point >> 32n);
}

export function lowWord(point: Point): number {
  return Number(point & 0xffff_ffffn);
}
