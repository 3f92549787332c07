/** What the peers did, kept in files: each sitting adds the cases it played. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../kernel/project.ts';
import { CASES } from '../cases/cases.ts';
import { settle, type Attempt, type CaseResult, type ConformReport } from '../result.ts';

/** A case as it is kept: its rule is the suite's. */
export type PeerCase = Attempt & Pick<CaseResult, 'name' | 'attempts'>;

export interface PeerResults {
  readonly schema: 1;
  readonly peer: string;
  /** Versions of Debian packages. */
  readonly versions: Readonly<Record<string, string>>;
  /** As the suite tells of it: "Linux 6.12.117+deb12-amd64 with 2 GPUs". */
  readonly devices: string;
  /** In the suite's order. */
  readonly cases: readonly PeerCase[];
}

const FOLDER = join(projectRoot, 'lab', 'conform', 'peers', 'results');

/** Undefined when nothing was ever played. */
export function readResults(peer: string): PeerResults | undefined {
  const path = pathOf(peer);
  if (!existsSync(path)) return undefined;
  return JSON.parse(readFileSync(path, 'utf8')) as PeerResults;
}

/**
 * Replaces what was kept of the same cases, or with `again` adds to it; of another version or on another kernel everything is replaced.
 */
export function keepResults(
  tested: Pick<PeerResults, 'peer' | 'versions'>,
  report: ConformReport,
  again: boolean,
): PeerResults {
  const { peer, versions } = tested;
  const played: PeerResults = {
    schema: 1,
    peer,
    versions,
    devices: report.devices,
    cases: report.cases.map(({ rule: _rule, basis: _basis, source: _source, ...kept }) => kept),
  };
  const results = mergeResults(readResults(peer), played, again);
  writeFileSync(pathOf(peer), `${JSON.stringify(results, null, 2)}\n`);
  return results;
}

/**
 * See {@link keepResults}. With `again` what was kept of a case and what was played now count as attempts at it. Cases the suite no longer has
 * are dropped.
 */
export function mergeResults(
  before: PeerResults | undefined,
  played: PeerResults,
  again = false,
): PeerResults {
  const cases = new Map<string, PeerCase>();
  const sameSubject =
    before?.devices === played.devices &&
    JSON.stringify(before.versions) === JSON.stringify(played.versions);
  for (const kept of sameSubject ? before.cases : []) cases.set(kept.name, kept);
  for (const now of played.cases) {
    const earlier = again ? cases.get(now.name) : undefined;
    cases.set(now.name, earlier ? joined(earlier, now) : now);
  }
  const ordered = CASES.flatMap(({ name }) => cases.get(name) ?? []);
  return { ...played, cases: ordered };
}

function joined(earlier: PeerCase, now: PeerCase): PeerCase {
  const [first, ...others] = [...attemptsAt(earlier), ...attemptsAt(now)];
  return first ? { name: now.name, ...settle([first, ...others]) } : now;
}

function attemptsAt({ name: _name, attempts, ...once }: PeerCase): readonly Attempt[] {
  return attempts ?? [once];
}

function pathOf(peer: string): string {
  return join(FOLDER, `${peer}.json`);
}
