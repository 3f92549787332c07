import { expect, test } from 'vitest';
import type { CompareReport, RunResult } from '../../../lab/compare/result.ts';
import { renderReport } from '../../../lab/report/html.ts';

const GOOD: RunResult = {
  strategy: 'failover',
  scenario: 'steady',
  seed: 1,
  surfaces: 1,
  stuckSurfaces: 0,
  undeservedDisconnects: 0,
  earlyLatches: 0,
  failedFencesShown: 0,
  earlyReleases: 0,
  lostReleases: 0,
  framesPresented: 10,
  framesMissed: 0,
  recoveryMs: { p50: 12, p99: 13, max: 14 },
  peakFds: 20,
  peakImports: 4,
  syscallsPerCommit: 3,
  leakedFds: 0,
  leakedHandles: 0,
  ok: true,
  reasons: [],
};

function reportOf(...results: readonly RunResult[]): CompareReport {
  return { schema: 1, gpus: 'sim', kernel: 'simulated', node: 'v20', results, skipped: [] };
}

test('a cell says which promises were broken, in how many runs, and links to more', () => {
  const bad = { ...GOOD, strategy: 'single-import', ok: false };
  const page = renderReport(
    reportOf(
      GOOD,
      { ...bad, stuckSurfaces: 1, reasons: ['1 surface stuck'] },
      { ...bad, seed: 2, lostReleases: 2, reasons: ['2 releases lost'] },
      { ...bad, seed: 3, ok: true },
    ),
  );
  const id = 'c-steady--single-import';
  const cell = new RegExp(`<td class="cell bad"><a href="#${id}".*?</td>`).exec(page)?.[0];
  expect(cell).toContain('2/3');
  expect(cell).toContain('<span>stuck</span>, <span>release lost</span>');
  expect(page).toContain(`<section id="${id}">`);
  expect(page.match(/class="cell ok"/g)).toHaveLength(1);
});

test('nothing is loaded from anywhere', () => {
  const page = renderReport(reportOf(GOOD));
  const addresses = page.match(/(?:src|href)="(?!#|data:,")[^"]*"|url\([^)]*\)|@import/g) ?? [];
  expect(addresses).toEqual([]);
});

test('names and reasons are text, whatever is in them', () => {
  const nasty = '</script><img src=x onerror=alert(1)>';
  const run = { ...GOOD, strategy: nasty, scenario: nasty, ok: false, reasons: [nasty] };
  const page = renderReport(reportOf(run), { describe: () => nasty });
  expect(page).not.toContain('<img');
  expect(page.match(/<\/script>/g)).toHaveLength(2);
});

test('a comparison of nothing is a page too', () => {
  const page = renderReport({
    ...reportOf(),
    skipped: [{ strategy: 'failover', scenario: 'gpu-hang', seed: 1, reason: 'no GPU' }],
  });
  expect(page).toContain('1 runs skipped');
  expect(page).toContain('gpu-hang under failover, seed 1: no GPU');
});
