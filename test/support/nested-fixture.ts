/**
 * A compositor nested in another one, both ours, with clients of the inner one: one process, virtual time, real sockets, the same
 * simulated GPUs. What is judged is the outer one's picture.
 */
import { native } from '../../native/binding.ts';
import { ManualClock } from '../../native/clock.ts';
import { OwnedFd } from '../../native/fd.ts';
import { Poller } from '../../native/poller.ts';
import { HostConnection } from '../../compositor/backend/host-connection.ts';
import { NestedBackend } from '../../compositor/backend/nested.ts';
import type { NestedMode } from '../../compositor/backend/nested-mode.ts';
import { Compositor } from '../../compositor/compositor.ts';
import type { CompositorOptions, OutputRequest } from '../../compositor/config.ts';
import type { CompositorLog } from '../../compositor/log.ts';
import type { WindowManagerFactory } from '../../compositor/shell/window-manager.ts';
import { SimulatedKernel } from '../../devices/simulated/simulated-kernel.ts';
import type { DeviceNode, SyncKernel } from '../../devices/sync-kernel.ts';
import type { SyncobjDevice } from '../../devices/syncobj-device.ts';
import { ZwpLinuxDmabufV1Proxy } from '../../protocols/generated/linux-dmabuf-v1.client.ts';
import { WpLinuxDrmSyncobjManagerV1Proxy } from '../../protocols/generated/linux-drm-syncobj-v1.client.ts';
import type { WlBufferProxy } from '../../protocols/generated/wayland.client.ts';
import type { WlShmFormat } from '../../protocols/generated/wayland.interfaces.ts';
import { TestTimeline } from './compositor-client.ts';
import { ShellClient, type TestWindow } from './shell-client.ts';

const MS = 1_000_000n;
const DRM_XRGB8888 = 0x34325258;

export interface NestedFixtureOptions {
  /** Default: pass-through. */
  readonly mode?: NestedMode;
  /** GPUs sim:0 … sim:N-1, which all see. Default 2. */
  readonly gpus?: number;
  readonly output?: OutputRequest;
  readonly host?: Partial<CompositorOptions>;
  readonly inner?: Partial<CompositorOptions>;
  /** The order in which the host sees the GPUs. Default: that of their names. */
  readonly hostNodes?: (nodes: DeviceNode[]) => DeviceNode[];
  /** Default: as high as the two need it. */
  readonly hostOutput?: OutputRequest;
}

/** Windows in the corner, so that places in the host are those in the output. */
const inTheCorner: WindowManagerFactory = (shell, standard) => ({
  ...standard,
  mapped: (toplevel) => {
    if (!toplevel.placed) shell.move(toplevel, 0, 0);
    standard.mapped(toplevel);
  },
});

export class NestedFixture {
  readonly clock: ManualClock;
  readonly poller: Poller;
  readonly kernel: SimulatedKernel;
  readonly host: Compositor;
  readonly inner: Compositor;
  /** Lines of both. */
  readonly logged: string[];
  /** Why the inner one's backend gave up. */
  lost: string | undefined;
  readonly #clients: NestedClient[] = [];

  static async create(options: NestedFixtureOptions = {}): Promise<NestedFixture> {
    const { mode = 'pass-through', gpus = 2 } = options;
    const clock = new ManualClock();
    const poller = new Poller();
    const kernel = new SimulatedKernel(clock);
    for (let index = 0; index < gpus; index++) kernel.addDevice();
    clock.advanceBy(100n * MS);
    const logged: string[] = [];
    const common = { poller, clock, kernel, env: {} };
    const { hostNodes } = options;
    const host = Compositor.create({
      ...common,
      kernel: hostNodes ? withNodes(kernel, hostNodes) : kernel,
      log: logInto(logged, 'host'),
      outputs: [{ width: 320, height: 240, ...options.hostOutput }],
      windowManager: inTheCorner,
      ...options.host,
    });
    const [hostFd, innerFd] = native.socketPair();
    host.display.connect(new OwnedFd(hostFd));
    const log = logInto(logged, 'inner');
    const opening = HostConnection.open({ poller, env: {}, log, fd: new OwnedFd(innerFd) });
    let connection: HostConnection | undefined;
    void opening.then((opened) => (connection = opened));
    for (let turn = 0; !connection && turn < 100; turn++) {
      poller.dispatch();
      await Promise.resolve();
    }
    const opened = await opening;
    const inner = Compositor.create({
      ...common,
      log,
      outputs: [{ width: 320, height: 240, ...options.output }],
      backend: (context) => new NestedBackend({ ...context, host: opened, mode }),
      ...options.inner,
    });
    return new NestedFixture({ clock, poller, kernel, host, inner, logged });
  }

