/** Options of `syncline compositor` for what a client may make it wait for and hold: the watchdog and the budgets. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { WatchdogPolicy } from '../sync/watchdog.ts';
import { positive } from './option-values.ts';

/** What one client may hold, by the names of the command line; see {@link LimitOptions.budget}. */
const CLIENT_BUDGET_NAMES = [
  'pending-updates',
  'cached-updates',
  'surfaces',
  'region-rects',
  'buffers',
  'buffer-mib',
  'buffer-fds',
  'timelines',
  'waits',
  'registrations',
  'releases',
  'sync-fds',
] as const;

/** What all clients together may. */
const TOTAL_BUDGET_NAMES = [
  'total-updates',
  'total-surfaces',
  'total-buffers',
  'total-buffer-mib',
  'total-buffer-fds',
  'total-timelines',
  'total-waits',
  'total-registrations',
  'total-releases',
  'total-sync-fds',
] as const;

export type BudgetName = (typeof CLIENT_BUDGET_NAMES)[number] | (typeof TOTAL_BUDGET_NAMES)[number];
export const BUDGET_NAMES: readonly BudgetName[] = [...CLIENT_BUDGET_NAMES, ...TOTAL_BUDGET_NAMES];

export type BudgetChoice = Readonly<Partial<Record<BudgetName, number>>>;

/** Commander takes null for no value. */
type Seconds = number | 'never';

/** As commander hands them over. */
export interface LimitOptions {
  readonly waitReport: number;
  readonly unsubmittedTimeout: Seconds;
  readonly fenceTimeout: Seconds;
  /** Undefined: what the strategy says. */
  readonly lossGrace?: Seconds;
  readonly budget: BudgetChoice;
}

/** A day: longer is "never". */
const MAX_SECONDS = 86_400;
const NS_PER_SECOND = 1e9;
/** What fits into one descriptor table, or, of memory, into more than any machine has. */
const MAX_BUDGET = 2 ** 24;

export function addLimitOptions(command: Command): Command {
  return command
    .option(
      '--wait-report <s>',
      'log a client’s acquire point that is not signalled after this many seconds',
      positive(MAX_SECONDS),
      5,
    )
    .option(
      '--unsubmitted-timeout <s>',
      'give up waiting for a point nobody submits work for: seconds, or never',
      secondsOrNever,
      'never',
    )
    .option(
      '--fence-timeout <s>',
      'give up waiting for submitted work that does not end: seconds, or never',
      secondsOrNever,
      'never',
    )
    .option(
      '--loss-grace <s>',
      'how long points may stay unsubmitted once a GPU went: seconds, or never (default: what the strategy says)',
      secondsOrNever,
    )
    .addOption(
      new Option('--budget <name=n,...>', 'what clients may hold; see below. May be repeated')
        .argParser(budgets)
        .default({}, 'ample'),
    );
}

export const LIMITS_HELP = `
An update whose acquire point is given up does what --failed-fence says.
--budget names, each of one client: pending-updates (commits that wait), cached-updates (of synchronised subsurfaces), surfaces,
region-rects, buffers, buffer-mib (MiB of pools and dma-bufs), buffer-fds, timelines, waits, registrations (armed eventfds), releases (owed), sync-fds. A client above one is
not read for a while where that can help, else its request fails with a protocol error. With total- before it, of all clients together
(total-updates: pending and cached ones): once that is used up, clients below their share are served, the others refused.`;

export function watchdogOf(options: Omit<LimitOptions, 'budget'>): WatchdogPolicy {
  const reportAfterNs = nanoseconds(options.waitReport);
  return {
    unsubmitted: { reportAfterNs, giveUpAfterNs: orNever(options.unsubmittedTimeout) },
    submitted: { reportAfterNs, giveUpAfterNs: orNever(options.fenceTimeout) },
    ...(options.lossGrace !== undefined && { unsubmittedGraceNs: orNever(options.lossGrace) }),
  };
}

function secondsOrNever(text: string): Seconds {
  if (text === 'never') return text;
  const value = Number(text);
  if (value > 0 && value <= MAX_SECONDS) return value;
  throw new InvalidArgumentError(
    `Expected a number of seconds above 0, at most ${MAX_SECONDS}, or never.`,
  );
}

function budgets(text: string, before: BudgetChoice): BudgetChoice {
  const all: Partial<Record<BudgetName, number>> = { ...before };
  for (const part of text.split(',')) {
    const [key = '', value = ''] = part.split('=').map((word) => word.trim());
    const name = BUDGET_NAMES.find((known) => known === key);
    if (!name)
      throw new InvalidArgumentError(`"${key}" is no budget: one of ${BUDGET_NAMES.join(', ')}.`);
    if (!/^\d+$/.test(value) || Number(value) < 1 || Number(value) > MAX_BUDGET)
      throw new InvalidArgumentError(`Expected ${name}=N, a whole number from 1 to ${MAX_BUDGET}.`);
    all[name] = Number(value);
  }
  return all;
}

function orNever(seconds: Seconds): bigint | null {
  return seconds === 'never' ? null : nanoseconds(seconds);
}

function nanoseconds(seconds: number): bigint {
  return BigInt(Math.round(seconds * NS_PER_SECOND));
}
