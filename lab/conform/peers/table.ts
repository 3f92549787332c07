/** The kept results as Markdown: who passes what, and what was seen where somebody does not. */
import { CASES } from '../cases/cases.ts';
import type { Attempt, Failure, Verdict } from '../result.ts';
import { PEERS } from './peers.ts';
import type { PeerCase, PeerResults } from './results.ts';

const WORDS: Readonly<Record<Failure | Exclude<Verdict, 'fail'>, string>> = {
  pass: 'pass',
  skip: '–',
  wrong: '**fail**',
  stuck: '**stuck**',
  killed: '**killed**',
  ended: '**ended**',
};
/** Not played (yet). */
const NOT_PLAYED = '';

/** A line about each peer, a table of all cases, and the failures of each peer with what was seen. */
export function peersMarkdown(all: readonly PeerResults[]): string {
  return [subjects(all), verdicts(all), ...all.map(failures)]
    .filter((part) => part !== '')
    .join('\n\n');
}

function subjects(all: readonly PeerResults[]): string {
  const rows = all.map(({ peer, versions, devices, cases }) => [
    peer,
    PEERS.find(({ name }) => name === peer)?.setting ?? '',
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ') || 'this checkout',
    devices,
    ...(['pass', 'fail', 'skip'] as const).map(
      (verdict) => `${cases.filter(({ result }) => result === verdict).length}`,
    ),
  ]);
  return table(['compositor', 'how', 'of', 'on', 'pass', 'fail', 'skip'], rows);
}

function verdicts(all: readonly PeerResults[]): string {
  const rows = CASES.map(({ name }) => [
    `\`${name}\``,
    ...all.map(({ cases }) => verdictOf(cases.find((candidate) => candidate.name === name))),
  ]);
  return table(['case', ...all.map(({ peer }) => peer)], rows);
}

/** "**stuck**", with how often when not each time. */
function verdictOf(played: PeerCase | undefined): string {
  if (!played) return NOT_PLAYED;
  const { attempts = [] } = played;
  const failed = failedOf(attempts);
  const often = failed > 0 && failed < attempts.length ? ` (${failed} of ${attempts.length})` : '';
  const { result, failure = 'wrong' } = played;
  return `${WORDS[result === 'fail' ? failure : result]}${often}`;
}

function failures({ peer, cases }: PeerResults): string {
  const failed = cases.filter(({ result }) => result === 'fail');
  if (failed.length === 0) return '';
  const lines = failed.map((played) => {
    const rule = CASES.find(({ name }) => name === played.name);
    const source = rule?.source === undefined ? '' : ` [\`${rule.source}\`]`;
    return `- \`${played.name}\`${source}: ${seen(played)}`;
  });
  return `**${peer}** fails:\n\n${lines.join('\n')}`;
}

/** Different ends of one case are all told: an unplug does not always take the same course. */
function seen({ detail, attempts }: PeerCase): string {
  if (!attempts) return code(detail);
  const count = `${failedOf(attempts)} of ${attempts.length} times`;
  const details = new Set(
    attempts.filter(({ result }) => result === 'fail').map((attempt) => withoutIds(attempt.detail)),
  );
  return `${[...details].map(code).join(' or ')}, ${count}`;
}

function failedOf(attempts: readonly Attempt[]): number {
  return attempts.filter(({ result }) => result === 'fail').length;
}

/** Object ids and log times differ from run to run. */
function withoutIds(detail: string): string {
  return detail.replaceAll(/@\d+/g, '').replaceAll(/\b\d\d:\d\d:\d\d\.\d+ /g, '');
}

/** Messages of compositors may contain anything: nothing in here is Markdown. */
function code(text: string): string {
  return `\`${text.replaceAll('`', '’').replaceAll('\n', ' ')}\``;
}

/** Columns as wide as their widest cell, as the formatter has them. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
