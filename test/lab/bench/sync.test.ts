/** The sync bench at its smallest, on whatever devices there are. No time is ever asserted. */
import { expect, test } from 'vitest';
import { runBenches } from '../../../lab/bench/bench.ts';

test('every test of explicit sync runs, or says why it was skipped', async () => {
  const report = await runBenches({ only: ['sync'], rounds: 1, scale: 0.05 });
  const byName = new Map(report.results.map((result) => [result.name, result]));
  for (const name of ['sync-commit-submitted', 'sync-signal', 'sync-signal-idle', 'sync-unplug']) {
    const result = byName.get(name);
    const measured = result?.wallRatio !== null && result?.note === undefined;
    expect(measured || result?.note === 'skipped: needs DRM devices').toBe(true);
  }
  for (const name of ['sync-commit-submitted', 'sync-signal', 'sync-signal-idle']) {
    const result = byName.get(`${name}-stand-in`);
    expect(result?.wallRatio).toBeGreaterThan(0);
    expect(result?.floors).toHaveLength(2);
  }
  expect(byName.get('sync-unplug-port')?.wallRatio).toBeGreaterThan(0);
  // Counted, not timed: these hold on any machine.
  expect(byName.get('sync-commit-submitted-calls')?.ours).toBeLessThanOrEqual(6);
  expect(byName.get('sync-pending-memory')?.ours).toBeGreaterThan(0);
  expect(byName.get('sync-unplug-port')?.unit).toMatch(/^ms for \d+ waits$/);
}, 120_000);
