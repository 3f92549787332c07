import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { planRuns } from '../../../lab/compare/plan.ts';
import type { CompareReport } from '../../../lab/compare/result.ts';
import { renderReport } from '../../../lab/report/html.ts';
import { compared } from './compared.ts';

const CLI = fileURLToPath(new URL('../../../cli/syncline.mjs', import.meta.url));
const COMMAND_MS = 120_000;

const STRATEGIES = ['single-import', 'failover'];
const SCENARIOS = ['import-device-re-added', 'release-pending-at-removal'];

test('the same seeds give the same results and the same report, in whatever order runs end', async () => {
  const first = await compared(STRATEGIES, SCENARIOS, 2);
  const second = await compared(STRATEGIES, SCENARIOS, 2, { backwards: true });
  expect(JSON.stringify(second.report)).toBe(JSON.stringify(first.report));
  expect(renderReport(second.report, { timelines: second.timelines })).toBe(
    renderReport(first.report, { timelines: first.timelines }),
  );
});

test(
  'the command, which plays in worker processes, writes the same bytes twice, in the order of the plan',
  { timeout: COMMAND_MS },
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'syncline-compare-'));
    try {
      const outputs = ['first', 'second'].map((name) => {
        const report = join(folder, name);
        const args = ['compare', '--seeds', '2', '--json', '-', '--report', report];
        args.push('--strategies', STRATEGIES.join(), '--scenarios', SCENARIOS.join());
        const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
          encoding: 'utf8',
          env: { ...process.env, SYNCLINE_NO_SETUP: '1' },
        });
        expect(status, stderr).toBe(0);
        return { json: stdout, page: readFileSync(join(report, 'report.html'), 'utf8') };
      });
      const [first, second] = outputs;
      expect(second).toEqual(first);
      const { results } = JSON.parse(first?.json ?? '') as CompareReport;
      expect(results.map(({ strategy, scenario, seed }) => ({ strategy, scenario, seed }))).toEqual(
        planRuns(STRATEGIES, SCENARIOS, 2),
      );
      expect(first?.page.match(/class="timeline"/g)).toHaveLength(
        STRATEGIES.length * SCENARIOS.length,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
