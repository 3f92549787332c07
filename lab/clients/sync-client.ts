/** A headless explicit-sync client on our own client bindings: what a Vulkan program does, without the pixels mattering. */
import { hasErrno } from '../../native/errors.ts';
import { Lifetime } from '../../native/lifetime.ts';
import { ENODEV } from '../../native/errno.ts';
import { DeviceLostError, type Point } from '../../devices/syncobj-device.ts';
import { ClientDisplay } from '../../protocols/client/client-display.ts';
import type { WaylandClientError } from '../../protocols/client/errors.ts';
import type { WlSurfaceProxy } from '../../protocols/generated/wayland.client.ts';
import type { CommitRecord } from '../ledger.ts';
import type { ClientOptions } from '../scenarios/scenario.ts';
import type { LabBuffer, LabGpu, World } from '../world/world.ts';
import { ClientDevice } from './client-device.ts';
import { openWindow, type Window } from './window.ts';
import {
  createImage,
  destroyImage,
  type OwedRelease,
  ReleaseWatch,
  type SwapchainImage,
} from './swapchain.ts';

const WIDTH = 64;
const HEIGHT = 64;

/** Work a client committed but has not handed to its GPU yet. */
interface Unsubmitted {
  readonly image: SwapchainImage;
  readonly point: Point;
  readonly record: CommitRecord;
}

export class SyncClient {
  readonly number: number;
  readonly options: ClientOptions;
  readonly #world: World;
  readonly #display: ClientDisplay;
  readonly #window: Window;
  readonly #lifetime = new Lifetime();
  readonly #owed: OwedRelease[] = [];
  readonly #unsubmitted = new Set<Unsubmitted>();
  #device: ClientDevice | undefined;
  #retired: ClientDevice[] = [];
  #releases: ReleaseWatch | undefined;
  #images: SwapchainImage[] = [];
  #oldImages: SwapchainImage[] = [];
  #serial: number;
  #framesDrawn = 0;
  #drawing = false;
  #readyForFrame = false;
  #disconnected: string | undefined;

  private constructor(
    world: World,
    options: ClientOptions,
    number: number,
    display: ClientDisplay,
    window: Window,
  ) {
    this.#world = world;
    this.options = options;
    this.number = number;
    this.#display = display;
    this.#window = window;
    this.#serial = window.commits;
  }

  /** Connects, opens a window and the GPU. Resolves when the first frame may be drawn. */
  static async start(world: World, options: ClientOptions): Promise<SyncClient> {
    const { fd, client } = world.connect();
    const display = ClientDisplay.connect({ poller: world.poller, fd });
    const window = await openWindow(world, display, `client ${client}`);
    const self = new SyncClient(world, options, client, display, window);
    display.onClosed = (error) => self.#onClosed(describe(error));
    self.#openDevice(world.clientGpu);
    return self;
  }

  get surface(): WlSurfaceProxy {
    return this.#window.surface;
  }

  get framesDrawn(): number {
    return this.#framesDrawn;
  }

  /** Why the compositor cut the connection, undefined while it stands. */
  get disconnected(): string | undefined {
    return this.#disconnected;
  }

