/** Budgets as `syncline compositor --budget` names them, as the compositor and its sync manager take them. */
import { DEFAULT_CLIENT_BUDGETS, type ClientBudgets } from '../compositor/client-state.ts';
import type { TotalBudgets } from '../compositor/client-totals.ts';
import { native } from '../native/binding.ts';
import {
  type BudgetLimit,
  type BudgetLimits,
  type BudgetResource,
  defaultBudgets,
  type SyncBudgets,
} from '../sync/budget.ts';
import type { BudgetChoice } from './compositor-limits.ts';

const BYTES_PER_MIB = 2 ** 20;

/** What is not named keeps its default. Where there is a soft limit, it stays in proportion to the hard one. */
export function budgetsOf(choice: BudgetChoice): {
  readonly budgets: Partial<ClientBudgets>;
  readonly totalBudgets: Partial<TotalBudgets>;
  readonly syncBudgets: Partial<SyncBudgets>;
} {
  const pending = choice['pending-updates'];
  const cachedUpdates = choice['cached-updates'];
  const { buffers, surfaces } = choice;
  const regionRects = choice['region-rects'];
  const mib = choice['buffer-mib'];
  const bufferFds = choice['buffer-fds'];
  const totalMib = choice['total-buffer-mib'];
  const { owner, total } = defaultBudgets(native.getNofileLimit().soft);
  return {
    budgets: {
      ...(pending !== undefined && {
        pendingUpdates: inProportion(DEFAULT_CLIENT_BUDGETS.pendingUpdates, pending),
      }),
      ...(cachedUpdates !== undefined && { cachedUpdates }),
      ...(surfaces !== undefined && { surfaces }),
      ...(regionRects !== undefined && { regionRects }),
      ...(buffers !== undefined && { buffers }),
      ...(mib !== undefined && { bufferBytes: mib * BYTES_PER_MIB }),
      ...(bufferFds !== undefined && { bufferFds }),
    },
    totalBudgets: {
      ...(choice['total-updates'] !== undefined && { updates: choice['total-updates'] }),
      ...(choice['total-surfaces'] !== undefined && { surfaces: choice['total-surfaces'] }),
      ...(choice['total-buffers'] !== undefined && { buffers: choice['total-buffers'] }),
      ...(totalMib !== undefined && { bufferBytes: totalMib * BYTES_PER_MIB }),
      ...(choice['total-buffer-fds'] !== undefined && { bufferFds: choice['total-buffer-fds'] }),
    },
    syncBudgets: {
      owner: limits(owner, {
        timelines: choice.timelines,
        waits: choice.waits,
        registrations: choice.registrations,
        releases: choice.releases,
        fds: choice['sync-fds'],
      }),
      total: limits(total, {
        timelines: choice['total-timelines'],
        waits: choice['total-waits'],
        registrations: choice['total-registrations'],
        releases: choice['total-releases'],
        fds: choice['total-sync-fds'],
      }),
    },
  };
}

function limits(
  usual: BudgetLimits,
  wanted: Readonly<Record<BudgetResource, number | undefined>>,
): BudgetLimits {
  const limit = (resource: BudgetResource): BudgetLimit => {
    const hard = wanted[resource];
    return hard === undefined ? usual[resource] : inProportion(usual[resource], hard);
  };
  return {
    timelines: limit('timelines'),
    waits: limit('waits'),
    registrations: limit('registrations'),
    releases: limit('releases'),
    fds: limit('fds'),
  };
}

function inProportion({ soft, hard }: BudgetLimit, wanted: number): BudgetLimit {
  return { soft: Math.max(1, Math.ceil((wanted * soft) / hard)), hard: wanted };
}
