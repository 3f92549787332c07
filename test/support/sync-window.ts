/** A window of a client in a nested compositor whose content is dma-bufs with explicit sync. */
import type { SyncobjDevice } from '../../devices/syncobj-device.ts';
import type { Surface } from '../../compositor/surface/surface.ts';
import type { WpLinuxDrmSyncobjSurfaceV1Proxy } from '../../protocols/generated/linux-drm-syncobj-v1.client.ts';
import type { WlBufferProxy } from '../../protocols/generated/wayland.client.ts';
import type { TestTimeline } from './compositor-client.ts';
import type { NestedClient, NestedFixture } from './nested-fixture.ts';
import type { TestWindow } from './shell-client.ts';

/** Width and height of the window. */
export const SIDE = 64;
/** Inside it. */
export const AT = [50, 50] as const;
/** What it shows at first. */
const RED = 0xff0000;

export interface Image {
  readonly buffer: WlBufferProxy;
  /** Acquire points 1, 3, 5…, release points 2, 4, 6…, on timelines of its own. */
  readonly acquire: TestTimeline;
  readonly release: TestTimeline;
  point: bigint;
}

/** A window whose content is dma-bufs with explicit sync, of a client on a GPU of its own. */
export class SyncWindow {
  readonly client: NestedClient;
  readonly device: SyncobjDevice;
  readonly window: TestWindow;
  readonly sync: WpLinuxDrmSyncobjSurfaceV1Proxy;
  readonly #fixture: NestedFixture;

  constructor(fixture: NestedFixture, gpu = 'sim:1') {
    this.#fixture = fixture;
    this.client = fixture.connect();
    this.device = this.client.openGpu(gpu);
    this.window = this.client.window(SIDE, SIDE, RED);
    this.sync = this.client.syncobj.getSurface(this.window.surface);
  }

  image(colour: number): Image {
    return {
      buffer: this.client.dmabuf(SIDE, SIDE, colour, this.device.id),
      acquire: this.client.timeline(this.device),
      release: this.client.timeline(this.device),
      point: 0n,
    };
  }

  /** Commits it; its work is submitted by the caller, before or after. */
  commit(image: Image): bigint {
    const { surface } = this.window;
    const point = ++image.point;
    this.sync.setAcquirePoint(image.acquire.proxy, 0, Number(point));
    this.sync.setReleasePoint(image.release.proxy, 0, Number(point));
    surface.attach(image.buffer, 0, 0);
    surface.damageBuffer(0, 0, SIDE, SIDE);
    surface.commit();
    this.#fixture.settle();
    return point;
  }

  /** Shows a finished image. */
  show(image: Image): void {
    image.acquire.signal(image.point + 1n);
    this.commit(image);
    this.#fixture.frames();
  }

  /** The host's surface of this window's layer: the one that shows `colour` on top. */
  hostSurface(): Surface {
    const surfaces = [...this.#fixture.host.surfaces].filter(
      ({ roleName, current }) => roleName === 'wl_subsurface' && current.content,
    );
    const [surface, ...others] = surfaces;
    if (!surface || others.length > 0) throw new Error(`${surfaces.length} layers in the host`);
    return surface;
  }
}
