/** The comparison as one self-contained HTML file: works offline and on a phone. */
import type { CompareReport } from '../compare/result.ts';
import { PROMISES } from '../compare/result.ts';
import { TimelineSelection } from '../compare/timeline.ts';
import { chartFigures } from './charts.ts';
import { figuresTable } from './figures-table.ts';
import { embeddedJson, escapeHtml } from './markup.ts';
import { gridOf, matrixTable, type Grid } from './matrix.ts';
import { PROMISE_WORDS } from './promises.ts';
import { scenarioSection } from './scenario-section.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';

export interface ReportOptions {
  /** One run a cell, to be drawn. */
  readonly timelines?: TimelineSelection;
  /** The sentence behind a strategy's or a scenario's name, if there is one. */
  readonly describe?: (name: string) => string | undefined;
}

/** Equal input gives equal bytes. */
export function renderReport(report: CompareReport, options: ReportOptions = {}): string {
  const { timelines = new TimelineSelection(), describe = () => undefined } = options;
  const grid = gridOf(report.results);
  const seeds = new Set(report.results.map(({ seed }) => seed)).size;
  const failed = report.results.filter(({ ok }) => !ok).length;
  const sections = grid.scenarios.map((scenario) =>
    scenarioSection(scenario, grid, timelines, describe(scenario)),
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Syncline: explicit sync across GPU hot-unplug</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Explicit sync across GPU hot-unplug</h1>
<p class="muted">${grid.strategies.length} recovery strategies in ${grid.scenarios.length} scenarios with ${seeds} ${seeds === 1 ? 'seed' : 'seeds'} each, ${machine(report)}.
${failed} of ${report.results.length} runs broke a promise.</p>
<h2>What held</h2>
${matrixTable(grid, describe)}
${promiseList()}
<h2>How the figures spread</h2>
<div class="charts">${chartFigures(grid)}</div>
<h2>Runs</h2>
<p>One run of each strategy in each scenario: the first seed that failed, else the first. The upper strip is the whole run with a tick a
frame shown, the lower picture each commit around the first device event.</p>
${legend()}
${sections.join('\n')}
<h2>Figures</h2>
<details class="more"><summary>Per strategy and scenario</summary><div class="wide">${figuresTable(grid)}</div></details>
${skippedRuns(report)}${strategyList(grid, describe)}
<details class="more" id="raw"><summary>Raw results (the JSON of <code>compare --json</code>)</summary><pre></pre></details>
<script type="application/json" id="report-data">${embeddedJson(report)}</script>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

function machine({ gpus, kernel, node }: CompareReport): string {
  const devices = gpus === 'sim' ? 'on simulated devices in virtual time' : `on ${kernel}`;
  return `${escapeHtml(devices)}, Node ${escapeHtml(node)}`;
}

function promiseList(): string {
  const rows = PROMISES.map((promise) => {
    const [short, long] = PROMISE_WORDS[promise];
    return `<dt>${short}</dt><dd>${long}</dd>`;
  });
  return `<dl class="promises">${rows.join('')}</dl>`;
}

function legend(): string {
  const items: readonly (readonly [colour: string, text: string])[] = [
    ['wait', 'committed, work not submitted yet'],
    ['gpu', 'GPU at work'],
    ['ready', 'done, on its way to the screen'],
    ['held', 'on screen or kept, until its release'],
    ['stuck', 'done, but never shown'],
    ['wrong', 'shown though not done'],
  ];
  const bars = items.map(
    ([colour, text]) => `<li><i style="background:var(--${colour})"></i>${text}</li>`,
  );
  return `<ul class="legend">${bars.join('')}<li>| frame shown</li><li>✗ content dropped</li><li>┄ release never came</li><li>▼ device gone</li><li>▲ device there</li></ul>`;
}

function skippedRuns({ skipped }: CompareReport): string {
  if (skipped.length === 0) return '';
  const items = skipped.map(
    ({ scenario, strategy, seed, reason }) =>
      `<li>${escapeHtml(scenario)} under ${escapeHtml(strategy)}, seed ${seed}: ${escapeHtml(reason)}</li>`,
  );
  return `<details class="more"><summary>${skipped.length} runs skipped</summary><ul>${items.join('\n')}</ul></details>\n`;
}

function strategyList({ strategies }: Grid, describe: ReportOptions['describe']): string {
  const rows = strategies.flatMap((name) => {
    const text = describe?.(name);
    return text === undefined ? [] : `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(text)}</dd>`;
  });
  if (rows.length === 0) return '';
  return `<details class="more"><summary>The strategies</summary><dl class="promises">${rows.join('')}</dl></details>`;
}
