/** Finds protocol XML: the fetched cache, then what the system's packages installed. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import type { FetchedPackages } from './fetch.ts';

/** One XML file at hand. */
export interface XmlSource {
  readonly path: string;
  /** Its path below /usr/share, the same wherever it was found; the path itself for one named by the user. */
  readonly name: string;
  readonly text: string;
  /** Of the text, hexadecimal. */
  readonly sha256: string;
  /** `wayland-protocols 1.49-1`, or `file` for one named by the user. */
  readonly origin: string;
}

const SYSTEM_SHARE = '/usr/share';
/** In this order, an interface defined twice means the more mature one. */
const STAGES = ['stable', 'staging', 'unstable'];

/** Reads one file. Throws what fs throws. */
export function readSource(path: string, name: string = path, origin = 'file'): XmlSource {
  const text = readFileSync(path, 'utf8');
  return { path, name, text, origin, sha256: createHash('sha256').update(text).digest('hex') };
}

/** wayland.xml and all of wayland-protocols in the cache folder (see fetch.ts); empty when there is none. */
export function cachedSources(cache: string): XmlSource[] {
  const versionsFile = join(cache, 'packages.json');
  if (!existsSync(versionsFile)) return [];
  const versions = JSON.parse(readFileSync(versionsFile, 'utf8')) as FetchedPackages;
  return shareSources(join(cache, 'share'), (name) => versions[name]);
}

/** The same of /usr/share. */
export function installedSources(): XmlSource[] {
  return shareSources(SYSTEM_SHARE, installedVersion);
}

/** wayland-scanner: the system's, else the cache's; undefined when neither is there. */
export function findWaylandScanner(cache: string): string | undefined {
  return ['/usr/bin/wayland-scanner', join(cache, 'bin/wayland-scanner')].find(existsSync);
}

function shareSources(share: string, versionOf: (name: string) => string | undefined): XmlSource[] {
  const core = join(share, 'wayland', 'wayland.xml');
  const found: XmlSource[] = [];
  const origin = (name: string): string => `${name} ${versionOf(name) ?? 'of unknown version'}`;
  if (existsSync(core))
    found.push(readSource(core, relative(share, core), origin('libwayland-dev')));
  const protocols = STAGES.flatMap((stage) => xmlBelow(join(share, 'wayland-protocols', stage)));
  if (protocols.length === 0) return found;
  const protocolsOrigin = origin('wayland-protocols');
  return [
    ...found,
    ...protocols.map((path) => readSource(path, relative(share, path), protocolsOrigin)),
  ];
}

function xmlBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.xml'))
    .map((path) => join(folder, path))
    .toSorted((a, b) => (basename(a) < basename(b) ? -1 : 1));
}

function installedVersion(name: string): string | undefined {
  try {
    const args = ['-W', '-f', '${Version}', name];
    return execFileSync('dpkg-query', args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    // Not Debian, or not from a package: the XML counts all the same.
    return undefined;
  }
}
