/** What most cases begin with: a window with explicit sync, buffers, and timelines. */
import type { WlBufferProxy } from '../../protocols/generated/wayland.client.ts';
import type { WpLinuxDrmSyncobjSurfaceV1Proxy } from '../../protocols/generated/linux-drm-syncobj-v1.client.ts';
import type { CaseRun } from './case-run.ts';
import type { TestClient } from './test-client.ts';
import type { TestTimeline } from './test-timeline.ts';
import type { CommittedFrame, TestWindow } from './test-window.ts';

/** A buffer with a release timeline of its own. */
export interface StagedBuffer {
  readonly proxy: WlBufferProxy;
  readonly release: TestTimeline;
}

export class Stage {
  readonly run: CaseRun;
  readonly client: TestClient;
  readonly window: TestWindow;
  readonly sync: WpLinuxDrmSyncobjSurfaceV1Proxy;
  readonly buffers: readonly [StagedBuffer, ...StagedBuffer[]];
  readonly acquire: TestTimeline;
  #lastPoint = 0n;

  private constructor(
    run: CaseRun,
    client: TestClient,
    window: TestWindow,
    sync: WpLinuxDrmSyncobjSurfaceV1Proxy,
    buffers: readonly [StagedBuffer, ...StagedBuffer[]],
  ) {
    this.run = run;
    this.client = client;
    this.window = window;
    this.sync = sync;
    this.buffers = buffers;
    this.acquire = run.timeline(client);
  }

  static async set(run: CaseRun, bufferCount = 2): Promise<Stage> {
    const client = await run.connect();
    const window = await client.openWindow({ explicitSync: true });
    const { sync } = window;
    if (!sync) throw new Error('the window was opened without a synchronization object');
    const make = async (): Promise<StagedBuffer> => ({
      proxy: await client.dmabufBuffer(),
      release: run.timeline(client),
    });
    const buffers: [StagedBuffer, ...StagedBuffer[]] = [await make()];
    while (buffers.length < bufferCount) buffers.push(await make());
    await client.roundtrip();
    return new Stage(run, client, window, sync, buffers);
  }

  /** A fresh point of the acquire timeline. */
  nextPoint(): bigint {
    return ++this.#lastPoint;
  }

  /** The i-th buffer, in rotation. */
  buffer(index: number): StagedBuffer {
    return this.buffers[index % this.buffers.length] ?? this.buffers[0];
  }

  /** Commits a buffer whose acquire point is signalled already, and waits until it is shown. Returns the point used. */
  async showReady(index: number): Promise<bigint> {
    const point = this.nextPoint();
    const { proxy, release } = this.buffer(index);
    this.acquire.signal(point);
    const frame = this.window.show(proxy, this.acquire.at(point), release.at(point));
    await this.expectShown(frame, `a commit with a signalled acquire point is shown`);
    return point;
  }

  /**
   * Sends what was asked, and lets time pass in which nothing must happen. For moments in which no answer can be waited for: a compositor may
   * be busy with a fence (whether it may keep others waiting meanwhile is a case of its own).
   */
  async sendAndWait(): Promise<void> {
    this.client.display.flush();
    await this.run.quiet();
  }

  async expectShown(frame: CommittedFrame, what: string): Promise<void> {
    await this.run.expect(what, () => frame.shown, this.client);
  }

  async expectReleased(timeline: TestTimeline, point: bigint, what: string): Promise<void> {
    await this.run.expect(what, () => timeline.isSignalled(point), this.client);
  }

  /** Shows the stage's last buffer in place of what is shown, on timelines no case has touched, and expects the release of that. */
  async expectReleasedWhenReplaced(
    timeline: TestTimeline,
    point: bigint,
    what: string,
  ): Promise<void> {
    const { proxy } = this.buffer(this.buffers.length - 1);
    const [acquire, release] = [this.run.timeline(this.client), this.run.timeline(this.client)];
    acquire.signal(1n);
    const frame = this.window.show(proxy, acquire.at(1n), release.at(1n));
    await this.expectShown(frame, 'the buffer that takes its place is shown');
    await this.expectReleased(timeline, point, what);
  }
}
