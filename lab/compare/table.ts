/** A comparison as a table that reads at a glance: strategies across, scenarios down, what failed and why. */
import Table from 'cli-table3';
import type { RunResult } from './result.ts';

/** One cell: all seeds of a strategy in a scenario. */
export interface Cell {
  readonly runs: number;
  readonly failed: number;
  /** The commonest reasons of failure first; those that differ in their number only are one. */
  readonly reasons: readonly string[];
}

type Matrix = ReadonlyMap<string, ReadonlyMap<string, Cell>>;

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

/** All runs of a cell as one. */
export function summarise(runs: readonly RunResult[]): Cell {
  const reasons = new Map<string, CountedReason>();
  for (const run of runs) {
    for (const reason of run.reasons) {
      const { count, what } = counted(reason);
      const seen = reasons.get(what) ?? { what, runs: 0, least: Infinity, most: 0 };
      reasons.set(what, {
        what,
        runs: seen.runs + 1,
        least: Math.min(seen.least, count),
        most: Math.max(seen.most, count),
      });
    }
  }
  return {
    runs: runs.length,
    failed: runs.filter((run) => !run.ok).length,
    reasons: [...reasons.values()].sort((a, b) => b.runs - a.runs).map(inWords),
  };
}

/** The same reason of several runs. */
interface CountedReason {
  readonly what: string;
  readonly runs: number;
  readonly least: number;
  readonly most: number;
}

/** "3 releases lost" → 3 and "releases lost"; a reason without a number counts 0. */
function counted(reason: string): { count: number; what: string } {
  const match = /^(\d+) (.*)$/.exec(reason);
  return match ? { count: Number(match[1]), what: match[2] ?? '' } : { count: 0, what: reason };
}

function inWords({ what, least, most }: CountedReason): string {
  if (most === 0) return what;
  return least === most ? `${most} ${what}` : `${least} to ${most} ${what}`;
}

const DEFAULT_WIDTH = 100;

/** At most `width` columns, as long as a scenario's name and a sign for each strategy fit in. The reasons are listed below. */
export function renderTable(
  results: readonly RunResult[],
  colour: boolean,
  width: number = DEFAULT_WIDTH,
): string {
  const rows = matrix(results);
  const strategies = [...new Set(results.map((result) => result.strategy))];
  const names = ['', ...rows.keys(), SURVIVED];
  const layouts = LAYOUTS.map((layout) => [names, ...columnsOf(rows, strategies, layout)]);
  const columns = layouts.find((candidate) => widthOf(candidate) <= width) ?? layouts.at(-1) ?? [];
  const table = new Table({
    chars: BORDERLESS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const index of names.keys()) {
    table.push(columns.map((column) => (colour ? painted(column[index]) : column[index]) ?? ''));
  }
  const numbered = columns === layouts.at(-1);
  return [
    trimLines(table.toString()),
    numbered ? legend(strategies, width) : '',
    failures(rows, strategies, colour, width),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

const SURVIVED = 'scenarios survived';
const COLUMN_GAP = '  ';
const BORDERLESS = {
  ...Object.fromEntries(
    'top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right right-mid'
      .split(' ')
      .map((name) => [name, '']),
  ),
  middle: COLUMN_GAP,
};

interface Layout {
  readonly head: (strategy: string, index: number) => string;
  readonly cell: (cell: Cell) => string;
  readonly score: (kept: number, played: number) => string;
}

/** Strategies by name, by name broken at its hyphens, or by number with a legend. */
const LAYOUTS: readonly Layout[] = [
  { head: (name) => name, cell: withShare, score: (kept, played) => `${kept}/${played}` },
  {
    head: (name) => name.replaceAll('-', '-\n'),
    cell: withShare,
    score: (kept, played) => `${kept}/${played}`,
  },
  {
    head: (_, index) => String(index + 1),
    cell: ({ failed }) => (failed === 0 ? OK : FAILED),
    score: (kept) => String(kept),
  },
];

const OK = 'ok';
const FAILED = '✗';

function withShare({ runs, failed }: Cell): string {
  if (failed === 0) return OK;
  return runs === 1 ? FAILED : `${FAILED} ${failed}/${runs}`;
}

/** Head, a cell a scenario, score. */
function columnsOf(rows: Matrix, strategies: readonly string[], layout: Layout): string[][] {
  return strategies.map((strategy, index) => {
    const cells = [...rows.values()].map((row) => row.get(strategy));
    const played = cells.filter((cell) => cell !== undefined);
    const kept = played.filter(({ failed }) => failed === 0).length;
    return [
      layout.head(strategy, index),
      ...cells.map((cell) => (cell ? layout.cell(cell) : '')),
      layout.score(kept, played.length),
    ];
  });
}

function widthOf(columns: readonly (readonly string[])[]): number {
  const widths = columns.map((column) => longest(column.flatMap((text) => text.split('\n'))));
  return widths.reduce((sum, width) => sum + width + COLUMN_GAP.length, -COLUMN_GAP.length);
}

function painted(text: string | undefined): string | undefined {
  if (text === OK) return paint(text, 32, true);
  return text?.startsWith(FAILED) ? paint(text, 31, true) : text;
}

function legend(strategies: readonly string[], width: number): string {
  const entries = strategies.map((name, index) => `${index + 1} ${name}`);
  return wrap(entries, COLUMN_GAP, width, '');
}

/** A line a failing cell, by strategy. */
function failures(
  rows: Matrix,
  strategies: readonly string[],
  colour: boolean,
  width: number,
): string {
  const scenarioWidth = longest([...rows.keys()]);
  const blocks = strategies.map((strategy) => {
    const lines = [...rows].flatMap(([scenario, row]) => {
      const cell = row.get(strategy);
      if (!cell || cell.failed === 0) return [];
      const label = `  ${scenario.padEnd(scenarioWidth)}${COLUMN_GAP}`;
      const share = cell.failed < cell.runs ? [`${cell.failed} of ${cell.runs} runs`] : [];
      const reasons = [...share, ...cell.reasons.slice(0, REASONS_SHOWN)];
      return [label + wrap(reasons, '; ', width - label.length, ' '.repeat(label.length))];
    });
    if (lines.length === 0) return '';
    return [paint(`${strategy} failed:`, 31, colour), ...lines].join('\n');
  });
  return blocks.filter((block) => block !== '').join('\n');
}

const REASONS_SHOWN = 3;

/** Joins the parts, in lines of `width` columns where they allow it. */
function wrap(parts: readonly string[], separator: string, width: number, indent: string): string {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    const joined = `${last}${separator}${part}`;
    if (last !== undefined && joined.length <= width) lines[lines.length - 1] = joined;
    else lines.push(part);
  }
  return lines.join(`${separator.trimEnd()}\n${indent}`);
}

function longest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => text.length));
}

function trimLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

function paint(text: string, code: number, colour: boolean): string {
  return colour ? `\u001b[${code}m${text}\u001b[0m` : text;
}
