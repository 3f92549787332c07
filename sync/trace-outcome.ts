/** Counts and traces the end of a wait. */
import type { Point } from '../devices/syncobj-device.ts';
import type { SyncContext } from './context.ts';
import type { FenceOutcome } from './fence.ts';

export function traceOutcome(
  context: SyncContext,
  owner: string,
  timelineId: number,
  point: Point,
  outcome: FenceOutcome,
): void {
  context.counters[outcome.type]++;
  const { tracer } = context;
  if (tracer.active) tracer.emit({ ...outcome, owner, timelineId, point });
}
