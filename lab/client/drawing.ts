/** A client at work: draws frame after frame as its behaviour has it, and keeps the record. */
import { setTimeout as sleep } from 'node:timers/promises';
import { native } from '../../native/binding.ts';
import { DeviceLostError, type DeviceId } from '../../devices/syncobj-device.ts';
import type { OwnedFd } from '../../native/fd.ts';
import { ECANCELED, ENODEV } from '../../native/errno.ts';
import type { CaseRun } from '../conform/case-run.ts';
import { Stage, type StagedBuffer } from '../conform/stage.ts';
import type { CommittedFrame } from '../conform/test-window.ts';
import type { SyncFileFence } from '../world/lab-fences.ts';
import type { Behaviour, ClientSettings, FramePlan } from './behaviour.ts';
import type { FrameResult } from './result.ts';

const BUFFERS = 3;

type Frame = { -readonly [Key in keyof FrameResult]: FrameResult[Key] };

export interface DrawingOptions {
  readonly behaviour: Behaviour;
  readonly settings: ClientSettings;
  /** Frames it draws at most. */
  readonly frames: number;
  readonly seconds: number;
  readonly onFrame: (frame: FrameResult) => void;
}

export class Drawing {
  readonly frames: Frame[] = [];
  readonly #run: CaseRun;
  readonly #stage: Stage;
  readonly #options: DrawingOptions;
  /** The last point used of each buffer's release timeline. */
  readonly #points = new Map<StagedBuffer, bigint>();
  readonly #startNs = native.monotonicNs();
  #gpu: DeviceId;
  #gpuLost: { atMs: number; movedTo?: string } | undefined;

  private constructor(run: CaseRun, stage: Stage, options: DrawingOptions) {
    this.#run = run;
    this.#stage = stage;
    this.#options = options;
    this.#gpu = run.clientGpu;
  }

  /** Opens the window. CaseFailedError, CaseSkippedError. */
  static async open(run: CaseRun, options: DrawingOptions): Promise<Drawing> {
    return new Drawing(run, await Stage.set(run, BUFFERS), options);
  }

  get gpuLost(): { readonly atMs: number; readonly movedTo?: string } | undefined {
    return this.#gpuLost;
  }

  get disconnected(): string | undefined {
    const { error } = this.#stage.client;
    return error?.message;
  }

  /** Resolves when the frames or the time are used up, the connection has ended, or its GPU went and it does not rescue. */
  async draw(): Promise<void> {
    for (let frame = 1; frame <= this.#options.frames && this.#mayGoOn; frame++) {
      const buffer = await this.#freeBuffer();
      if (!buffer) return;
      await this.#drawFrame(frame, buffer);
    }
  }

  /** Destroys the surface; then every release is due. The number of those that do not come; undefined without a GPU to ask. */
  async countLostReleases(): Promise<number | undefined> {
    if (this.disconnected !== undefined) return undefined;
    this.#stage.window.destroySurface();
    const missing = (): number =>
      [...this.#points].filter(([{ release }, point]) => !release.isSignalled(point)).length;
    try {
      await this.#run.until(() => missing() === 0 || !this.#stage.client.display.open);
      return missing();
    } catch (error) {
      if (error instanceof DeviceLostError) return undefined;
      throw error;
    }
  }

  get #mayGoOn(): boolean {
    const left = this.#gpuLost !== undefined && this.#gpuLost.movedTo === undefined;
    return !left && this.#stage.client.display.open && this.#leftMs > 0;
  }

