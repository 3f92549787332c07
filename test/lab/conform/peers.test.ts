/** What is kept of the peers, and the table made of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CASES } from '../../../lab/conform/cases/cases.ts';
import { DOCUMENT, documentWithResults } from '../../../lab/conform/peers/document.ts';
import {
  mergeResults,
  type PeerCase,
  type PeerResults,
} from '../../../lab/conform/peers/results.ts';
import { PEERS } from '../../../lab/conform/peers/peers.ts';
import { peersMarkdown } from '../../../lab/conform/peers/table.ts';
import { projectRoot } from '../../../lab/kernel/project.ts';
import type { Verdict } from '../../../lab/conform/result.ts';

const [first, second, third] = CASES.map(({ name }) => name) as [string, string, string];

function played(name: string, result: Verdict, detail = ''): PeerCase {
  return { name, result, detail, durationMs: 1, patienceMs: 5000 };
}

function results(cases: readonly PeerCase[], version = '1.0'): PeerResults {
  return { schema: 1, peer: 'sway', versions: { sway: version }, devices: 'Linux 6.12.1', cases };
}

test('a sitting replaces the cases it played, in the suite’s order', () => {
  const before = results([played(first, 'pass'), played(third, 'fail', 'old')]);
  const now = results([played(third, 'pass'), played(second, 'pass')]);
  const merged = mergeResults(before, now);
  expect(merged.cases.map(({ name, result }) => [name, result])).toEqual([
    [first, 'pass'],
    [second, 'pass'],
    [third, 'pass'],
  ]);
});

test('played again, a case keeps its earlier attempts', () => {
  const before = results([played(first, 'pass'), played(second, 'fail', 'late')]);
  const once = mergeResults(before, results([played(second, 'pass')]), true);
  expect(once.cases[1]).toMatchObject({ result: 'fail', detail: 'late (failed 1 of 2 times)' });
  const twice = mergeResults(once, results([played(second, 'pass')]), true);
  expect(twice.cases[1]).toMatchObject({ result: 'pass', detail: '(failed 1 of 3 times: late)' });
  expect(twice.cases[1]?.attempts?.map(({ result }) => result)).toEqual(['fail', 'pass', 'pass']);
});

test('results of another version are not mixed with these', () => {
  const merged = mergeResults(
    results([played(first, 'fail', 'old')]),
    results([played(second, 'pass')], '1.1'),
  );
  expect(merged.cases.map(({ name }) => name)).toEqual([second]);
});

test('a case the suite no longer has is dropped', () => {
  const merged = mergeResults(results([played('no-such-case', 'pass')]), results([]));
  expect(merged.cases).toEqual([]);
});

test('the table tells each verdict, how often it fell, and what was seen', () => {
  const attempts = [
    played(second, 'fail', 'wl_display@1: error 2'),
    played(second, 'pass'),
    played(second, 'fail', 'the compositor was killed by SIGABRT (last line: 00:00:01.002 `oops`)'),
  ];
  const failed = { ...played(second, 'fail', 'summed up'), failure: 'ended' as const, attempts };
  const markdown = peersMarkdown([
    results([played(first, 'pass'), failed, played(third, 'skip', 'no GPU')]),
  ]);
  const row = (name: string): string =>
    markdown.split('\n').find((line) => line.startsWith(`| \`${name}\``)) ?? '';
  expect(row(first)).toMatch(/\| pass +\|$/);
  expect(row(second)).toMatch(/\| \*\*ended\*\* \(2 of 3\) \|$/);
  expect(row(third)).toMatch(/\| – +\|$/);
  expect(markdown).toContain('sway 1.0');
  expect(markdown).toContain(
    '`wl_display: error 2` or `the compositor was killed by SIGABRT (last line: ’oops’)`, 2 of 3 times',
  );
});

test('each peer can be started, and its packages are in the Debian made for it', () => {
  const script = (name: string): string =>
    readFileSync(join(projectRoot, 'lab', 'conform', 'peers', name), 'utf8');
  const [start, root] = [script('start.sh'), script('root.sh')];
  for (const { name, packages } of PEERS) {
    expect(start).toMatch(new RegExp(`^${name}\\)`, 'm'));
    const [compositor] = packages;
    if (compositor !== undefined) expect(root).toMatch(new RegExp(`\\s${compositor}\\s`));
  }
});

test('the guide’s table is the one made of the kept results', () => {
  expect(readFileSync(DOCUMENT, 'utf8')).toBe(documentWithResults());
});
