/** A client that does what a step says, through a real socket, and keeps book of what it is owed. It breaks no rule. */
import { native } from '../../native/binding.ts';
import type { Clock } from '../../native/clock.ts';
import type { OwnedFd } from '../../native/fd.ts';
import { DeviceLostError, type SyncobjDevice } from '../../devices/syncobj-device.ts';
import type { WlBufferProxy } from '../../protocols/generated/wayland.client.ts';
import type { ConnectStep, WorkAtCommit } from './step.ts';
import type { Gpus, Work } from './gpus.ts';
import type { Judge } from './judge.ts';
import { PuppetTimeline, type Unsubmitted } from './puppet-timeline.ts';
import {
  openPuppetWindow,
  type PuppetConnection,
  type PuppetSurface,
  type PuppetWindow,
} from './puppet-window.ts';
import { BYTES_PER_PIXEL, CELL } from './screen.ts';
import { CommitTruth, TimelineTruth, type ReleaseTruth } from './truth.ts';

const STRIDE_BYTES = CELL * BYTES_PER_PIXEL;
const BUFFER_BYTES = STRIDE_BYTES * CELL;
const DRM_FORMAT_XRGB8888 = 0x34325258;
const MAX_BUFFERS = 8;
const IMPLICIT_POINT = 1n;

interface PuppetBuffer {
  readonly proxy: WlBufferProxy;
  readonly dmabuf: { readonly fd: OwnedFd; release(): void };
  /** What it is with the compositor for. */
  owed: ReleaseTruth | undefined;
}

export interface PuppetWorld {
  readonly clock: Clock;
  readonly gpus: Gpus;
  readonly judge: Judge;
  /** A colour no other content has; the one below it stands for the same content while it is unfinished. */
  nextColour(): number;
}

export class Puppet {
  readonly number: number;
  readonly window: PuppetWindow;
  readonly #world: PuppetWorld;
  readonly #plan: ConnectStep;
  readonly #running = new Set<Work>();
  #gpu: number;
  #device: SyncobjDevice;
  #retired: SyncobjDevice[] = [];
  #acquire: PuppetTimeline;
  #release: PuppetTimeline;
  #timelines: PuppetTimeline[] = [];
  #buffers: PuppetBuffer[] = [];
  #oldBuffers: PuppetBuffer[] = [];