  private constructor(
    parts: Pick<NestedFixture, 'clock' | 'poller' | 'kernel' | 'host' | 'inner' | 'logged'>,
  ) {
    this.clock = parts.clock;
    this.poller = parts.poller;
    this.kernel = parts.kernel;
    this.host = parts.host;
    this.inner = parts.inner;
    this.logged = parts.logged;
    this.inner.desktop.onLost((reason) => {
      this.lost = reason;
    });
    this.frames();
  }

  connect(): NestedClient {
    const [serverFd, clientFd] = native.socketPair();
    const server = this.inner.display.connect(new OwnedFd(serverFd));
    const client = new NestedClient(this, new OwnedFd(clientFd), server);
    this.#clients.push(client);
    this.settle();
    return client;
  }

  /** Runs turns until two in a row find nothing to do. */
  settle(): void {
    for (let quiet = 0; quiet < 2;) {
      this.host.display.flush();
      this.inner.display.flush();
      quiet = this.poller.dispatch() === 0 ? quiet + 1 : 0;
    }
  }

  /** Virtual time goes on; timers fire, everybody reacts. */
  advance(durationNs: bigint): void {
    const targetNs = this.clock.nowNs() + durationNs;
    this.settle();
    for (;;) {
      const nextNs = this.clock.nextDeadlineNs();
      if (nextNs === undefined || nextNs > targetNs) break;
      this.clock.advanceTo(nextNs);
      this.settle();
    }
    this.clock.advanceTo(targetNs);
    this.settle();
  }

  /** Long enough for something committed to get through both, and for what follows from it. */
  frames(): void {
    this.advance(100n * MS);
  }

  /** The host's pixel, as 0xRRGGBB. */
  pixel(x: number, y: number): number {
    const { words, width } = this.#hostPixels();
    return (words[y * width + x] ?? 0) & 0xff_ff_ff;
  }

  /** A copy of all pixels of the host. */
  picture(): Uint32Array {
    return this.#hostPixels().words.map((pixel) => pixel & 0xff_ff_ff);
  }

  /** What the inner one's backend counts. */
  get backend(): Record<string, unknown> {
    return this.inner.stats().desktop.backend;
  }

  /** Frames in which a surface was passed through, and copied. */
  get counts(): { passed: number; copied: Record<string, number> } {
    return this.backend as { passed: number; copied: Record<string, number> };
  }

  dispose(): void {
    for (const client of this.#clients) client.close();
    this.settle();
    const { surfaces, clients, sync } = this.inner.stats();
    this.inner.dispose();
    this.settle();
    const hostLeft = this.host.stats();
    this.host.dispose();
    const { openDeviceFiles } = this.kernel.accounting();
    this.kernel.dispose();
    this.poller.close();
    // The host warns of clients it has to end.
    const errors = this.logged.filter((line) => / (error:|host warn:)/.test(` ${line}`));
    if (errors.length > 0) throw new Error(errors.join('\n'));
    const left = {
      surfaces,
      clients: clients.length,
      releasesOwed: sync.releasesOwed,
      hostSurfaces: hostLeft.surfaces,
      hostClients: hostLeft.clients.length,
      hostReleasesOwed: hostLeft.sync.releasesOwed,
      openDeviceFiles,
    };
    const remains = Object.entries(left).filter(([, count]) => count !== 0);
    if (remains.length > 0)
      throw new Error(`left behind: ${JSON.stringify(Object.fromEntries(remains))}`);
  }

  #hostPixels(): { words: Uint32Array; width: number } {
    const [output] = this.host.outputs;
    const pixels = output && this.host.desktop.backend.pixels(output);
    if (!pixels) throw new Error('the host has shown nothing yet');
    const { bytes, offsetBytes, width, height } = pixels;
    return { words: new Uint32Array(bytes, offsetBytes, width * height), width };
  }
}

/** A client with windows and, where it wants, dma-bufs and timelines of a GPU of its own opening. */
export class NestedClient extends ShellClient {
  readonly #fixture: NestedFixture;
  readonly #owned: { close(): void }[] = [];
  #dmabuf: ZwpLinuxDmabufV1Proxy | undefined;
  #syncobj: WpLinuxDrmSyncobjManagerV1Proxy | undefined;

  constructor(
    fixture: NestedFixture,
    fd: OwnedFd,
    client: ConstructorParameters<typeof ShellClient>[2],
  ) {
    super(fixture.poller, fd, client, () => fixture.settle());
    this.#fixture = fixture;
  }

  /** A wl_shm buffer whose memory cannot shrink, of one colour with alpha 1. */
  sealedBuffer(width: number, height: number, colour: number): WlBufferProxy {
    const pixels = new Uint32Array(width * height).fill((0xff00_0000 | colour) >>> 0);
    return this.sealedPixels(width, height, pixels, 1);
  }

  /** `format`: wl_shm.format, of four bytes a pixel. */
  sealedPixels(
    width: number,
    height: number,
    pixels: Uint32Array,
    format: WlShmFormat,
  ): WlBufferProxy {
    const fd = this.#memory(pixels);
    native.addSeals(fd.fd, F_SEAL_SHRINK);
    return this.#poolBuffer(fd, width, height, format);
  }

