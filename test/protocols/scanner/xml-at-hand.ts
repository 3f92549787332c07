/** The protocol XML and the official scanner that tests compare with: fetched once into .cache/, else what is installed. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fetchProtocols } from '../../../protocols/scanner/fetch.ts';
import { FetchError } from '../../../protocols/scanner/sid-packages.ts';
import {
  cachedSources,
  findWaylandScanner,
  installedSources,
  type XmlSource,
} from '../../../protocols/scanner/sources.ts';

const CACHE = fileURLToPath(new URL('../../../.cache/protocols', import.meta.url));

export interface XmlAtHand {
  /** Each text once, whether fetched, installed or both. */
  readonly sources: readonly XmlSource[];
  readonly scanner: string | undefined;
  /** Why something is missing; empty when nothing is. */
  readonly missing: string;
}

/** Fetches what was never fetched here. Never throws for what the machine lacks. */
export function xmlAtHand(): XmlAtHand {
  let problem = '';
  if (!existsSync(CACHE)) {
    try {
      // Other test files may be at it too.
      fetchProtocols(CACHE, { replace: false });
    } catch (error) {
      if (!(error instanceof FetchError)) throw error;
      problem = ` (${error.message})`;
    }
  }
  const all = [...cachedSources(CACHE), ...installedSources()];
  const sources = all.filter(
    ({ sha256 }, index) => all.findIndex((other) => other.sha256 === sha256) === index,
  );
  const scanner = findWaylandScanner(CACHE);
  return { sources, scanner, missing: missingOf(sources, scanner, problem) };
}

function missingOf(
  sources: readonly XmlSource[],
  scanner: string | undefined,
  problem: string,
): string {
  if (sources.length === 0) return `no protocol XML installed or to be fetched${problem}`;
  if (scanner === undefined) {
    return `no wayland-scanner: apt-get install libwayland-bin${problem}`;
  }
  const { status, stderr } = spawnSync(scanner, ['--version'], { encoding: 'utf8' });
  return status === 0 ? '' : `wayland-scanner does not run here: ${stderr.trim()}`;
}
