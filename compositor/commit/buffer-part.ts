/** The buffer of a commit: its use, its release point, the wait for its acquire fence, and what a failed fence means. */
import type { Clock } from '../../native/clock.ts';
import { isSystemError } from '../../native/errors.ts';
import { EIO } from '../../native/errno.ts';
import { BudgetExceededError } from '../../sync/errors.ts';
import type { FenceOutcome } from '../../sync/fence.ts';
import type { ReleasePoint } from '../../sync/release.ts';
import { BufferUse } from '../buffer/buffer-use.ts';
import type { ClientBuffer } from '../buffer/client-buffer.ts';
import type { SyncPoint } from '../buffer/sync-point.ts';
import { ClientState } from '../client-state.ts';
import type { CompositorLog } from '../log.ts';
import type { CommitTracer } from '../trace.ts';
import { AcquireConstraint, type AcquireListener } from './constraint.ts';
import type { ContentUpdate } from './content-update.ts';
import { describeOutcome } from './failure-policy.ts';
import type { FailurePolicy } from './failure-policy.ts';
import { updateIdentity } from './update-trace.ts';

export interface BufferPartOptions {
  readonly clock: Clock;
  readonly log: CompositorLog;
  readonly tracer: CommitTracer;
  readonly policy: FailurePolicy;
}

/** Counters of outcomes that were not plain success. */
export interface FenceCounters {
  /** Updates whose buffer was dropped. */
  dropped: number;
  /** Failed or lost, but shown by the policy "show-anyway". */
  shownAnyway: number;
  failed: number;
  lost: number;
}

export class BufferPart implements AcquireListener {
  readonly counters: FenceCounters = { dropped: 0, shownAnyway: 0, failed: 0, lost: 0 };
  readonly #options: BufferPartOptions;
  readonly #onSettled: (update: ContentUpdate) => void;

  /** `onSettled`: an acquire constraint of an update was met, whatever the outcome; its buffer part is decided. */
  constructor(options: BufferPartOptions, onSettled: (update: ContentUpdate) => void) {
    this.#options = options;
    this.#onSettled = onSettled;
  }

  /** Moves buffer and points from the update's changes into a use and a wait. Gives no_memory over budget. */
  take(update: ContentUpdate): void {
    const { changes } = update;
    const { buffer, acquirePoint, releasePoint } = changes;
    changes.buffer = undefined;
    changes.acquirePoint = null;
    changes.releasePoint = null;
    try {
      if (buffer) this.#attach(update, buffer, acquirePoint, releasePoint);
      else if (buffer === null) update.content = null;
    } catch (error) {
      if (!(error instanceof BudgetExceededError)) throw error;
      this.#overBudget(update, error);
    } finally {
      buffer?.unref();
      acquirePoint?.drop();
      releasePoint?.drop();
    }
  }

  #attach(
    update: ContentUpdate,
    buffer: ClientBuffer,
    acquirePoint: SyncPoint | null,
    releasePoint: SyncPoint | null,
  ): void {
    const release = releasePoint ? releasePoint.timeline.createRelease(releasePoint.point) : null;
    update.content = this.#use(update, buffer, release);
    const constraint = this.#beginAcquire(update, buffer, acquirePoint);
    if (!constraint) return;
    if (constraint.outcome) return this.#settle(update, constraint.outcome);
    update.acquire = constraint;
    if (!acquirePoint) return;
    update.acquirePoint = { timeline: acquirePoint.timeline.id, point: acquirePoint.point };
  }

  /** Explicit sync when the commit brought a point, else a dma-buf's implicit fences; shared memory is ready when committed. */
  #beginAcquire(
    update: ContentUpdate,
    buffer: ClientBuffer,
    acquirePoint: SyncPoint | null,
  ): AcquireConstraint | undefined {
    const { plane } = buffer.content;
    if (!acquirePoint && !plane) return undefined;
    const constraint = new AcquireConstraint(update, this);
    if (acquirePoint) constraint.beginPoint(acquirePoint);
    else if (plane) {
      constraint.begin(
        ClientState.of(update.surface.client).sync.waitForDmabuf(plane.fd, 'read', () =>
          constraint.neededByNs(),
        ),
      );
    }
    return constraint;
  }

  #use(update: ContentUpdate, buffer: ClientBuffer, release: ReleasePoint | null): BufferUse {
    const { tracer, clock } = this.#options;
    const callbacks = update.changes.releaseCallbacks;
    update.changes.releaseCallbacks = null;
    if (!tracer.active) return new BufferUse(buffer, release, callbacks);
    const identity = updateIdentity(update);
    return new BufferUse(buffer, release, callbacks, () =>
      tracer.emit({ type: 'released', timeNs: clock.nowNs(), ...identity }),
    );
  }

  settled({ update }: AcquireConstraint, outcome: FenceOutcome): void {
    this.#settle(update, outcome);
    this.#onSettled(update);
  }

  failed(error: unknown): void {
    this.#options.log.error('an update whose fence has ended failed', error);
  }

  /** The fence's end decides whether the buffer may be shown. */
  #settle(update: ContentUpdate, outcome: FenceOutcome): void {
    const { tracer, clock } = this.#options;
    update.acquire = null;
    update.outcome = outcome;
    if (tracer.active) {
      const timeNs = clock.nowNs();
      const waitedNs = timeNs - update.committedNs;
      tracer.emit({ type: 'signalled', timeNs, ...updateIdentity(update), outcome, waitedNs });
    }
    if (outcome.type !== 'signalled') this.#failed(update, outcome);
  }

  #failed(update: ContentUpdate, outcome: FenceOutcome): void {
    const { policy } = this.#options;
    const { client, id } = update.surface;
    const state = ClientState.of(client);
    state.failedFences++;
    this.counters[outcome.type === 'failed' ? 'failed' : 'lost']++;
    const what = `wl_surface@${id}: acquire fence ${describeOutcome(outcome)}`;
    if (policy === 'show-anyway') {
      this.counters.shownAnyway++;
      state.warnOnce('acquire', `${what}, its buffer is shown all the same`);
      return;
    }
    this.counters.dropped++;
    update.content?.drop();
    update.content = undefined;
    update.contentDropped = true;
    if (policy === 'disconnect') {
      state.warnOnce('acquire', `${what}, the client is disconnected`);
      client.postImplementationError(what);
    } else {
      state.warnOnce('acquire', `${what}, its buffer is not shown`);
    }
  }

  outcomeOfError({ update }: AcquireConstraint, error: unknown): FenceOutcome {
    if (error instanceof BudgetExceededError) {
      this.#overBudget(update, error);
      return { type: 'lost', reason: 'timeline-gone' };
    }
    this.#options.log.error(`wl_surface@${update.surface.id}: waiting for a fence failed`, error);
    const errno = isSystemError(error) ? error.errno : EIO;
    return { type: 'failed', errno, timestampNs: this.#options.clock.nowNs() };
  }

  #overBudget(update: ContentUpdate, error: BudgetExceededError): void {
    const { client } = update.surface;
    ClientState.of(client).warnOnce('budget', error.message);
    client.postNoMemory();
  }
}