  get #leftMs(): number {
    return this.#options.seconds * 1000 - this.#nowMs();
  }

  async #drawFrame(number: number, buffer: StagedBuffer): Promise<void> {
    const { behaviour, settings } = this.#options;
    const plan = behaviour.plan(number, settings);
    const point = this.#stage.nextPoint();
    const frame: Frame = { frame: number, committedMs: 0 };
    const work = new Work(frame, plan, () => this.#nowMs());
    let callback: CommittedFrame | undefined;
    try {
      if (plan.submitAfterMs === 0) this.#submit(work, point);
      callback = this.#commit(frame, buffer, point);
      if (plan.submitAfterMs !== 0 && plan.submitAfterMs !== 'never') {
        await sleep(plan.submitAfterMs);
        this.#submit(work, point);
      }
      await this.#answer(callback, { noticesLoss: true });
    } catch (error) {
      if (!(error instanceof DeviceLostError)) throw error;
      work.end(ENODEV);
      this.#onGpuLost();
      if (callback && this.#gpuLost?.movedTo !== undefined) {
        this.#rescue(frame, point);
        await this.#answer(callback, { noticesLoss: false });
      }
    } finally {
      work.end(ECANCELED);
      if (callback?.shown) frame.doneMs = this.#nowMs();
      if (callback) this.#options.onFrame(frame);
    }
  }

  /** Waits for the frame callback while there is time. `noticesLoss`: DeviceLostError when the GPU goes meanwhile. */
  async #answer(
    callback: CommittedFrame,
    { noticesLoss }: { noticesLoss: boolean },
  ): Promise<void> {
    const { client, acquire } = this.#stage;
    await this.#run.until(() => {
      if (callback.shown || !client.display.open) return true;
      if (noticesLoss) acquire.isSignalled(1n);
      return false;
    }, this.#leftMs);
  }

  #commit(frame: Frame, buffer: StagedBuffer, point: bigint): CommittedFrame {
    const { window, acquire } = this.#stage;
    this.frames.push(frame);
    this.#points.set(buffer, point);
    frame.committedMs = this.#nowMs();
    return window.show(buffer.proxy, acquire.at(point), buffer.release.at(point));
  }

  #submit(work: Work, point: bigint): void {
    const { fences } = this.#run.gpus;
    // A GPU that is gone makes no fences: first see that it is there.
    this.#stage.acquire.isSignalled(point);
    if (fences) {
      work.start(fences.create(this.#gpu), (syncFile) =>
        this.#stage.acquire.submit(point, syncFile),
      );
    } else {
      this.#stage.acquire.signal(point);
      work.doneAtOnce();
    }
  }

  /** One that was not used yet, or whose release point is signalled. */
  async #freeBuffer(): Promise<StagedBuffer | undefined> {
    const free = (): StagedBuffer | undefined =>
      this.#stage.buffers.find((buffer) => {
        const point = this.#points.get(buffer);
        return point === undefined || buffer.release.isSignalled(point);
      });
    try {
      await this.#run.until(
        () => free() !== undefined || !this.#stage.client.display.open,
        this.#leftMs,
      );
      return this.#stage.client.display.open ? free() : undefined;
    } catch (error) {
      if (!(error instanceof DeviceLostError)) throw error;
      this.#onGpuLost();
      return this.#gpuLost?.movedTo === undefined ? undefined : this.#freeBuffer();
    }
  }

  /** Goes on through another GPU, with the kept descriptors, if it is of that kind and there is one. */
  #onGpuLost(): void {
    this.#gpuLost = { atMs: this.#nowMs() };
    if (!this.#options.behaviour.rescues) return;
    const next = this.#run.gpus.timelineNodes().find(({ id }) => id !== this.#gpu);
    if (!next) return;
    const device = this.#run.device(next.id);
    this.#gpu = next.id;
    for (const { release } of this.#stage.buffers) release.moveTo(device);
    this.#stage.acquire.moveTo(device);
    this.#gpuLost.movedTo = next.id;
  }

  /** The point's work will never be: it ends as failed where that can be told, else as done. */
  #rescue(frame: Frame, point: bigint): void {
    const { acquire } = this.#stage;
    if (acquire.isSignalled(point)) return;
    const { fences } = this.#run.gpus;
    if (fences?.canFail) {
      const fence = fences.create(this.#gpu);
      acquire.submit(point, fence.syncFile);
      fence.end(ENODEV);
      fence.syncFile.close();
      frame.failedWith = ENODEV;
    } else {
      acquire.signal(point);
    }
    frame.rescued = true;
    frame.endedMs = this.#nowMs();
  }

  #nowMs(): number {
    return Number((native.monotonicNs() - this.#startNs) / 1000n) / 1000;
  }
}

/** The work of one frame, from its submission to its end. */
class Work {
  readonly #frame: Frame;
  readonly #plan: FramePlan;
  readonly #nowMs: () => number;
  #end: ((errno: number) => void) | undefined;

  constructor(frame: Frame, plan: FramePlan, nowMs: () => number) {
    this.#frame = frame;
    this.#plan = plan;
    this.#nowMs = nowMs;
  }

  /** Takes the fence; `attach` puts its sync_file on the point. What `attach` throws comes out. */
  start(fence: SyncFileFence, attach: (syncFile: OwnedFd) => void): void {
    const { workMs, failsWith = 0 } = this.#plan;
    this.#end = (errno) => {
      this.#end = undefined;
      const ended = fence.end(errno);
      fence.syncFile.close();
      this.#frame.endedMs = this.#nowMs();
      if (ended !== 0) this.#frame.failedWith = ended;
    };
    attach(fence.syncFile);
    this.#frame.submittedMs = this.#nowMs();
    void sleep(workMs).then(() => this.#end?.(failsWith));
  }

  /** The CPU did it. */
  doneAtOnce(): void {
    this.#frame.submittedMs = this.#nowMs();
    this.#frame.endedMs = this.#frame.submittedMs;
  }

  /** Given up, if it still runs. Idempotent. */
  end(errno: number): void {
    this.#end?.(errno);
  }
}
