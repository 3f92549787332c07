/** The comparison as one self-contained HTML file: works offline and on a phone. */
import { matrix, type Cell } from '../compare/table.ts';
import type { CompareReport, RunResult } from '../compare/result.ts';
import { STYLE } from './style.ts';

export function renderReport(report: CompareReport): string {
  const failed = report.results.filter((result) => !result.ok).length;
  const devices = report.gpus === 'sim' ? 'simulated devices' : "the kernel's devices";
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Syncline: recovery strategies compared</title>
<style>${STYLE}</style>
<h1>Recovery strategies compared</h1>
<p>${report.results.length} runs on ${devices} (${escape(report.kernel)}, Node ${escape(report.node)}),
${failed} of them broke a promise.</p>
<h2>What held</h2>
<div class="wide">${matrixTable(report.results)}</div>
<h2>Every run</h2>
<div class="wide">${runsTable(report.results)}</div>
<details><summary>Raw results</summary><pre>${escape(JSON.stringify(report, null, 1))}</pre></details>
</html>
`;
}

function matrixTable(results: readonly RunResult[]): string {
  const strategies = [...new Set(results.map((result) => result.strategy))];
  const head = ['scenario', ...strategies].map((name) => `<th>${escape(name)}</th>`).join('');
  const rows = [...matrix(results)].map(
    ([scenario, row]) =>
      `<tr><th>${escape(scenario)}</th>${strategies.map((name) => cell(row.get(name))).join('')}</tr>`,
  );
  return `<table class="matrix"><tr>${head}</tr>${rows.join('\n')}</table>`;
}

function cell(content: Cell | undefined): string {
  if (!content) return '<td></td>';
  if (content.failed === 0) return '<td class="ok">ok</td>';
  const reasons = content.reasons.map((reason) => `<li>${escape(reason)}</li>`).join('');
  return `<td class="bad"><b>${content.failed} of ${content.runs} fail</b><ul>${reasons}</ul></td>`;
}

const COLUMNS: readonly [title: string, value: (result: RunResult) => string | number][] = [
  ['scenario', (result) => result.scenario],
  ['strategy', (result) => result.strategy],
  ['seed', (result) => result.seed],
  ['frames', (result) => result.framesPresented],
  ['missed', (result) => result.framesMissed],
  ['stuck', (result) => result.stuckSurfaces],
  ['cut off', (result) => result.undeservedDisconnects],
  ['early', (result) => result.earlyLatches],
  ['failed shown', (result) => result.failedFencesShown],
  ['lost releases', (result) => result.lostReleases],
  ['leaked fds', (result) => result.leakedFds],
  ['leaked handles', (result) => result.leakedHandles],
  ['recovery p50 ms', (result) => Math.round(result.recoveryMs.p50)],
  ['recovery max ms', (result) => Math.round(result.recoveryMs.max)],
  ['ioctls a commit', (result) => result.syscallsPerCommit],
];

function runsTable(results: readonly RunResult[]): string {
  const head = COLUMNS.map(([title]) => `<th>${escape(title)}</th>`).join('');
  const rows = results.map((result) => {
    const cells = COLUMNS.map(([, value]) => `<td>${escape(String(value(result)))}</td>`).join('');
    return `<tr class="${result.ok ? 'ok' : 'bad'}">${cells}</tr>`;
  });
  return `<table class="runs"><tr>${head}</tr>${rows.join('\n')}</table>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
