/** What most cases begin with: a window with explicit sync, buffers, and timelines. */
import type { WlBufferProxy } from '../../protocols/generated/wayland.client.ts';
import type { WpLinuxDrmSyncobjSurfaceV1Proxy } from '../../protocols/generated/linux-drm-syncobj-v1.client.ts';
import type { CaseRun, TestFence } from './case-run.ts';
import type { TestClient } from './test-client.ts';
import type { TestTimeline } from './test-timeline.ts';
import type { CommittedFrame, TestWindow } from './test-window.ts';

/** A buffer with a release timeline of its own. */
export interface StagedBuffer {
  readonly proxy: WlBufferProxy;
  readonly release: TestTimeline;
}

/** A commit of one of the stage's buffers, acquire and release point of the same number. */
export interface StagedCommit {
  readonly frame: CommittedFrame;
  readonly release: TestTimeline;
  readonly point: bigint;
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

  /** Set, with its first buffer on screen: the commit that put it there is `shown`. */
  static async showing(
    run: CaseRun,
    bufferCount = 2,
  ): Promise<{ readonly stage: Stage; readonly shown: StagedCommit }> {
    const stage = await Stage.set(run, bufferCount);
    return { stage, shown: await stage.showReady(0) };
  }

  /** A fresh point of the acquire timeline. */
  nextPoint(): bigint {
    return ++this.#lastPoint;
  }

  /** The i-th buffer, in rotation. */
  buffer(index: number): StagedBuffer {
    return this.buffers[index % this.buffers.length] ?? this.buffers[0];
  }

  /** Commits a buffer whose acquire point is signalled already, and waits until it is shown. */
  async showReady(index: number): Promise<StagedCommit> {
    const point = this.nextPoint();
    this.acquire.signal(point);
    const commit = this.#commit(index, point);
    await this.expectShown(commit.frame, `a commit with a signalled acquire point is shown`);
    return commit;
  }

  /** Commits a buffer whose acquire point is not submitted: that is for the case to do. */
  commitUnsubmitted(index: number): StagedCommit {
    return this.#commit(index, this.nextPoint());
  }

  /** Commits a buffer with this fence on its acquire point; `between` is run when the fence is on its point and nothing committed. */
  commitWithFence(
    index: number,
    { syncFile }: TestFence,
    between: () => void = () => {},
  ): StagedCommit {
    const point = this.nextPoint();
    this.acquire.submit(point, syncFile);
    between();
    return this.#commit(index, point);
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

  async expectReleased(
    { release, point }: Pick<StagedCommit, 'release' | 'point'>,
    what: string,
  ): Promise<void> {
    await this.run.expect(what, () => release.isSignalled(point), this.client);
  }

  /** Shows the stage's last buffer in place of what is shown, on timelines no case has touched, and expects the release of that. */
  async expectReleasedWhenReplaced(
    replaced: Pick<StagedCommit, 'release' | 'point'>,
    what: string,
  ): Promise<void> {
    const { proxy } = this.buffer(this.buffers.length - 1);
    const [acquire, release] = [this.run.timeline(this.client), this.run.timeline(this.client)];
    acquire.signal(1n);
    const frame = this.window.show(proxy, acquire.at(1n), release.at(1n));
    await this.expectShown(frame, 'the buffer that takes its place is shown');
    await this.expectReleased(replaced, what);
  }

  #commit(index: number, point: bigint): StagedCommit {
    const { proxy, release } = this.buffer(index);
    const frame = this.window.show(proxy, this.acquire.at(point), release.at(point));
    return { frame, release, point };
  }
}
