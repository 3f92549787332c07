/** Strategy × scenario: what held, and which promise was broken where it did not. */
import type { RunResult } from '../compare/result.ts';
import { cellId, escapeHtml } from './markup.ts';
import { brokenPromises, PROMISE_WORDS } from './promises.ts';

/** The runs of a comparison by scenario and strategy, both in order of appearance. */
export interface Grid {
  readonly scenarios: readonly string[];
  readonly strategies: readonly string[];
  runs(scenario: string, strategy: string): readonly RunResult[];
}

export function gridOf(results: readonly RunResult[]): Grid {
  const cells = new Map<string, RunResult[]>();
  for (const result of results) {
    const key = `${result.scenario}\0${result.strategy}`;
    const runs = cells.get(key);
    if (runs) runs.push(result);
    else cells.set(key, [result]);
  }
  return {
    scenarios: [...new Set(results.map(({ scenario }) => scenario))],
    strategies: [...new Set(results.map(({ strategy }) => strategy))],
    runs: (scenario, strategy) => cells.get(`${scenario}\0${strategy}`) ?? [],
  };
}

/** `describe` gives the sentence behind a strategy's or a scenario's name, if there is one. */
export function matrixTable(grid: Grid, describe: (name: string) => string | undefined): string {
  const { scenarios, strategies } = grid;
  const head = strategies
    .map((name) => `<th scope="col"${title(describe(name))}><span>${escapeHtml(name)}</span></th>`)
    .join('');
  const rows = scenarios.map((scenario) => {
    const cells = strategies.map((strategy) => cell(grid, scenario, strategy)).join('');
    return `<tr><th scope="row"${title(describe(scenario))}>${escapeHtml(scenario)}</th>${cells}</tr>`;
  });
  const score = strategies.map((strategy) => {
    const played = scenarios.filter((scenario) => grid.runs(scenario, strategy).length > 0);
    const kept = played.filter((name) => grid.runs(name, strategy).every(({ ok }) => ok)).length;
    const tone = kept === played.length ? 'all' : 'some';
    return `<td class="score ${tone}">${kept}<span class="of">/${played.length}</span></td>`;
  });
  return `<table class="matrix">
<thead><tr><th></th>${head}</tr></thead>
<tbody>${rows.join('\n')}</tbody>
<tfoot><tr><th scope="row">scenarios survived</th>${score.join('')}</tr></tfoot>
</table>`;
}

function cell(grid: Grid, scenario: string, strategy: string): string {
  const runs = grid.runs(scenario, strategy);
  if (runs.length === 0) return '<td class="cell none"><span class="mark">–</span></td>';
  const failed = runs.filter(({ ok }) => !ok).length;
  const link = `href="#${cellId(scenario, strategy)}"`;
  const named = `${escapeHtml(scenario)} under ${escapeHtml(strategy)}`;
  if (failed === 0) {
    return `<td class="cell ok"><a ${link} aria-label="${named}: held"><span class="mark">✓</span></a></td>`;
  }
  const broken = brokenPromises(runs).map((promise) => PROMISE_WORDS[promise][0]);
  const words = (broken.length > 0 ? broken : ['broke off']).map((word) => `<span>${word}</span>`);
  const why = `<span class="why">${words.join(', ')}</span>`;
  const share = runs.length > 1 ? `<span class="share">${failed}/${runs.length}</span>` : '';
  return `<td class="cell bad"><a ${link} aria-label="${named}: failed"><span class="mark">✗</span>${share}${why}</a></td>`;
}

function title(text: string | undefined): string {
  return text === undefined ? '' : ` title="${escapeHtml(text)}"`;
}
