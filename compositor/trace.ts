/**
 * What became of each content update, as events: commit → signalled → applied → latched → presented → released.
 *
 * The lab's report and `--trace` are made of them, and of the sync layer's own events (available, device lost).
 */
import { channel } from 'node:diagnostics_channel';
import type { FenceOutcome } from '../sync/fence.ts';
import type { CompositorLog } from './log.ts';

/** A point as the trace names it. */
export interface TracedPoint {
  /** Timeline.id of the sync layer. */
  readonly timeline: number;
  readonly point: bigint;
}

interface TraceBase {
  /** CLOCK_MONOTONIC or the injected clock's. */
  readonly timeNs: bigint;
  /** Client.number. */
  readonly client: number;
  /** Object id of the wl_surface. */
  readonly surface: number;
  /** Number of the content update, unique in the compositor, in commit order. */
  readonly update: number;
}

export type CommitTraceEvent =
  | (TraceBase & {
      readonly type: 'commit';
      readonly acquire: TracedPoint | null;
      readonly release: TracedPoint | null;
    })
  /** Its acquire fence came to an end. `waitedNs` since the commit. */
  | (TraceBase & {
      readonly type: 'signalled';
      readonly outcome: FenceOutcome;
      readonly waitedNs: bigint;
    })
  /** `shown` false: its buffer was dropped by the failure policy. */
  | (TraceBase & { readonly type: 'applied'; readonly shown: boolean })
  | (TraceBase & { readonly type: 'latched'; readonly output: string })
  | (TraceBase & { readonly type: 'presented'; readonly output: string; readonly sequence: bigint })
  | (TraceBase & { readonly type: 'released' })
  /** Discarded before it was applied: surface or client gone. */
  | (TraceBase & { readonly type: 'discarded' });

/** Called synchronously, must not call back into the compositor. One that throws is told nothing more. */
export type CommitTrace = (event: CommitTraceEvent) => void;

const commitChannel = channel('xsync:commit');

/** Feeds the hook and the `diagnostics_channel` "xsync:commit". Ask {@link CommitTracer.active} before making an event. */
export class CommitTracer {
  #hook: CommitTrace | undefined;
  readonly #log: CompositorLog;

  constructor(hook: CommitTrace | undefined, log: CompositorLog) {
    this.#hook = hook;
    this.#log = log;
  }

  get active(): boolean {
    return this.#hook !== undefined || commitChannel.hasSubscribers;
  }

  emit(event: CommitTraceEvent): void {
    try {
      this.#hook?.(event);
    } catch (error) {
      // In the middle of somebody's commit, who has no part in it.
      this.#hook = undefined;
      this.#log.error('the commit trace failed and is told nothing more', error);
    }
    if (commitChannel.hasSubscribers) commitChannel.publish(event);
  }
}
