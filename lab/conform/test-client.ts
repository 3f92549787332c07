/** One connection of a case, with the globals it uses. */
import { Buffer } from 'node:buffer';
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { ClientDisplay } from '../../protocols/client/client-display.ts';
import type { WaylandClientError } from '../../protocols/client/errors.ts';
import type { ClientInterface, Proxy } from '../../protocols/client/proxy.ts';
import { ZwpLinuxDmabufV1Proxy } from '../../protocols/generated/linux-dmabuf-v1.client.ts';
import { WpLinuxDrmSyncobjManagerV1Proxy } from '../../protocols/generated/linux-drm-syncobj-v1.client.ts';
import { WpPresentationProxy } from '../../protocols/generated/presentation-time.client.ts';
import {
  WlCompositorProxy,
  WlShmProxy,
  WlSubcompositorProxy,
  type WlBufferProxy,
} from '../../protocols/generated/wayland.client.ts';
import { XdgWmBaseProxy } from '../../protocols/generated/xdg-shell.client.ts';
import type { LabBuffer } from '../world/world.ts';
import type { CaseRun } from './case-run.ts';
import type { BufferAllocator } from './test-gpus.ts';
import { TestWindow } from './test-window.ts';
import { CaseFailedError, CaseSkippedError } from './verdicts.ts';

export const BUFFER_SIZE = 64;
const BYTES_PER_PIXEL = 4;
const SHM_XRGB8888 = 1;
const DRM_XRGB8888 = 0x34325258;
/** create_params and its events are there; modifiers are told without a feedback object. */
const DMABUF_VERSION = 3;
const FEEDBACK_VERSION = 4;

export class TestClient {
  readonly display: ClientDisplay;
  readonly #run: CaseRun;
  readonly #bound = new Map<string, Proxy>();
  readonly #owned: { close(): void }[] = [];

  private constructor(run: CaseRun, display: ClientDisplay) {
    this.#run = run;
    this.display = display;
  }

  /** Connects and learns the globals. */
  static async connect(run: CaseRun): Promise<TestClient> {
    const { poller, socket } = run.environment;
    const display = ClientDisplay.connect({
      poller,
      ...(socket !== undefined && { name: socket }),
    });
    const client = new TestClient(run, display);
    run.own(client);
    await client.roundtrip();
    return client;
  }

  get compositor(): WlCompositorProxy {
    return this.bind(WlCompositorProxy);
  }

  get subcompositor(): WlSubcompositorProxy {
    return this.bind(WlSubcompositorProxy);
  }

  get shm(): WlShmProxy {
    return this.bind(WlShmProxy);
  }

  get dmabuf(): ZwpLinuxDmabufV1Proxy {
    return this.bind(ZwpLinuxDmabufV1Proxy, DMABUF_VERSION);
  }

  get syncobj(): WpLinuxDrmSyncobjManagerV1Proxy {
    return this.bind(WpLinuxDrmSyncobjManagerV1Proxy);
  }

  /** Undefined when the compositor does not offer it. */
  get presentation(): WpPresentationProxy | undefined {
    const { name } = WpPresentationProxy.interface.description;
    return this.display.registry.find(name) ? this.bind(WpPresentationProxy) : undefined;
  }

  get wmBase(): XdgWmBaseProxy {
    const wmBase = this.bind(XdgWmBaseProxy);
    wmBase.handler ??= { ping: (proxy, serial) => proxy.pong(serial) };
    return wmBase;
  }

  /** Why the connection ended; undefined while it stands. */
  get error(): WaylandClientError | undefined {
    return this.display.error;
  }

  /** CaseSkippedError when the compositor does not offer it. */
  bind<P extends Proxy>(type: { readonly interface: ClientInterface<P> }, version?: number): P {
    const { name, version: known } = type.interface.description;
    const bound = this.#bound.get(name);
    // One proxy an interface: the map's value was made by this type's `make`.
    if (bound) return bound as P;
    const global = this.display.registry.find(name);
    if (!global) throw new CaseSkippedError(`the compositor does not offer ${name}`);
    const proxy = this.display.registry.bind(
      type,
      global,
      Math.min(version ?? known, known, global.version),
    );
    this.#bound.set(name, proxy);
    return proxy;
  }

  /** The compositor has handled everything sent before. Fails the case when it ended the connection instead, or does not answer. */
  async roundtrip(): Promise<void> {
    let answered = false;
    if (this.display.open) this.display.sync(() => (answered = true));
    await this.#run.until(() => answered || !this.display.open);
    if (answered) return;
    const error = this.error;
    throw new CaseFailedError(
      error ? `disconnected: ${error.message}` : 'the compositor does not answer a round trip',
      error ? 'killed' : 'stuck',
    );
  }

