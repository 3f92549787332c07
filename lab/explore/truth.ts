/**
 * What is really so, known from the clients' side and from the kernel: which work is done, which point has a fence, which release
 * was signalled. The compositor is judged against it, never against itself.
 */

/** A piece of GPU work. */
export class WorkTruth {
  #state: 'running' | 'done' | 'failed' = 'running';
  #whenEnded: (() => void)[] = [];

  get state(): 'running' | 'done' | 'failed' {
    return this.#state;
  }

  /** Only the first end counts. */
  end(failed: boolean): void {
    if (this.#state !== 'running') return;
    this.#state = failed ? 'failed' : 'done';
    for (const callback of this.#whenEnded.splice(0)) callback();
  }

  /** Calls back at the end, at once when it has ended. */
  whenEnded(callback: () => void): void {
    if (this.#state === 'running') this.#whenEnded.push(callback);
    else callback();
  }
}

interface Addition {
  readonly point: bigint;
  readonly work: WorkTruth;
}

/** The points of one syncobj in the order they got a fence, whoever gave it. */
export class TimelineTruth {
  readonly #additions: Addition[] = [];
  readonly #isImplicit: boolean;
  readonly #waiting = new Set<CommitTruth>();

  /** `implicit`: it stands for the fences of a buffer. */
  constructor(kind: 'syncobj' | 'implicit' = 'syncobj') {
    this.#isImplicit = kind === 'implicit';
  }

  /** The client submitted work, or somebody signalled. */
  add(point: bigint, work: WorkTruth): void {
    this.#additions.push({ point, work });
    for (const commit of [...this.#waiting]) {
      if (commit.acquirePoint > point) continue;
      this.#waiting.delete(commit);
      commit.submitted(work);
    }
  }

  /** A commit names a point: it stands for the first fence at or above it. */
  acquire(commit: CommitTruth): void {
    const addition = this.#additions.find(({ point }) => point >= commit.acquirePoint);
    if (addition) commit.submitted(addition.work);
    else this.#waiting.add(commit);
  }

  /** The highest point with a fence. */
  get reached(): bigint {
    return this.#additions.reduce((high, { point }) => (point > high ? point : high), 0n);
  }

  /** A timeline reaches a point when everything before it is done as well. */
  get idle(): boolean {
    return this.#additions.every(({ work }) => work.state !== 'running');
  }

  get anyFailed(): boolean {
    return this.#additions.some(({ work }) => work.state === 'failed');
  }

  /**
   * Whether an export made now tells how this work ends. A later point in order leaves it its own link of the chain. One out of
   * order takes its place, with it behind: a link that the kernel forgets when it ends. After a failure any later point hides it,
   * and so does an earlier one that still runs.
   */
  tells(work: WorkTruth): boolean {
    // The reservation of a dma-buf leaves out what has ended, however it ended.
    if (this.#isImplicit) return work.state !== 'failed';
    const index = this.#additions.findIndex((addition) => addition.work === work);
    if (work.state === 'failed') return index === this.#additions.length - 1 && this.idle;
    let high = 0n;
    return this.#additions.every(({ point }, position) => {
      const inOrder = point > high;
      if (inOrder) high = point;
      return inOrder || position <= index;
    });
  }
}

/** What the compositor said of a commit's acquire fence. */
export type Verdict = 'signalled' | 'failed' | 'lost';

/** One wl_surface.commit. */
export class CommitTruth {
  /** 1 for the first commit of its surface. */
  readonly serial: number;
  readonly committedAtNs: bigint;
  /** undefined: no attach; null: attach(NULL); else the colour that tells its content from all others. */
  readonly content: number | null | undefined;
  readonly acquireTimeline: TimelineTruth | undefined;
  readonly acquirePoint: bigint;
  /** The release the compositor owes for it, undefined without explicit sync. */
  release: ReleaseTruth | undefined;
  /** Undefined: its point has no fence yet. */
  work: WorkTruth | undefined;
  /**
   * Set when the compositor surely had the chance to look at the point: `yes` when a failure of the work can be seen since
   * then, `no` when the kernel no longer tells it.
   */
  failureVisible: 'yes' | 'no' | undefined;
  verdict: Verdict | undefined;
  /** A later commit of a synchronised subsurface took its place, or its surface is gone. */
  superseded = false;

  constructor(options: {
    readonly serial: number;
    readonly nowNs: bigint;
    readonly content: number | null | undefined;
    readonly acquire?: { readonly timeline: TimelineTruth; readonly point: bigint };
  }) {
    this.serial = options.serial;
    this.committedAtNs = options.nowNs;
    this.content = options.content;
    this.acquireTimeline = options.acquire?.timeline;
    this.acquirePoint = options.acquire?.point ?? 0n;
  }

  /** Without explicit sync content is ready when committed. */
  get ready(): boolean {
    return this.acquireTimeline === undefined || this.work?.state === 'done';
  }

  /** For coverage: how far its work is. */
  get phase(): 'ready' | 'unsubmitted' | 'running' | 'failed' {
    if (this.ready) return 'ready';
    if (this.work === undefined) return 'unsubmitted';
    return this.work.state === 'failed' ? 'failed' : 'running';
  }

  #whenSubmitted: ((work: WorkTruth) => void)[] = [];

  submitted(work: WorkTruth): void {
    this.work = work;
    for (const callback of this.#whenSubmitted.splice(0)) callback(work);
  }

  /** Calls back when its content is really there. */
  whenDone(callback: () => void): void {
    const onWork = (work: WorkTruth): void =>
      work.whenEnded(() => {
        if (work.state === 'done') callback();
      });
    if (this.work) onWork(this.work);
    else this.#whenSubmitted.push(onWork);
  }
}

/** A release point the compositor owes. */
export interface ReleaseTruth {
  readonly point: bigint;
  readonly commit: CommitTruth;
  /** How often it was signalled. */
  signals: number;
  /** Its client died before the commit was read, or when there was no device to signal it with: nobody is owed it. */
  forgiven: boolean;
}
