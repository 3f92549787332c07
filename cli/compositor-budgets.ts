/** Budgets as `syncline compositor --budget` names them, as the compositor and its sync manager take them. */
import { DEFAULT_CLIENT_BUDGETS, type ClientBudgets } from '../compositor/client-state.ts';
import { native } from '../native/binding.ts';
import {
  type BudgetLimit,
  type BudgetResource,
  defaultBudgets,
  type SyncBudgets,
} from '../sync/budget.ts';
import type { BudgetChoice } from './compositor-limits.ts';

const BYTES_PER_MIB = 2 ** 20;

/** What is not named keeps its default. Where there is a soft limit, it stays in proportion to the hard one. */
export function budgetsOf(choice: BudgetChoice): {
  readonly budgets: Partial<ClientBudgets>;
  readonly syncBudgets: Partial<SyncBudgets>;
} {
  const pending = choice['pending-updates'];
  const cachedUpdates = choice['cached-updates'];
  const { buffers } = choice;
  const mib = choice['buffer-mib'];
  const bufferFds = choice['buffer-fds'];
  const { owner } = defaultBudgets(native.getNofileLimit().soft);
  const limit = (resource: BudgetResource, hard: number | undefined): BudgetLimit =>
    hard === undefined ? owner[resource] : inProportion(owner[resource], hard);
  return {
    budgets: {
      ...(pending !== undefined && {
        pendingUpdates: inProportion(DEFAULT_CLIENT_BUDGETS.pendingUpdates, pending),
      }),
      ...(cachedUpdates !== undefined && { cachedUpdates }),
      ...(buffers !== undefined && { buffers }),
      ...(mib !== undefined && { bufferBytes: mib * BYTES_PER_MIB }),
      ...(bufferFds !== undefined && { bufferFds }),
    },
    syncBudgets: {
      owner: {
        timelines: limit('timelines', choice.timelines),
        waits: limit('waits', choice.waits),
        registrations: limit('registrations', choice.registrations),
        releases: limit('releases', choice.releases),
        fds: limit('fds', choice['sync-fds']),
      },
    },
  };
}

function inProportion({ soft, hard }: BudgetLimit, wanted: number): BudgetLimit {
  return { soft: Math.max(1, Math.ceil((wanted * soft) / hard)), hard: wanted };
}
