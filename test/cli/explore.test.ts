/** `syncline explore` as a command: what it prints and how it ends. */
import { afterEach, expect, test } from 'vitest';
import { exploreCommand } from '../../cli/explore.ts';
import type { ExploreReport } from '../../lab/explore/explore.ts';
import { captureStdout } from '../support/captured-stdout.ts';

afterEach(() => {
  process.exitCode = undefined;
});

async function run(...args: string[]): Promise<{ status: unknown; printed: string }> {
  const stdout = captureStdout();
  try {
    const command = exploreCommand()
      .exitOverride()
      .configureOutput({ writeErr: () => undefined });
    await command.parseAsync(args, { from: 'user' });
    return { status: process.exitCode ?? 0, printed: stdout.text() };
  } finally {
    stdout.restore();
  }
}

test('one seed as JSON, alone on standard output', async () => {
  const { status, printed } = await run('--seed', '5', '--json', '-');
  const report = JSON.parse(printed) as ExploreReport;
  expect(status).toBe(0);
  expect(report).toMatchObject({ schema: 1, seeds: 1, firstSeed: 5, steps: 200, violations: [] });
  expect(report.states).toBeGreaterThan(10);
});

test('a broken promise is told with its seed and its steps, and ends in status 1', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { status, printed } = await run('--strategy', 'single-import', '--seed', String(seed));
    process.exitCode = undefined;
    if (status === 0) continue;
    expect(status).toBe(1);
    expect(printed).toMatch(new RegExp(`^seed ${seed}: [a-z-]+: `));
    expect(printed).toContain('\n  connect client 0');
    expect(printed).toContain(`again: syncline explore --strategy single-import --seed ${seed}`);
    return;
  }
  expect.unreachable('single-import broke no promise in 20 seeds');
}, 60_000);

test('an unknown strategy is refused with the names of the known ones', async () => {
  await expect(run('--strategy', 'hope')).rejects.toThrow(/unknown strategy "hope".*failover/);
});
