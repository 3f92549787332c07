/** What the parts of explicit sync share; made by the manager and passed in. */
import type { Clock } from '../native/clock.ts';
import type { Poller } from '../native/poller.ts';
import type { SyncobjDevice } from '../devices/syncobj-device.ts';
import type { SyncKernel } from '../devices/sync-kernel.ts';
import type { ExportPoll } from './export-poll.ts';
import type { LeftBehind } from './left-behind.ts';
import type { SyncLog } from './log.ts';
import type { RecoveryContext, RecoveryStrategy } from './recovery.ts';
import type { RetryQueue } from './retry.ts';
import type { SignalBatch } from './signal-batch.ts';
import type { SyncCounters } from './stats.ts';
import type { Tracer } from './trace.ts';
import type { Watchdog } from './watchdog.ts';

export interface SyncContext {
  readonly kernel: SyncKernel;
  readonly poller: Poller;
  readonly clock: Clock;
  readonly strategy: RecoveryStrategy;
  readonly log: SyncLog;
  readonly tracer: Tracer;
  readonly counters: SyncCounters;
  readonly watchdog: Watchdog;
  readonly retries: RetryQueue;
  readonly exportPoll: ExportPoll;
  readonly signals: SignalBatch;
  readonly leftBehind: LeftBehind;
  /** Timelines whose unsubmitted points are asked for at intervals, because nothing may be armed for them. */
  readonly unarmed: RetryQueue;
  /** What strategies decide upon: the live devices now. */
  recovery(): RecoveryContext;
  /**
   * A call on `device` answered ENODEV. Marks it lost at once; its waits and debts are re-homed before this returns, or, when
   * called from within such work, right after it. The caller only has to be in a consistent state.
   */
  deviceLost(device: SyncobjDevice): void;
}
