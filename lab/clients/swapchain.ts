/** The images a client draws into: each a dma-buf with an acquire and a release timeline of its own, as Mesa's WSI has it. */
import { OwnedFd } from '../../native/fd.ts';
import { EPOLLET, EPOLLIN, type Watch } from '../../native/poller.ts';
import { native } from '../../native/binding.ts';
import { DeviceLostError, type Point } from '../../devices/syncobj-device.ts';
import type { WlBufferProxy } from '../../protocols/generated/wayland.client.ts';
import type { WpLinuxDrmSyncobjTimelineV1Proxy } from '../../protocols/generated/linux-drm-syncobj-v1.client.ts';
import type { CommitRecord } from '../ledger.ts';
import type { Window } from './window.ts';
import type { LabBuffer, World } from '../world/world.ts';
import type { ClientDevice, ClientTimeline } from './client-device.ts';

export interface SwapchainImage {
  readonly buffer: WlBufferProxy;
  readonly pixels: LabBuffer;
  readonly acquire: ClientTimeline;
  readonly release: ClientTimeline;
  readonly acquireObject: WpLinuxDrmSyncobjTimelineV1Proxy;
  readonly releaseObject: WpLinuxDrmSyncobjTimelineV1Proxy;
  /** The last point used on both timelines; 0 before the first frame. */
  point: Point;
  /** The commit whose release is awaited, undefined while the image is free. */
  busy: CommitRecord | undefined;
}

/** Watches the release points of images that are with the compositor. One eventfd for all of them. */
export class ReleaseWatch {
  readonly #device: ClientDevice;
  readonly #world: World;
  readonly #eventfd: OwnedFd;
  readonly #watch: Watch;
  readonly #busy = new Set<SwapchainImage>();
  readonly #onReleased: (image: SwapchainImage) => void;
  readonly #onLost: () => void;

  /** `onLost`: the device answered ENODEV; nothing more will come from here. */
  constructor(
    world: World,
    device: ClientDevice,
    onReleased: (image: SwapchainImage) => void,
    onLost: () => void,
  ) {
    this.#world = world;
    this.#device = device;
    this.#onReleased = onReleased;
    this.#onLost = onLost;
    this.#eventfd = new OwnedFd(native.eventfd(0));
    this.#watch = world.poller.watch(this.#eventfd.fd, EPOLLIN | EPOLLET, () => this.#check());
  }

  /** The image went to the compositor. Throws DeviceLostError. */
  await(image: SwapchainImage): void {
    this.#busy.add(image);
    this.#device.device.arm(image.release.handle, image.point, 'signalled', this.#eventfd.fd);
  }

  /** Idempotent. */
  close(): void {
    this.#watch.close();
    this.#eventfd.close();
  }

  #check(): void {
    try {
      this.#releaseSignalled();
    } catch (error) {
      if (!(error instanceof DeviceLostError)) throw error;
      this.#onLost();
    }
  }

  #releaseSignalled(): void {
    for (const image of [...this.#busy]) {
      if (signalledPoint(this.#device, image.release) < image.point) continue;
      this.#busy.delete(image);
      const { ledger, clock } = this.#world;
      if (image.busy) ledger.released(image.busy, clock.nowNs());
      image.busy = undefined;
      this.#onReleased(image);
    }
  }
}

/** The highest signalled point of a timeline made on this device. */
export function signalledPoint(device: ClientDevice, timeline: ClientTimeline): Point {
  const handles = Uint32Array.of(timeline.handle);
  const points = new BigUint64Array(1);
  device.device.query(handles, points, 1, 'signalled');
  return points[0] ?? 0n;
}

/** A release the compositor owes. The fd is the image's. */
export interface OwedRelease {
  readonly timelineFd: OwnedFd;
  readonly point: Point;
  readonly record: CommitRecord;
}

/** Makes an image with timelines of this device, takes the pixels, and tells the compositor of its buffer and its two timelines. */
export function createImage(
  device: ClientDevice,
  pixels: LabBuffer,
  window: Window,
): SwapchainImage {
  const acquire = device.createTimeline();
  const release = device.createTimeline();
  const params = window.dmabuf.createParams();
  params.add(pixels.dmabuf.fd, 0, 0, pixels.strideBytes, 0, 0);
  const buffer = params.createImmed(pixels.width, pixels.height, DRM_FORMAT_XRGB8888, 0);
  params.destroy();
  return {
    buffer,
    pixels,
    acquire,
    release,
    acquireObject: window.syncManager.importTimeline(acquire.fd.fd),
    releaseObject: window.syncManager.importTimeline(release.fd.fd),
    point: 0n,
    busy: undefined,
  };
}

/** Closes what the client holds of it. The protocol objects go with the connection. */
export function destroyImage(image: SwapchainImage): void {
  image.pixels.dmabuf.close();
  image.acquire.fd.close();
  image.release.fd.close();
}

const DRM_FORMAT_XRGB8888 = 0x34325258;
