/** A client of the compositor fixture: our own client bindings, buffers of three kinds, timelines on a simulated GPU. */
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import type { SimFence } from '../../devices/simulated/sim-fence.ts';
import type { Point, SyncobjDevice, SyncobjHandle } from '../../devices/syncobj-device.ts';
import { ClientDisplay } from '../../protocols/client/client-display.ts';
import type { ClientInterface, Proxy } from '../../protocols/client/proxy.ts';
import { ZwpLinuxDmabufV1Proxy } from '../../protocols/generated/linux-dmabuf-v1.client.ts';
import {
  WpLinuxDrmSyncobjManagerV1Proxy,
  type WpLinuxDrmSyncobjTimelineV1Proxy,
} from '../../protocols/generated/linux-drm-syncobj-v1.client.ts';
import {
  WlCompositorProxy,
  WlShmProxy,
  type WlBufferProxy,
  type WlSurfaceProxy,
} from '../../protocols/generated/wayland.client.ts';
import type { Client } from '../../protocols/server/client.ts';
import { Surface } from '../../compositor/surface/surface.ts';
import type { CompositorFixture } from './compositor-fixture.ts';

const BYTES_PER_PIXEL = 4;
const XRGB8888 = 1;
const DRM_XRGB8888 = 0x34325258;

/** wl_display.error as the client got it. */
export interface SeenError {
  readonly interface: string;
  readonly object: number;
  readonly code: number;
}

/** A wl_buffer and how often it was released. */
export interface TestBuffer {
  readonly proxy: WlBufferProxy;
  releases: number;
}

export class TestClient {
  readonly display: ClientDisplay;
  /** The compositor's side. */
  readonly client: Client;
  readonly #fixture: CompositorFixture;
  readonly #devices = new Map<string, SyncobjDevice>();
  readonly #kept: { close(): void }[] = [];
  #compositor: WlCompositorProxy | undefined;
  #shm: WlShmProxy | undefined;
  #dmabuf: ZwpLinuxDmabufV1Proxy | undefined;
  #syncobj: WpLinuxDrmSyncobjManagerV1Proxy | undefined;

  constructor(fixture: CompositorFixture, fd: OwnedFd, client: Client) {
    this.#fixture = fixture;
    this.client = client;
    this.display = ClientDisplay.connect({ poller: fixture.poller, fd, env: {} });
  }