  /** Whether the compositor knows of a frame whose work has not been handed to the GPU. */
  get frameUnsubmitted(): boolean {
    for (const { record } of this.#unsubmitted) if (record.receivedAtNs !== undefined) return true;
    return false;
  }

  /** Whether the compositor knows of its last frame and the GPU still works on it. */
  get frameInFlight(): boolean {
    const last = this.#owed.at(-1)?.record;
    return (
      last?.acquire === 'pending' &&
      last.submittedAtNs !== undefined &&
      last.receivedAtNs !== undefined
    );
  }

  /** The client's GPU answered ENODEV and it has no other yet. */
  get homeless(): boolean {
    return this.#device === undefined;
  }

  /** Draws a frame at each frame callback until stopped. */
  draw(): void {
    this.#drawing = true;
    this.#readyForFrame = true;
    this.#tryFrame();
  }

  stop(): void {
    this.#drawing = false;
  }

  /** Opens another GPU and goes on there with new images; unfinished work of the old one is rescued if it is of that kind. */
  moveTo(gpu: LabGpu): void {
    this.#openDevice(gpu);
    if (this.options.rescuesTimelines && this.options.keepsTimelineFds) this.#rescue();
    this.#readyForFrame = true;
    this.#tryFrame();
  }

  /** Throws its images away and imports new ones on the same GPU, as a resize does. */
  renewSwapchain(): void {
    if (this.#device && this.#disconnected === undefined) this.#replaceImages(this.#device);
  }

  /** Destroys its surface but stays connected, so that every release falls due. */
  destroySurface(): void {
    this.stop();
    if (this.#disconnected !== undefined || !this.#display.open) return;
    this.#world.ledger.surfaceDestroyed(this.number, this.surface.id);
    this.#window.destroy();
    this.#display.flush();
  }

  /** Releases the compositor owed this client up to now; the auditor asks a device about them. */
  owedReleases(): readonly OwedRelease[] {
    return this.#owed;
  }

  /** Leaves without a word, as a process that exits; only what the auditor needs stays open. Idempotent. */
  vanish(): void {
    this.stop();
    this.#lifetime.dispose();
    this.#world.ledger.left.add(this.number);
    this.#display.onClosed = undefined;
    this.#display.close();
    this.#releases?.close();
    for (const { record } of this.#unsubmitted) record.acquire = 'abandoned';
    for (const device of this.#retired) device.close();
    this.#device?.close();
    this.#device = undefined;
    this.#retired = [];
  }

  /** Vanishes, and gives the rest back. Idempotent. */
  close(): void {
    this.vanish();
    for (const image of [...this.#images, ...this.#oldImages]) destroyImage(image);
  }

  #openDevice(gpu: LabGpu): void {
    const device = new ClientDevice(this.#world, gpu);
    this.#device = device;
    this.#releases = new ReleaseWatch(
      this.#world,
      device,
      () => this.#tryFrame(),
      () => this.#onDeviceLost(device),
    );
    this.#replaceImages(device);
  }

  #retire(device: ClientDevice): void {
    this.#retired.push(device);
    this.#device = undefined;
    this.#releases?.close();
    this.#releases = undefined;
  }

  #replaceImages(device: ClientDevice): void {
    this.#oldImages.push(...this.#images);
    this.#images = Array.from({ length: this.options.images }, () =>
      createImage(device, this.#allocate(device), this.#window),
    );
    this.#display.flush();
    if (!this.options.keepsTimelineFds) for (const image of this.#images) image.acquire.fd.close();
  }

  /** Memory of the GPU its images are to be of, or of its own when that one is going. */
  #allocate(device: ClientDevice): LabBuffer {
    const { importGpu, clientGpu } = this.#world;
    const other = device.gpu.id === importGpu.id ? clientGpu : importGpu;
    if (this.options.buffersOf === 'other GPU') {
      try {
        return this.#world.createBuffer(other, WIDTH, HEIGHT);
      } catch (error) {
        if (!hasErrno(error, 'ENOENT') && !hasErrno(error, 'ENODEV')) throw error;
      }
    }
    return this.#world.createBuffer(device.gpu, WIDTH, HEIGHT);
  }

  #tryFrame(): void {
    if (!this.#drawing || !this.#readyForFrame || this.#disconnected !== undefined) return;
    if (this.#framesDrawn >= this.options.frames) return;
    const image = this.#images.find((candidate) => candidate.busy === undefined);
    const device = this.#device;
    if (!image || !device) return;
    this.#readyForFrame = false;
    try {
      this.#frame(image, device);
    } catch (error) {
      if (!(error instanceof DeviceLostError)) throw error;
      this.#onDeviceLost(device);
    }
  }

  #frame(image: SwapchainImage, device: ClientDevice): void {
    const { random } = this.#world;
    const { workMs, submitDelayMs } = this.options;
    const work = random.between(workMs[0], workMs[1]);
    const delay = random.between(submitDelayMs[0], submitDelayMs[1]);
    this.#framesDrawn += 1;
    image.point += 1n;
    const { point } = image;
    if (this.#framesDrawn >= this.options.neverSubmitsFrom) {
      this.#unsubmitted.add({ image, point, record: this.#commit(image) });
    } else if (delay === 0) {
      // May find the device gone: then nothing was committed.
      const committed: { record?: CommitRecord } = {};
      this.#submit(image, point, device, work, committed);
      committed.record = this.#commit(image);
      committed.record.submittedAtNs = committed.record.committedAtNs;
    } else {
      this.#submitLater({ image, point, record: this.#commit(image) }, device, work, delay);
    }
    this.#releases?.await(image);
  }

  #commit(image: SwapchainImage): CommitRecord {
    const { ledger, clock } = this.#world;
    const { surface, sync } = this.#window;
    const { point } = image;
    const record = ledger.committed(this.number, surface.id, ++this.#serial, clock.nowNs());
    image.busy = record;
    this.#owed.push({ timelineFd: image.release.fd, point, record });
    sync.setAcquirePoint(image.acquireObject, high(point), low(point));
    sync.setReleasePoint(image.releaseObject, high(point), low(point));
    surface.attach(image.buffer, 0, 0);
    surface.damageBuffer(0, 0, WIDTH, HEIGHT);
    surface.frame().handler = {
      done: () => {
        record.calledBackAtNs ??= clock.nowNs();
        this.#onFrameDone();
      },
    };
    surface.commit();
    this.#display.flush();
    return record;
  }

  /** Wait-before-submit: the work follows its commit. */
  #submitLater(frame: Unsubmitted, device: ClientDevice, workMs: number, delayMs: number): void {
    const { clock } = this.#world;
    this.#unsubmitted.add(frame);
    const timer = clock.at(clock.nowNs() + BigInt(delayMs) * NS_PER_MS, () => {
      this.#lifetime.remove(timer);
      if (device !== this.#device) return;
      try {
        this.#submit(frame.image, frame.point, device, workMs, frame);
        this.#unsubmitted.delete(frame);
      } catch (error) {
        if (!(error instanceof DeviceLostError)) throw error;
        this.#onDeviceLost(device);
      }
    });
    this.#lifetime.add(timer);
  }

  /** Throws DeviceLostError. `committed.record`, once there, learns how the work ended. */
  #submit(
    image: SwapchainImage,
    point: Point,
    device: ClientDevice,
    workMs: number,
    committed: { readonly record?: CommitRecord },
  ): void {
    device.submit(image.acquire.handle, point, workMs, (end) => {
      const { record } = committed;
      if (record?.acquire !== 'pending') return;
      const { ledger, clock } = this.#world;
      ledger.acquireEnded(record, end === 0 ? 'signalled' : 'failed', clock.nowNs());
    });
    if (committed.record) committed.record.submittedAtNs = this.#world.clock.nowNs();
  }

  #onFrameDone(): void {
    this.#readyForFrame = true;
    this.#tryFrame();
  }

  /** ENODEV: what was not submitted never can be, from here. */
  #onDeviceLost(lost: ClientDevice): void {
    if (lost !== this.#device) return;
    this.#retire(lost);
    for (const { record } of this.#unsubmitted)
      this.#world.ledger.acquireEnded(record, 'abandoned');
    if (this.options.onDeviceLost !== 'move') return;
    const { clientGpu, importGpu } = this.#world;
    for (const gpu of [clientGpu, importGpu]) {
      if (gpu.node === undefined || gpu.id === lost.gpu.id) continue;
      try {
        return this.moveTo(gpu);
      } catch (error) {
        // That one is going, too: nobody has heard of it yet.
        if (!isGone(error)) throw error;
        if (this.#device) this.#retire(this.#device);
      }
    }
  }

  /** Through the kept fds and the new GPU: an error for every point that will never have a fence. */
  #rescue(): void {
    for (const unsubmitted of this.#unsubmitted) {
      const { image, point, record } = unsubmitted;
      const device = this.#device;
      if (!device || record.acquire !== 'abandoned') continue;
      const handle = device.importTimeline(image.acquire.fd);
      device.failPoint(handle, point, ENODEV);
      device.device.destroy(handle);
      record.submittedAtNs = this.#world.clock.nowNs();
      this.#world.ledger.acquireEnded(record, 'failed', record.submittedAtNs);
      this.#unsubmitted.delete(unsubmitted);
    }
  }

  #onClosed(reason: string): void {
    if (this.#disconnected !== undefined) return;
    this.#disconnected = reason;
    this.#world.ledger.disconnects.push({
      client: this.number,
      reason,
      deserved: this.options.hostile,
    });
    this.stop();
  }
}

const NS_PER_MS = 1_000_000n;

/** What opening a device answers between its removal and the vanishing of its node. */
function isGone(error: unknown): boolean {
  return error instanceof DeviceLostError || hasErrno(error, 'ENODEV') || hasErrno(error, 'ENOENT');
}

/** The rule it is said to have broken, without what differs between clients. */
function describe(error: WaylandClientError | undefined): string {
  if (error?.interface === undefined) return error?.message ?? 'connection closed';
  return `${error.interface} error ${error.code}`;
}

function high(point: Point): number {
  return Number(point >> 32n);
}

function low(point: Point): number {
  return Number(point & 0xffffffffn);
}
