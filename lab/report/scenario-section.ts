/** What each strategy made of one scenario: the verdicts, and a timeline of one run each, to be compared by eye. */
import type { RunResult } from '../compare/result.ts';
import { summarise } from '../compare/table.ts';
import type { TimelineSelection } from '../compare/timeline.ts';
import { cellId, escapeHtml } from './markup.ts';
import type { Grid } from './matrix.ts';
import { timelineFigure } from './timeline-figure.ts';

export function scenarioSection(
  scenario: string,
  grid: Grid,
  timelines: TimelineSelection,
  description: string | undefined,
): string {
  const strategies = grid.strategies.filter((name) => grid.runs(scenario, name).length > 0);
  const scaleEndUs = Math.max(
    ...strategies.map((strategy) => timelines.of(scenario, strategy)?.endUs ?? 0),
  );
  const blocks = strategies.map((strategy) => {
    const timeline = timelines.of(scenario, strategy);
    const figure = timeline ? timelineFigure(timeline, scaleEndUs) : '';
    return `<section id="${cellId(scenario, strategy)}"><h4>${escapeHtml(strategy)} ${verdict(grid.runs(scenario, strategy))}</h4>
${figure}</section>`;
  });
  const dots = strategies
    .map((name) => (grid.runs(scenario, name).every(({ ok }) => ok) ? 'ok' : 'bad'))
    .map((tone) => `<i class="dot ${tone}"></i>`)
    .join('');
  const sentence = description === undefined ? '' : `<p>${escapeHtml(description)}.</p>`;
  return `<details class="scenario"><summary><b>${escapeHtml(scenario)}</b> <span class="dots">${dots}</span></summary>
${sentence}${blocks.join('\n')}
</details>`;
}

function verdict(runs: readonly RunResult[]): string {
  const failed = runs.filter(({ ok }) => !ok);
  if (failed.length === 0) return '<span class="tag ok">held</span>';
  const share = runs.length > 1 ? ` ${failed.length} of ${runs.length}` : '';
  const text = summarise(runs).reasons.slice(0, REASONS_SHOWN).join('; ');
  return `<span class="tag bad">failed${share}</span> <small>${escapeHtml(text)}</small>`;
}

const REASONS_SHOWN = 4;