  private constructor(
    world: PuppetWorld,
    plan: ConnectStep,
    gpu: number,
    number: number,
    window: PuppetWindow,
  ) {
    this.#world = world;
    this.#plan = plan;
    this.#gpu = gpu;
    this.number = number;
    this.window = window;
    this.#device = world.gpus.open(gpu);
    [this.#acquire, this.#release] = this.#makeTimelines();
    const [root] = window.surfaces;
    window.onConfigureWanted = () => {
      if (root) this.commitWithout(root, undefined);
    };
  }

  /** Undefined when no GPU is there by the time it has a window. */
  static start(
    world: PuppetWorld,
    plan: ConnectStep,
    connection: PuppetConnection,
  ): Puppet | undefined {
    const window = openPuppetWindow(connection, plan);
    const gpu = world.gpus.choose(plan.gpu);
    if (gpu === undefined) {
      window.display.close();
      return undefined;
    }
    const puppet = new Puppet(world, plan, gpu, connection.number, window);
    const surfaces = window.surfaces.map(({ model }) => model);
    world.judge.joined(connection.number, { row: plan.client, surfaces });
    window.onConfigureWanted();
    connection.settle();
    return puppet;
  }

  /** Why the compositor cut the connection; undefined while it stands. */
  get cut(): string | undefined {
    return this.window.display.error?.message;
  }

  get unsubmitted(): readonly Unsubmitted[] {
    return this.#timelines.flatMap(({ unsubmitted }) => unsubmitted);
  }

  get running(): readonly Work[] {
    return [...this.#running].filter(({ truth }) => truth.state === 'running');
  }

  /** Buffers that are with the compositor. */
  get busy(): number {
    return this.#buffers.filter(isBusy).length;
  }

  /** A commit with content. Answers what came of it. */
  commit(surface: PuppetSurface, work: WorkAtCommit, skip: number, low: boolean): string {
    if (!surface.canTakeContent) return 'unconfigured';
    const found = this.#freeBuffer();
    if (typeof found === 'string') return found;
    if (!surface.sync) return this.#commitImplicit(surface, found, work === 'done');
    const acquirePoint = this.#acquire.nextPoint(skip, low);
    const releasePoint = this.#release.nextPoint(0, false);
    const truth = this.#truth(surface, this.#world.nextColour(), acquirePoint);
    const release = { point: releasePoint, commit: truth, signals: 0, forgiven: false };
    truth.release = release;
    found.owed = release;
    this.#drawInto(found, truth);
    this.#acquire.planned(truth);
    let sent = 'later';
    if (work !== 'later') sent = this.#submitNow(truth, work === 'done');
    surface.sync.setAcquirePoint(this.#acquire.object(), ...halves(acquirePoint));
    surface.sync.setReleasePoint(this.#release.object(), ...halves(releasePoint));
    this.#world.judge.owed(this.#release.identity, surface.model, release);
    this.#send(surface, truth, found.proxy);
    return low ? `${sent} low` : sent;
  }

  /** The buffer's own fence tells when it is drawn, wl_buffer.release when it is free. */
  #commitImplicit(surface: PuppetSurface, buffer: PuppetBuffer, finish: boolean): string {
    if (!this.#ensureDevice()) return 'no GPU';
    const { gpus, judge } = this.#world;
    const work = gpus.submitTo(this.#gpu, buffer.dmabuf.fd.fd);
    this.#running.add(work);
    const fences = new TimelineTruth('implicit');
    fences.add(IMPLICIT_POINT, work.truth);
    const truth = this.#truth(surface, this.#world.nextColour(), IMPLICIT_POINT, fences);
    const owed = { point: 0n, commit: truth, signals: 0, forgiven: false };
    buffer.owed = owed;
    this.#drawInto(buffer, truth);
    fences.acquire(truth);
    if (finish) gpus.end(work, 0);
    buffer.proxy.handler = {
      release: () => {
        owed.signals++;
        judge.bufferReleased(surface.model, owed);
      },
    };
    this.#send(surface, truth, buffer.proxy);
    return finish ? 'implicit done' : 'implicit running';
  }

  /** A commit that changes no content, or takes it away. */
  commitWithout(surface: PuppetSurface, content: null | undefined): string {
    if (content === null && !surface.canTakeContent) return 'unconfigured';
    this.#send(surface, this.#truth(surface, content, undefined), content);
    if (content === null) surface.unmapped();
    return 'sent';
  }

  submit(nth: number): string {
    const { unsubmitted } = this;
    if (unsubmitted.length === 0) return 'nothing';
    const chosen = unsubmitted[nth % unsubmitted.length];
    return chosen ? this.#submit(chosen) : 'nothing';
  }

  submitAll(): void {
    for (const timeline of this.#timelines) {
      for (let next = timeline.unsubmitted[0]; next; next = timeline.unsubmitted[0]) {
        if (this.#submit(next) !== 'submitted') break;
      }
    }
  }

  end(nth: number, errno: number): string {
    const { running } = this;
    const work = running[nth % Math.max(1, running.length)];
    if (!work) return 'nothing';
    this.#world.gpus.end(work, errno);
    this.#running.delete(work);
    return errno === 0 ? 'done' : 'failed';
  }

  /** New buffers and timelines, as after a resize. */
  renew(): string {
    if (!this.#ensureDevice()) return 'no GPU';
    this.forgetTimelines();
    for (const buffer of this.#buffers) buffer.proxy.destroy();
    this.#oldBuffers.push(...this.#buffers);
    this.#buffers = [];
    [this.#acquire, this.#release] = this.#makeTimelines();
    return 'renewed';
  }

  /** Destroys the protocol objects of its timelines; points that name them stay valid. */
  forgetTimelines(): string {
    this.#acquire.forget();
    this.#release.forget();
    this.window.display.flush();
    return 'forgotten';
  }

  destroySurface(surface: PuppetSurface): void {
    surface.destroy();
    surface.model.destroy();
    this.window.display.flush();
  }

  /** As a process that ends: nothing is said. */
  close(): void {
    this.window.display.close();
    for (const { dmabuf } of [...this.#buffers, ...this.#oldBuffers]) dmabuf.release();
    for (const timeline of this.#timelines) timeline.close();
    for (const device of [...this.#retired, this.#device]) device.close();
  }

  #truth(
    surface: PuppetSurface,
    content: number | null | undefined,
    point: bigint | undefined,
    timeline: TimelineTruth = this.#acquire.truth,
  ): CommitTruth {
    const serial = ++surface.model.serial;
    const plain = { serial, content, nowNs: this.#world.clock.nowNs() };
    if (point === undefined) return new CommitTruth(plain);
    return new CommitTruth({ ...plain, acquire: { timeline, point } });
  }

  #send(
    surface: PuppetSurface,
    truth: CommitTruth,
    buffer: WlBufferProxy | null | undefined,
  ): void {
    const { proxy, model } = surface;
    if (buffer !== undefined) proxy.attach(buffer, 0, 0);
    if (buffer) proxy.damageBuffer(0, 0, CELL, CELL);
    this.#world.judge.committed(model, truth);
    model.commit(truth);
    proxy.commit();
    this.window.display.flush();
  }

  #drawInto(buffer: PuppetBuffer, truth: CommitTruth): void {
    const { content } = truth;
    if (typeof content !== 'number') return;
    const { dmabuf } = buffer;
    fill(dmabuf.fd, content - 1);
    truth.whenDone(() => {
      // Work for a frame that was let go unseen may come when the buffer serves another one: it is not drawn then.
      if (!dmabuf.fd.closed && buffer.owed?.commit === truth) fill(dmabuf.fd, content);
    });
  }

  #submitNow(truth: CommitTruth, finish: boolean): string {
    const entry = this.#acquire.unsubmitted.find(({ commit }) => commit === truth);
    if (!entry) return 'implied';
    const answer = this.#submit(entry);
    if (answer !== 'submitted') return answer;
    const work = [...this.#running].at(-1);
    if (finish && work) this.#world.gpus.end(work, 0);
    return finish ? 'done' : 'running';
  }

  /** Through the GPU the timeline was made on, or, when that is gone, through another one by the kept descriptor. */
  #submit(entry: Unsubmitted): string {
    if (!this.#ensureDevice()) return 'no GPU';
    const { timeline, point } = entry;
    try {
      const handle = timeline.handleOn(this.#device);
      const work = this.#world.gpus.submit(this.#gpu, this.#device, handle, point);
      this.#running.add(work);
      timeline.truth.add(point, work.truth);
    } catch (error) {
      if (error instanceof DeviceLostError) return 'lost';
      throw error;
    }
    return 'submitted';
  }

  #ensureDevice(): boolean {
    const { gpus } = this.#world;
    if (!this.#device.lost && gpus.isPlugged(this.#gpu) && this.#isCurrent()) return true;
    const gpu = gpus.choose(this.#plan.gpu);
    if (gpu === undefined) return false;
    this.#retired.push(this.#device);
    this.#device = gpus.open(gpu);
    this.#gpu = gpu;
    return true;
  }

  /** A GPU that went and came back is another device to those who had it open. */
  #isCurrent(): boolean {
    try {
      this.#device.query(
        Uint32Array.of(this.#acquire.handleOn(this.#device)),
        ONE_POINT,
        1,
        'signalled',
      );
      return true;
    } catch (error) {
      if (error instanceof DeviceLostError) return false;
      throw error;
    }
  }

  #freeBuffer(): PuppetBuffer | string {
    const free = this.#buffers.find((buffer) => !isBusy(buffer));
    if (free) return free;
    if (this.#buffers.length >= MAX_BUFFERS) return 'all busy';
    const gpu = this.#world.gpus.choose(this.#plan.gpu);
    if (gpu === undefined) return 'no GPU';
    const dmabuf = this.#world.gpus.createBuffer(gpu, BUFFER_BYTES);
    const params = this.window.dmabuf.createParams();
    params.add(dmabuf.fd.fd, 0, 0, STRIDE_BYTES, 0, 0);
    const proxy = params.createImmed(CELL, CELL, DRM_FORMAT_XRGB8888, 0);
    params.destroy();
    const buffer = { proxy, dmabuf, owed: undefined };
    this.#buffers.push(buffer);
    return buffer;
  }

  #makeTimelines(): [PuppetTimeline, PuppetTimeline] {
    const acquire = this.#makeTimeline();
    return [acquire, this.#plan.timelines === 'shared' ? acquire : this.#makeTimeline()];
  }

  #makeTimeline(): PuppetTimeline {
    const timeline = new PuppetTimeline(this.#device, this.window.syncManager);
    this.#world.judge.timeline(timeline.identity, timeline.truth);
    this.#timelines.push(timeline);
    return timeline;
  }
}

const ONE_POINT = new BigUint64Array(1);

/** With the compositor, or still being drawn into. */
function isBusy({ owed }: PuppetBuffer): boolean {
  return owed !== undefined && (owed.signals === 0 || owed.commit.work?.state === 'running');
}

function fill(fd: OwnedFd, colour: number): void {
  native.pwrite(fd.fd, new Uint8Array(new Uint32Array(CELL * CELL).fill(colour).buffer), 0);
}

function halves(point: bigint): [high: number, low: number] {
  return [Number(point >> 32n), Number(point & 0xffffffffn)];
}
