/** Errors of explicit sync that callers tell apart. Device loss is not among them: recovery deals with it. */
import type { BudgetResource, BudgetScope } from './budget.ts';

/** The descriptor a client sent is no syncobj (linux-drm-syncobj-v1.xml: error invalid_timeline). */
export class InvalidTimelineError extends Error {
  override readonly name = 'InvalidTimelineError';
  readonly code = 'XSYNC_INVALID_TIMELINE';

  constructor(owner: string, cause?: unknown) {
    super(`${owner}: the descriptor is not a DRM syncobj`, { cause });
  }
}

/** The strategy cannot take the timeline now (its device is going, or there is none). Not the client's fault. */
export class ImportRefusedError extends Error {
  override readonly name = 'ImportRefusedError';
  readonly code = 'XSYNC_IMPORT_REFUSED';

  constructor(owner: string, strategy: string, reason: string, cause?: unknown) {
    super(`${owner}: strategy ${strategy} cannot import the timeline: ${reason}`, { cause });
  }
}

/** A hard budget would be exceeded: nothing was taken. */
export class BudgetExceededError extends Error {
  override readonly name = 'BudgetExceededError';
  readonly code = 'XSYNC_BUDGET_EXCEEDED';
  readonly resource: BudgetResource;
  readonly scope: BudgetScope;
  readonly limit: number;

  constructor(owner: string, resource: BudgetResource, scope: BudgetScope, limit: number) {
    super(`${owner}: more than ${limit} ${resource}${scope === 'total' ? ' of all owners' : ''}`);
    this.resource = resource;
    this.scope = scope;
    this.limit = limit;
  }
}

/** Something was asked of an owner or a manager after its disposal. */
export class SyncDisposedError extends Error {
  override readonly name = 'SyncDisposedError';
  readonly code = 'XSYNC_DISPOSED';

  constructor(what: string) {
    super(`${what} was used after its disposal`);
  }
}
