/** A window that commits buffers with explicit sync, in a compositor core without outputs: what the times to "applied" are taken on. */
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { SILENT_LOG } from '../../../sync/log.ts';
import { DEFAULT_STRATEGY } from '../../../sync/recovery/default-strategy.ts';
import type { SyncobjHandle } from '../../../devices/syncobj-device.ts';
import { ClientBuffer } from '../../../compositor/buffer/client-buffer.ts';
import { SyncPoint, TimelineReference } from '../../../compositor/buffer/sync-point.ts';
import { ClientState } from '../../../compositor/client-state.ts';
import { CompositorCore } from '../../../compositor/core.ts';
import { Surface } from '../../../compositor/surface/surface.ts';
import { ClientDisplay } from '../../../protocols/client/client-display.ts';
import type { ClientInterface, Proxy } from '../../../protocols/client/proxy.ts';
import { WlCompositorProxy, WlShmProxy } from '../../../protocols/generated/wayland.client.ts';
import type { Client } from '../../../protocols/server/client.ts';
import { SyncBed, type BedKind } from './bed.ts';

const SIDE = 64;
const STRIDE = 4 * SIDE;
const XRGB8888 = 1;
const BUFFERS = 2;

/** The client is in this process: what it does is not part of any measured time. */
export class CommittingWindow {
  readonly bed: SyncBed;
  readonly core: CompositorCore;
  /** The acquire timeline, in the client's device. */
  readonly acquire: SyncobjHandle;
  /** Told when an update was applied, before the buffer that it replaced is released. */
  onApplied: () => void = () => undefined;
  readonly #display: ClientDisplay;
  readonly #client: Client;
  readonly #surface: Surface;
  readonly #buffers: readonly ClientBuffer[];
  readonly #acquire: TimelineReference;
  readonly #release: TimelineReference;
  #commits = 0;
  #point = 0n;

  constructor(kind: BedKind) {
    let core: CompositorCore | undefined;
    this.bed = new SyncBed(kind, (parts) => {
      const { log } = parts;
      const made = new CompositorCore({
        ...parts,
        strategy: DEFAULT_STRATEGY,
        log: { ...SILENT_LOG, ...log, debug: () => undefined },
        env: {},
      });
      core = made;
      return { manager: made.sync, dispose: () => made.dispose() };
    });
    if (!core) throw new Error('the bed made no manager');
    this.core = core;
    const [serverFd, clientFd] = native.socketPair();
    this.#client = core.display.connect(new OwnedFd(serverFd));
    const { poller } = this.bed;
    this.#display = ClientDisplay.connect({ poller, fd: new OwnedFd(clientFd), env: {} });
    this.#settle();
    this.#surface = this.#made(this.#bind(WlCompositorProxy).createSurface(), Surface);
    this.#buffers = this.#makeBuffers();
    // As import_timeline does; a stand-in's descriptors mean nothing once they went through a socket.
    const { sync } = ClientState.of(this.#client);
    const { client } = this.bed;
    const share = (handle: SyncobjHandle): TimelineReference =>
      new TimelineReference(sync.importTimeline(client.exportTimelineFd(handle)));
    this.acquire = client.createTimeline();
    this.#acquire = share(this.acquire);
    this.#release = share(client.createTimeline());
    core.scheduler.onApplied(() => this.onApplied());
  }

  /** Of the acquire timeline, not used yet. */
  nextPoint(): bigint {
    return ++this.#point;
  }

  /** What the requests before wl_surface.commit leave behind: another buffer, damage, the points. */
  prepare(point: bigint): void {
    this.#commits++;
    const { pending } = this.#surface;
    const buffer = this.#buffers[this.#commits % BUFFERS]!;
    buffer.ref();
    pending.buffer = buffer;
    pending.bufferDamage = [{ x: 0, y: 0, width: SIDE, height: SIDE }];
    pending.acquirePoint = new SyncPoint(this.#acquire, point);
    pending.releasePoint = new SyncPoint(this.#release, point);
  }

  /** wl_surface.commit. */
  commit(): void {
    this.#surface.commit();
  }

  dispose(): void {
    for (const buffer of this.#buffers) buffer.unref();
    this.#display.close();
    this.bed.dispose();
  }

  /** Runs turns until two in a row find nothing to do. */
  #settle(): void {
    for (let quiet = 0; quiet < 2;) quiet = this.bed.poller.dispatch() === 0 ? quiet + 1 : 0;
  }

  #makeBuffers(): ClientBuffer[] {
    const sizeBytes = BUFFERS * STRIDE * SIDE;
    const memory = new OwnedFd(native.memfdCreate('syncline-bench', 0));
    try {
      native.ftruncate(memory.fd, sizeBytes);
      const pool = this.#bind(WlShmProxy).createPool(memory.fd, sizeBytes);
      return Array.from({ length: BUFFERS }, (_, index) => {
        const proxy = pool.createBuffer(index * STRIDE * SIDE, SIDE, SIDE, STRIDE, XRGB8888);
        const buffer = this.#made(proxy, ClientBuffer);
        // Without its object nobody has to be told of the release, which would be read in the middle of what is measured.
        buffer.ref();
        proxy.destroy();
        this.#settle();
        return buffer;
      });
    } finally {
      memory.close();
    }
  }

  #bind<P extends Proxy>(type: { readonly interface: ClientInterface<P> }): P {
    const { name } = type.interface.description;
    const global = this.#display.registry.find(name);
    if (!global) throw new Error(`the core does not offer ${name}`);
    return this.#display.registry.bind(type, global);
  }

  /** The core's object for the client's. */
  #made<T extends object>(proxy: Proxy, type: abstract new (...args: never[]) => T): T {
    this.#settle();
    const data = this.#client.resource(proxy.id)?.data;
    if (data instanceof type) return data;
    throw new Error(`the core made no ${type.name}`);
  }
}
