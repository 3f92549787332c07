import { expect, test } from 'vitest';
import type { RunResult } from '../../../lab/compare/result.ts';
import { renderTable } from '../../../lab/compare/table.ts';
import { STRATEGIES } from '../../../sync/recovery/strategies.ts';

const SCENARIOS = ['steady', 'client-device-removed-never-submitted'];

function results(strategies: readonly string[], seeds: number): RunResult[] {
  return strategies.flatMap((strategy) =>
    SCENARIOS.flatMap((scenario) =>
      Array.from({ length: seeds }, (_, index) => {
        const ok = scenario === 'steady' || strategy === 'failover';
        return {
          strategy,
          scenario,
          seed: index + 1,
          surfaces: 2,
          stuckSurfaces: ok ? 0 : index + 1,
          undeservedDisconnects: 0,
          earlyLatches: 0,
          failedFencesShown: 0,
          earlyReleases: 0,
          lostReleases: 0,
          framesPresented: 10,
          framesMissed: 0,
          recoveryMs: { p50: 0, p99: 0, max: 0 },
          peakFds: 1,
          peakImports: 1,
          syscallsPerCommit: 1,
          leakedFds: 0,
          leakedHandles: 0,
          ok,
          reasons: ok ? [] : [`${index + 2} surfaces stuck`],
        };
      }),
    ),
  );
}

const ALL = [...STRATEGIES.keys()];

test.each([80, 100, 120])('all strategies fit into %d columns', (width) => {
  const lines = renderTable(results(ALL, 20), false, width).split('\n');
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(width);
  for (const name of ALL) {
    expect(lines.some((line) => line.includes(name) || line.includes(name.split('-')[0]!))).toBe(
      true,
    );
  }
});

test('with room strategies stand by name, with the share that failed', () => {
  expect(renderTable(results(['single-import', 'failover'], 2), false, 80)).toBe(
    `
                                       single-import  failover
steady                                 ok             ok
client-device-removed-never-submitted  ✗ 2/2          ok
scenarios survived                     1/2            2/2

single-import failed:
  client-device-removed-never-submitted  2 to 3 surfaces stuck`.slice(1),
  );
});

test('without room they are numbered', () => {
  const lines = renderTable(results(ALL, 1), false, 80).split('\n');
  expect(lines[0]?.trim().split(/ +/)).toEqual(ALL.map((_, index) => String(index + 1)));
  expect(lines.join(' ')).toContain(`${ALL.length} failover`);
});

test('colour goes with the verdict', () => {
  const table = renderTable(results(['single-import'], 1), true);
  expect(table).toContain('\u001b[32mok\u001b[0m');
  expect(table).toContain('\u001b[31m✗\u001b[0m');
  expect(table).not.toContain('undefined');
});
