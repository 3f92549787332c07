/** Why a surface's next update is not applied yet, for people and tests. */
import type { FencePhase } from '../../sync/fence.ts';
import { ClientState } from '../client-state.ts';
import type { Surface } from '../surface/surface.ts';
import type { TracedPoint } from '../trace.ts';
import type { ContentUpdate } from './content-update.ts';

export type WaitingReason =
  /**
   * An acquire fence; `point` is null for a dma-buf's implicit fences, which are always submitted. `phase`: whose doing it is,
   * the client's (not submitted) or the GPU's.
   */
  | {
      readonly type: 'acquire';
      readonly phase: FencePhase;
      /** When it was committed. */
      readonly sinceNs: bigint;
      readonly point: TracedPoint | null;
    }
  /** wp_fifo_v1.wait_barrier. */
  | { readonly type: 'fifo' }
  /** wp_commit_timer_v1.set_timestamp. */
  | { readonly type: 'time'; readonly targetNs: bigint }
  /** Another surface of its group (a subsurface tree) is not ready; `surface` is that one's object id. */
  | { readonly type: 'group'; readonly surface: number }
  /** A synchronised subsurface waits for its parent's commit. */
  | { readonly type: 'parent' };

/** What keeps the surface's oldest pending update, empty when there is none. */
export function waitingReasons(surface: Surface): WaitingReason[] {
  const head = surface.queue.head;
  if (!head) return surface.cached ? [{ type: 'parent' }] : [];
  const reasons: WaitingReason[] = [];
  for (const update of head.group?.updates ?? []) {
    if (update.phase !== 'queued') continue;
    if (update !== head && isBlocked(update)) {
      reasons.push({ type: 'group', surface: update.surface.id });
    }
  }
  return [...ownReasons(head), ...reasons];
}

function ownReasons(update: ContentUpdate): WaitingReason[] {
  const reasons: WaitingReason[] = [];
  if (update.acquire) {
    const { committedNs, acquirePoint } = update;
    const phase = fencePhase(update, acquirePoint);
    reasons.push({ type: 'acquire', phase, sinceNs: committedNs, point: acquirePoint });
  }
  if (update.waitsForBarrier) reasons.push({ type: 'fifo' });
  if (update.waitsForTimeNs !== null) {
    reasons.push({ type: 'time', targetNs: update.waitsForTimeNs });
  }
  return reasons;
}

function fencePhase(update: ContentUpdate, point: TracedPoint | null): FencePhase {
  if (!point) return 'submitted';
  const { waits } = ClientState.of(update.surface.client).sync.stats();
  const wait = waits.find(
    ({ timelineId, point: value }) => timelineId === point.timeline && value === point.point,
  );
  return wait?.phase ?? 'unsubmitted';
}

function isBlocked(update: ContentUpdate): boolean {
  return update.waitsForHead || ownReasons(update).length > 0;
}
