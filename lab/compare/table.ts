/** A comparison as a table that reads at a glance: strategies across, scenarios down, what failed and why. */
import Table from 'cli-table3';
import type { RunResult } from './result.ts';

/** One cell: all seeds of a strategy in a scenario. */
export interface Cell {
  readonly runs: number;
  readonly failed: number;
  /** The commonest reasons of failure first. */
  readonly reasons: readonly string[];
}

/** Groups results by scenario (rows) and strategy (columns), both in order of appearance. */
export function matrix(results: readonly RunResult[]): Map<string, Map<string, Cell>> {
  const rows = new Map<string, Map<string, RunResult[]>>();
  for (const result of results) {
    const row = rows.get(result.scenario) ?? new Map<string, RunResult[]>();
    rows.set(result.scenario, row);
    row.set(result.strategy, [...(row.get(result.strategy) ?? []), result]);
  }
  return new Map(
    [...rows].map(([scenario, row]) => [
      scenario,
      new Map([...row].map(([strategy, runs]) => [strategy, summarise(runs)])),
    ]),
  );
}

function summarise(runs: readonly RunResult[]): Cell {
  const counts = new Map<string, number>();
  for (const run of runs) {
    for (const reason of run.reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return {
    runs: runs.length,
    failed: runs.filter((run) => !run.ok).length,
    reasons: [...counts].sort((a, b) => b[1] - a[1]).map(([reason]) => reason),
  };
}

export function renderTable(results: readonly RunResult[], colour: boolean): string {
  const rows = matrix(results);
  const strategies = [...new Set(results.map((result) => result.strategy))];
  const table = new Table({
    head: ['scenario', ...strategies],
    style: colour ? {} : { head: [], border: [] },
    wordWrap: true,
    colWidths: [null, ...strategies.map(() => STRATEGY_COLUMN_WIDTH)],
  });
  for (const [scenario, row] of rows) {
    table.push([scenario, ...strategies.map((strategy) => cellText(row.get(strategy), colour))]);
  }
  return table.toString();
}

const REASONS_SHOWN = 3;
const STRATEGY_COLUMN_WIDTH = 24;

function cellText(cell: Cell | undefined, colour: boolean): string {
  if (!cell) return '';
  if (cell.failed === 0) return paint('ok', 32, colour);
  const share = cell.runs > 1 ? ` ${cell.failed}/${cell.runs}` : '';
  const lines = [paint(`FAILS${share}`, 31, colour), ...cell.reasons.slice(0, REASONS_SHOWN)];
  return lines.join('\n');
}

function paint(text: string, code: number, colour: boolean): string {
  return colour ? `\u001b[${code}m${text}\u001b[0m` : text;
}
