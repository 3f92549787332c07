/** The figures of each cell, over its seeds: counts added up, measures as medians. */
import type { RunResult } from '../compare/result.ts';
import { escapeHtml } from './markup.ts';
import type { Grid } from './matrix.ts';

const COLUMNS: readonly [title: string, value: (runs: readonly RunResult[]) => string | number][] =
  [
    ['runs', (runs) => runs.length],
    ['failed', (runs) => runs.filter(({ ok }) => !ok).length],
    ['frames', (runs) => sum(runs, (run) => run.framesPresented)],
    ['missed', (runs) => sum(runs, (run) => run.framesMissed)],
    ['stuck', (runs) => sum(runs, (run) => run.stuckSurfaces)],
    ['cut off', (runs) => sum(runs, (run) => run.undeservedDisconnects)],
    ['early', (runs) => sum(runs, (run) => run.earlyLatches)],
    ['bad shown', (runs) => sum(runs, (run) => run.failedFencesShown)],
    ['early releases', (runs) => sum(runs, (run) => run.earlyReleases)],
    ['lost releases', (runs) => sum(runs, (run) => run.lostReleases)],
    ['leaked fds', (runs) => sum(runs, (run) => run.leakedFds)],
    ['leaked handles', (runs) => sum(runs, (run) => run.leakedHandles)],
    ['recovery p50 ms', (runs) => Math.round(median(runs, (run) => run.recoveryMs.p50))],
    ['recovery max ms', (runs) => Math.round(Math.max(...runs.map((run) => run.recoveryMs.max)))],
    ['peak fds', (runs) => median(runs, (run) => run.peakFds)],
    ['peak imports', (runs) => median(runs, (run) => run.peakImports)],
    ['syscalls a commit', (runs) => median(runs, (run) => run.syscallsPerCommit)],
  ];

export function figuresTable(grid: Grid): string {
  const head = ['scenario', 'strategy', ...COLUMNS.map(([title]) => title)]
    .map((title) => `<th scope="col">${title}</th>`)
    .join('');
  const rows = grid.scenarios.flatMap((scenario) =>
    grid.strategies.flatMap((strategy) => {
      const runs = grid.runs(scenario, strategy);
      if (runs.length === 0) return [];
      const cells = COLUMNS.map(([, value]) => `<td>${value(runs)}</td>`).join('');
      const tone = runs.every(({ ok }) => ok) ? 'ok' : 'bad';
      return `<tr class="${tone}"><td>${escapeHtml(scenario)}</td><td>${escapeHtml(strategy)}</td>${cells}</tr>`;
    }),
  );
  return `<table class="figures"><thead><tr>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table>`;
}

function sum(runs: readonly RunResult[], value: (run: RunResult) => number): number {
  return runs.reduce((total, run) => total + value(run), 0);
}

function median(runs: readonly RunResult[], value: (run: RunResult) => number): number {
  const sorted = runs.map(value).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
