/** `syncline compositor`: how long it waits for a client, and what that may hold. */
import { describe, expect, test } from 'vitest';
import { compositorCommand } from '../../cli/compositor.ts';
import { budgetsOf } from '../../cli/compositor-budgets.ts';
import { type LimitOptions, watchdogOf } from '../../cli/compositor-limits.ts';
import { DEFAULT_CLIENT_BUDGETS } from '../../compositor/client-state.ts';
import { defaultBudgets } from '../../sync/budget.ts';
import { native } from '../../native/binding.ts';
import { DEFAULT_WATCHDOG_POLICY } from '../../sync/watchdog.ts';

const SECOND = 1_000_000_000n;

function parsed(...args: string[]): LimitOptions {
  const command = compositorCommand().exitOverride();
  command.action(() => undefined).parse(args, { from: 'user' });
  return command.opts();
}

function refusal(...args: string[]): string {
  let told = '';
  const command = compositorCommand()
    .exitOverride()
    .configureOutput({ writeErr: (text) => (told += text) });
  expect(() => command.parse(args, { from: 'user' })).toThrow();
  return told;
}

test('by default waits are reported and nothing is given up, and budgets are what they are', () => {
  const options = parsed();
  expect(watchdogOf(options)).toEqual(DEFAULT_WATCHDOG_POLICY);
  const { budgets, syncBudgets } = budgetsOf(options.budget);
  expect(budgets).toEqual({});
  expect(syncBudgets).toEqual(defaultBudgets(native.getNofileLimit().soft));
});

test('times are seconds, or never', () => {
  const options = parsed(
    ...['--wait-report', '0.5', '--unsubmitted-timeout', '30', '--fence-timeout', '12.25'],
    ...['--loss-grace', 'never'],
  );
  expect(watchdogOf(options)).toEqual({
    unsubmitted: { reportAfterNs: SECOND / 2n, giveUpAfterNs: 30n * SECOND },
    submitted: { reportAfterNs: SECOND / 2n, giveUpAfterNs: (49n * SECOND) / 4n },
    unsubmittedGraceNs: null,
  });
});

test('budgets named are set, in one option or several, soft limits in proportion', () => {
  const { budget } = parsed('--budget', 'buffers=10, waits=1000', '--budget', 'pending-updates=64');
  const { budgets, syncBudgets } = budgetsOf({ ...budget, 'buffer-mib': 3 });
  const { soft, hard } = DEFAULT_CLIENT_BUDGETS.pendingUpdates;
  expect(budgets).toEqual({
    pendingUpdates: { soft: (64 * soft) / hard, hard: 64 },
    buffers: 10,
    bufferBytes: 3 * 1024 * 1024,
  });
  expect(syncBudgets.owner?.waits).toEqual({ soft: 250, hard: 1000 });
  expect(syncBudgets.owner?.timelines.soft).toBe(Infinity);
});

test('those of all clients together are named with total-', () => {
  const { budget } = parsed('--budget', 'total-buffers=100,total-buffer-mib=2,total-timelines=50');
  const { budgets, totalBudgets, syncBudgets } = budgetsOf(budget);
  expect(budgets).toEqual({});
  expect(totalBudgets).toEqual({ buffers: 100, bufferBytes: 2 * 1024 * 1024 });
  expect(syncBudgets.total?.timelines.hard).toBe(50);
  expect(syncBudgets.owner).toEqual(defaultBudgets(native.getNofileLimit().soft).owner);
});

describe('refused with the reason', () => {
  test.each([
    [['--budget', 'bufers=3'], /"bufers" is no budget: one of pending-updates, /],
    [['--budget', 'buffers'], /Expected buffers=N, a whole number from 1 to /],
    [['--budget', 'buffers=0'], /Expected buffers=N, a whole number from 1 to /],
    [['--fence-timeout', '0'], /Expected a number of seconds above 0, .*, or never/],
    [['--unsubmitted-timeout', 'soon'], /Expected a number of seconds above 0, .*, or never/],
    [['--wait-report', 'never'], /Expected a number above 0/],
  ])('%s', (args, reason) => {
    expect(refusal(...args)).toMatch(reason);
  });
});