  /** Expects the connection to end with one of these errors on this object; `what` names them. */
  async expectError(object: Proxy, codes: readonly number[], what: string): Promise<void> {
    const { id, description } = object;
    let synced = false;
    if (this.display.open) this.display.sync(() => (synced = true));
    await this.#run.until(() => synced || !this.display.open);
    const error = this.error;
    const wanted = `${what} on ${description.name}@${id}`;
    if (!error) {
      throw new CaseFailedError(
        synced ? `no error came, expected ${wanted}` : `neither an answer nor ${wanted}`,
        synced ? 'wrong' : 'stuck',
      );
    }
    if (error.code === undefined) {
      throw new CaseFailedError(`disconnected (${error.message}) without ${wanted}`, 'killed');
    }
    if (error.objectId !== id || !codes.includes(error.code)) {
      throw new CaseFailedError(`got "${error.message}", expected ${wanted}`);
    }
  }

  /** A mapped-to-be toplevel, configured. */
  async openWindow(options: { readonly explicitSync: boolean }): Promise<TestWindow> {
    return TestWindow.open(this.#run, this, options);
  }

  /** A dma-buf the compositor takes, made in the first way it does. */
  async dmabufBuffer(): Promise<WlBufferProxy> {
    const { environment } = this.#run;
    const known = environment.knownAllocator;
    const others = (environment.gpus?.allocators ?? []).filter(({ name }) => name !== known?.name);
    const refusals: string[] = [];
    for (const allocator of known ? [known, ...others] : others) {
      const buffer = await this.#tryAllocator(allocator, refusals);
      if (this.error) throw new CaseFailedError(`disconnected: ${this.error.message}`, 'killed');
      if (!buffer) continue;
      environment.knownAllocator = allocator;
      return buffer;
    }
    throw new CaseSkippedError(`no dma-buf the compositor would take: ${refusals.join('; ')}`);
  }

  shmBuffer(): WlBufferProxy {
    const stride = BUFFER_SIZE * BYTES_PER_PIXEL;
    const memory = new OwnedFd(native.memfdCreate('syncline conform', 1));
    try {
      native.ftruncate(memory.fd, stride * BUFFER_SIZE);
      const pool = this.shm.createPool(memory.fd, stride * BUFFER_SIZE);
      const buffer = pool.createBuffer(0, BUFFER_SIZE, BUFFER_SIZE, stride, SHM_XRGB8888);
      pool.destroy();
      return buffer;
    } finally {
      memory.close();
    }
  }

  /** The dev_t of the compositor's main device; undefined when it tells none. */
  async mainDevice(): Promise<bigint | undefined> {
    const global = this.display.registry.find(ZwpLinuxDmabufV1Proxy.interface.description.name);
    if (!global || global.version < FEEDBACK_VERSION) return undefined;
    const dmabuf = this.display.registry.bind(ZwpLinuxDmabufV1Proxy, global, FEEDBACK_VERSION);
    const feedback = dmabuf.getDefaultFeedback();
    let device: bigint | undefined;
    feedback.handler = {
      formatTable: (_proxy, fd) => fd.close(),
      mainDevice: (_proxy, bytes) => {
        device = Buffer.from(bytes).readBigUInt64LE();
      },
    };
    await this.roundtrip();
    feedback.destroy();
    dmabuf.destroy();
    return device;
  }

  /** Leaves without a word, as a process that exits. Idempotent. */
  close(): void {
    this.display.onClosed = undefined;
    this.display.close();
    for (const owned of this.#owned.splice(0)) owned.close();
  }

  async #tryAllocator(
    allocator: BufferAllocator,
    refusals: string[],
  ): Promise<WlBufferProxy | undefined> {
    let memory: LabBuffer;
    try {
      memory = allocator.allocate(BUFFER_SIZE, BUFFER_SIZE);
    } catch (error) {
      refusals.push(`${allocator.name}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
    this.#owned.push(memory.dmabuf);
    const params = this.dmabuf.createParams();
    params.add(memory.dmabuf.fd, 0, 0, memory.strideBytes, 0, 0);
    let buffer: WlBufferProxy | undefined;
    let failed = false;
    params.handler = {
      created: (_proxy, made) => {
        buffer = made;
      },
      failed: () => {
        failed = true;
      },
    };
    params.create(BUFFER_SIZE, BUFFER_SIZE, DRM_XRGB8888, 0);
    await this.#run.until(() => buffer !== undefined || failed || !this.display.open);
    if (this.display.open) params.destroy();
    if (!buffer) refusals.push(`${allocator.name}: refused`);
    return buffer;
  }
}
