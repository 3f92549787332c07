/** The verdicts as a table, each failure with the rule it is about. */
import Table from 'cli-table3';
import type { CaseResult, ConformReport, Verdict } from './result.ts';

const COLOURS: Readonly<Record<Verdict, number>> = { pass: 32, fail: 31, skip: 33 };
const DETAIL_WIDTH = 78;
const NAME_WIDTH = 36;
const VERDICT_WIDTH = 9;

export function renderConformTable(report: ConformReport, colour: boolean): string {
  const table = new Table({
    head: ['case', 'verdict', 'what was seen'],
    style: colour ? {} : { head: [], border: [] },
    colWidths: [NAME_WIDTH, VERDICT_WIDTH, DETAIL_WIDTH],
    wordWrap: true,
    chars: { mid: '', 'mid-mid': '', 'left-mid': '', 'right-mid': '' },
  });
  for (const result of report.cases) {
    table.push([result.name, paint(result.result, colour), detailOf(result)]);
  }
  return `${table.toString()}\n${summary(report)}`;
}

/** "51 pass, 2 fail, 3 skip: weston at wayland-1, no GPU" */
export function summary({ cases, compositor, devices }: ConformReport): string {
  const count = (verdict: Verdict): number =>
    cases.filter(({ result }) => result === verdict).length;
  const counts = (['pass', 'fail', 'skip'] as const).map(
    (verdict) => `${count(verdict)} ${verdict}`,
  );
  return `${counts.join(', ')}: ${compositor}, ${devices}`;
}

function detailOf({ result, detail, rule, source }: CaseResult): string {
  if (result !== 'fail') return detail;
  const origin =
    source === undefined ? 'Expected (the protocol is silent)' : `The protocol’s rule (${source})`;
  return `${detail}\n${origin}: ${rule}`;
}

function paint(verdict: Verdict, colour: boolean): string {
  return colour ? `\u001b[${COLOURS[verdict]}m${verdict}\u001b[0m` : verdict;
}
