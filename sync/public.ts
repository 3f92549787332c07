/**
 * `syncline/sync`: explicit sync that survives its devices. Nothing here knows Wayland.
 *
 * The entry of the package; code inside it imports the files themselves.
 */
export { SyncManager } from './manager.ts';
export type { SyncManagerOptions } from './manager.ts';
export { SyncOwner } from './owner.ts';
export { Timeline } from './timeline.ts';
export type { PendingPoint } from './timeline.ts';
export type { WaitObserver } from './wait.ts';
export { ClientTimeline } from './client-timeline.ts';
export type { ClientTimelineHost, Rescue } from './client-timeline.ts';
export { ClientTimelines } from './client-timelines.ts';
export type { ClientTimelinesOptions } from './client-timelines.ts';
export { ReleasePoint } from './release.ts';
export type { ReleaseState, ReleaseUse } from './release.ts';
export { MAX_POINT, pointFromHalves, pointToHalves } from './point.ts';
export type { FenceOutcome, FencePhase, LostReason } from './fence.ts';
export {
  BudgetExceededError,
  ImportRefusedError,
  InvalidTimelineError,
  SyncDisposedError,
} from './errors.ts';
export { defaultBudgets } from './budget.ts';
export type {
  BudgetExceeded,
  BudgetLimit,
  BudgetLimits,
  BudgetResource,
  SyncBudgets,
} from './budget.ts';
export { DEFAULT_WATCHDOG_POLICY } from './watchdog.ts';
export type { WatchdogLimit, WatchdogPolicy } from './watchdog.ts';
export type { LossPlan, RecoveryContext, RecoveryStrategy } from './recovery.ts';
export { DEFAULT_STRATEGY } from './recovery/default-strategy.ts';
export { STRATEGIES, strategyByName } from './recovery/strategies.ts';
export { SILENT_LOG } from './log.ts';
export type { SyncLog } from './log.ts';
export type { SyncTrace, SyncTraceEvent } from './trace.ts';
export type { SyncPeer } from './peer.ts';
export type { OwnerStats, SyncCounters, SyncStats, WaitStats } from './stats.ts';