  get compositor(): WlCompositorProxy {
    return (this.#compositor ??= this.bind(WlCompositorProxy));
  }

  get shm(): WlShmProxy {
    return (this.#shm ??= this.bind(WlShmProxy));
  }

  get dmabuf(): ZwpLinuxDmabufV1Proxy {
    return (this.#dmabuf ??= this.bind(ZwpLinuxDmabufV1Proxy, 3));
  }

  get syncobj(): WpLinuxDrmSyncobjManagerV1Proxy {
    return (this.#syncobj ??= this.bind(WpLinuxDrmSyncobjManagerV1Proxy));
  }

  /** Binds the global of this interface; throws when the compositor does not offer it. */
  bind<P extends Proxy>(type: { readonly interface: ClientInterface<P> }, version?: number): P {
    const { name } = type.interface.description;
    const global = this.display.registry.find(name);
    if (!global) throw new Error(`the compositor does not offer ${name}`);
    return this.display.registry.bind(type, global, version);
  }

  offers(name: string): boolean {
    return this.display.registry.find(name) !== undefined;
  }

  /** A surface and, after settling, the compositor's object for it. */
  createSurface(): { proxy: WlSurfaceProxy; surface: Surface } {
    const proxy = this.compositor.createSurface();
    this.#fixture.settle();
    const resource = this.client.resource(proxy.id);
    if (!(resource?.data instanceof Surface)) throw new Error('the surface was not made');
    return { proxy, surface: resource.data };
  }

  /** A memfd the client may do with what it likes; closed with the client. */
  memfd(sizeBytes: number): OwnedFd {
    const fd = this.keep(new OwnedFd(native.memfdCreate('test pool', 0)));
    native.ftruncate(fd.fd, sizeBytes);
    return fd;
  }

  shmBuffer(width = 4, height = 4): TestBuffer {
    const stride = width * BYTES_PER_PIXEL;
    const fd = this.memfd(stride * height);
    const pool = this.shm.createPool(fd.fd, stride * height);
    const proxy = pool.createBuffer(0, width, height, stride, XRGB8888);
    pool.destroy();
    return watchReleases(proxy);
  }

  /** The simulated dma-buf's descriptor, for its implicit fences. */
  dmabufFd(sizeBytes: number, gpu = 'sim:0'): number {
    const buffer = this.#fixture.kernel.createDmabuf(gpu, sizeBytes);
    this.#kept.push({ close: () => buffer.release() });
    return buffer.fd.fd;
  }

  dmabufBuffer(fd: number, width = 4, height = 4): TestBuffer {
    const params = this.dmabuf.createParams();
    params.add(fd, 0, 0, width * BYTES_PER_PIXEL, 0, 0);
    const proxy = params.createImmed(width, height, DRM_XRGB8888, 0);
    params.destroy();
    return watchReleases(proxy);
  }

  /** Runs all that was sent; the error the connection ended with, if it did. */
  settle(): SeenError | undefined {
    this.#fixture.settle();
    return this.error;
  }

  /** A timeline on a GPU of the client's own opening. */
  timeline(gpu = 'sim:1'): TestTimeline {
    return new TestTimeline(this.#fixture, this.#device(gpu), this.syncobj);
  }

  /** Its connection's end, as it saw it. */
  get error(): SeenError | undefined {
    const { error } = this.display;
    if (!error) return undefined;
    return {
      interface: error.interface ?? '',
      object: error.objectId ?? 0,
      code: error.code ?? -1,
    };
  }

  keep<T extends { close(): void }>(owned: T): T {
    this.#kept.push(owned);
    return owned;
  }

  /** Exits: the socket closes, then what the client held. */
  close(): void {
    this.display.close();
    for (const owned of this.#kept.splice(0)) owned.close();
    for (const device of this.#devices.values()) device.close();
    this.#devices.clear();
  }

  #device(gpu: string): SyncobjDevice {
    const open = this.#devices.get(gpu);
    if (open) return open;
    const node = this.#fixture.kernel.listNodes().find(({ id }) => id === gpu);
    if (!node) throw new Error(`no device ${gpu}`);
    const device = this.#fixture.kernel.openDevice(node);
    this.#devices.set(gpu, device);
    return device;
  }
}

function watchReleases(proxy: WlBufferProxy): TestBuffer {
  const buffer: TestBuffer = { proxy, releases: 0 };
  proxy.handler = {
    release: () => {
      buffer.releases++;
    },
  };
  return buffer;
}

/** A syncobj of the client and its wp_linux_drm_syncobj_timeline_v1. */
export class TestTimeline {
  readonly device: SyncobjDevice;
  readonly handle: SyncobjHandle;
  readonly proxy: WpLinuxDrmSyncobjTimelineV1Proxy;
  readonly #fixture: Pick<CompositorFixture, 'kernel'>;

  constructor(
    fixture: Pick<CompositorFixture, 'kernel'>,
    device: SyncobjDevice,
    manager: WpLinuxDrmSyncobjManagerV1Proxy,
  ) {
    this.#fixture = fixture;
    this.device = device;
    this.handle = device.createTimeline();
    this.proxy = this.importInto(manager);
  }

  /** One more import of the same syncobj. */
  importInto(manager: WpLinuxDrmSyncobjManagerV1Proxy): WpLinuxDrmSyncobjTimelineV1Proxy {
    const fd = this.device.exportTimelineFd(this.handle);
    const proxy = manager.importTimeline(fd.fd);
    fd.close();
    return proxy;
  }

  /** Submits a job that ends with `point`. */
  submit(point: Point): SimFence {
    const fence = this.#fixture.kernel.createFence({ deviceId: this.device.id });
    this.#fixture.kernel.submit(this.device, this.handle, point, fence);
    return fence;
  }

  signal(point: Point): void {
    this.device.signal(Uint32Array.of(this.handle), BigUint64Array.of(point), 1);
  }

  /** The highest signalled point. */
  get signalled(): Point {
    const points = new BigUint64Array(1);
    this.device.query(Uint32Array.of(this.handle), points, 1, 'signalled');
    return points[0] ?? 0n;
  }
}