  /** As {@link sealedPixels}, but the client might take the pages away. */
  loosePixels(
    width: number,
    height: number,
    pixels: Uint32Array,
    format: WlShmFormat,
  ): WlBufferProxy {
    return this.#poolBuffer(this.#memory(pixels), width, height, format);
  }

  #memory(pixels: Uint32Array): OwnedFd {
    const fd = new OwnedFd(native.memfdCreate('test', MFD_ALLOW_SEALING));
    this.pools.push(fd);
    native.ftruncate(fd.fd, pixels.byteLength);
    native.pwrite(fd.fd, new Uint8Array(pixels.buffer), 0);
    return fd;
  }

  #poolBuffer(fd: OwnedFd, width: number, height: number, format: WlShmFormat): WlBufferProxy {
    const pool = this.shm.createPool(fd.fd, 4 * width * height);
    const buffer = pool.createBuffer(0, width, height, 4 * width, format);
    pool.destroy();
    return buffer;
  }

  /** A dma-buf of one colour. */
  dmabuf(width: number, height: number, colour: number, gpu = 'sim:0'): WlBufferProxy {
    return this.dmabufPixels(width, height, new Uint32Array(width * height).fill(colour), gpu);
  }

  dmabufPixels(width: number, height: number, pixels: Uint32Array, gpu = 'sim:0'): WlBufferProxy {
    const memory = this.#fixture.kernel.createDmabuf(gpu, 4 * width * height);
    this.#owned.push({ close: () => memory.release() });
    native.pwrite(memory.fd.fd, new Uint8Array(pixels.buffer), 0);
    this.#dmabuf ??= this.bind(ZwpLinuxDmabufV1Proxy, 3);
    const params = this.#dmabuf.createParams();
    params.add(memory.fd.fd, 0, 0, 4 * width, 0, 0);
    const buffer = params.createImmed(width, height, DRM_XRGB8888, 0);
    params.destroy();
    return buffer;
  }

  get syncobj(): WpLinuxDrmSyncobjManagerV1Proxy {
    return (this.#syncobj ??= this.bind(WpLinuxDrmSyncobjManagerV1Proxy));
  }

  /** Device of the client's own opening. */
  openGpu(gpu: string): SyncobjDevice {
    const node = this.#fixture.kernel.listNodes().find(({ id }) => id === gpu);
    if (!node) throw new Error(`no device ${gpu}`);
    const device = this.#fixture.kernel.openDevice(node);
    this.#owned.push(device);
    return device;
  }

  timeline(device: SyncobjDevice): TestTimeline {
    return new TestTimeline(this.#fixture, device, this.syncobj);
  }

  /** A window with its first, plain content. */
  window(width: number, height: number, colour: number): TestWindow {
    const window = this.createWindow();
    window.surface.commit();
    this.#fixture.settle();
    const serial = window.configures.at(-1)?.serial;
    if (serial !== undefined) window.xdgSurface.ackConfigure(serial);
    window.surface.attach(this.sealedBuffer(width, height, colour), 0, 0);
    window.surface.damageBuffer(0, 0, width, height);
    window.surface.commit();
    this.#fixture.frames();
    return window;
  }

  override close(): void {
    super.close();
    for (const owned of this.#owned.splice(0)) owned.close();
  }
}

/** Runs `body` with a fixture and always ends it. A failed assertion says more than what it left behind. */
export async function withNested(
  options: NestedFixtureOptions,
  body: (fixture: NestedFixture) => void | Promise<void>,
): Promise<void> {
  const fixture = await NestedFixture.create(options);
  try {
    await body(fixture);
  } catch (error) {
    try {
      fixture.dispose();
    } catch {
      // Follows from the failure.
    }
    throw error;
  }
  fixture.dispose();
}

/** The same kernel, whose nodes are listed otherwise. */
function withNodes(kernel: SyncKernel, order: (nodes: DeviceNode[]) => DeviceNode[]): SyncKernel {
  const { description, syncFiles, dmabufs, hotplug } = kernel;
  return {
    description,
    syncFiles,
    dmabufs,
    hotplug,
    listNodes: () => order(kernel.listNodes()),
    openDevice: (node) => kernel.openDevice(node),
  };
}

const MFD_ALLOW_SEALING = 2;
const F_SEAL_SHRINK = 2;

function logInto(lines: string[], who: string): CompositorLog {
  const keep =
    (level: string) =>
    (message: string, cause?: unknown): void => {
      const detail = cause instanceof Error ? `: ${cause.stack ?? cause.message}` : '';
      lines.push(`${who} ${level}: ${message}${detail}`);
    };
  return { error: keep('error'), warn: keep('warn'), info: keep('info'), debug: keep('debug') };
}
