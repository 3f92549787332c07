/** What `syncline scan` does: users' own XML into a folder, or all of ours into protocols/generated/. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ScanError, type Diagnostic } from './diagnostic.ts';
import { emitManifest, manifestEntry, type ManifestEntry } from './manifest.ts';
import { OWN_MODULES, userModules } from './module-names.ts';
import { emit, fileNames, scan, type GeneratedFile } from './scan.ts';
import { readSource, type XmlSource } from './sources.ts';

/** Names of the files written, and what the user should see. */
export interface ScanResult {
  readonly written: readonly string[];
  readonly warnings: readonly Diagnostic[];
}

/** How users' XML is scanned. */
export interface UserScanOptions {
  /** The folder for the bindings; made when missing. */
  readonly out: string;
  /** How the bindings import each other: `./a.client.js` suits tsc, `./a.client.ts` programs that run TypeScript as it is. */
  readonly extension: 'js' | 'ts';
  /** The manifest of this package: references to its protocols become imports from the package. */
  readonly known: readonly ManifestEntry[];
}

/** Scans users' XML. Throws ScanError for what is wrong in it or cannot be read, and what fs throws when it cannot write. */
export function scanUserXml(
  paths: readonly string[],
  { out, extension, known }: UserScanOptions,
): ScanResult {
  const { protocols, table, warnings } = scan(paths.map(readUserSource), known);
  const modules = userModules(new Set(protocols.map(({ name }) => name)), extension);
  const files = protocols.flatMap((protocol) => emit(protocol, table, modules));
  return { written: write(out, files), warnings };
}

function readUserSource(path: string): XmlSource {
  try {
    return readSource(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const position = { file: path, line: 1, column: 1 };
    throw new ScanError([{ severity: 'error', position, message: `cannot be read (${code})` }]);
  }
}

/** Makes the folder `generated` anew from `sources`; files of protocols that are no longer among them go. Throws as {@link scanUserXml}. */
export function scanAll(sources: readonly XmlSource[], generated: string): ScanResult {
  const { protocols, table, warnings } = scan(sources, []);
  const entries = protocols.flatMap((protocol, index) => {
    const source = sources[index];
    return source === undefined ? [] : [manifestEntry(protocol, source)];
  });
  const files = protocols.flatMap((protocol) => emit(protocol, table, OWN_MODULES));
  files.push({ name: MANIFEST, text: emitManifest(entries) });
  const names = new Set(files.map(({ name }) => name));
  for (const old of filesIn(generated)) {
    if (!names.has(old)) rmSync(join(generated, old));
  }
  return { written: write(generated, files), warnings };
}

/** What {@link checkAll} found. The counts are of protocols. */
export interface CheckResult {
  /** Names of files that are not what the scanner makes of the XML, are missing, or belong to no protocol. */
  readonly outdated: readonly string[];
  /** Protocols compared: the very XML they were made from is at hand. */
  readonly compared: number;
  /** Protocols of which other XML than they were made from is at hand. */
  readonly otherXml: readonly string[];
  /** Protocols without XML at hand. */
  readonly withoutXml: readonly string[];
  /** XML files at hand that the bindings do not cover. */
  readonly uncovered: readonly string[];
}

/**
 * Compares the folder `generated`, of which `manifest` is part, with what the scanner makes of `sources`. Only XML with the
 * hash of the manifest counts: distributions ship newer and older protocols, and that is no fault of the bindings.
 */
export function checkAll(
  sources: readonly XmlSource[],
  generated: string,
  manifest: readonly ManifestEntry[],
): CheckResult {
  const atHand = manifest.map((entry) => ({
    entry,
    exact: sources.find(({ name, sha256 }) => name === entry.xml && sha256 === entry.sha256),
    other: sources.some(({ name }) => name === entry.xml),
  }));
  const exact = atHand.flatMap((found) => found.exact ?? []);
  const { protocols, table } = scan(exact, manifest);
  const files = protocols.flatMap((protocol) => emit(protocol, table, OWN_MODULES));
  files.push({ name: MANIFEST, text: emitManifest(manifest) });
  const covered = new Set(manifest.map(({ xml }) => xml));
  return {
    outdated: [...differing(files, generated), ...strays(generated, manifest)],
    compared: exact.length,
    otherXml: atHand.flatMap((found) => (!found.exact && found.other ? [found.entry.xml] : [])),
    withoutXml: atHand.flatMap((found) => (!found.exact && !found.other ? [found.entry.xml] : [])),
    uncovered: [...new Set(sources.map(({ name }) => name))].filter((name) => !covered.has(name)),
  };
}

const MANIFEST = 'manifest.ts';

function differing(files: readonly GeneratedFile[], folder: string): string[] {
  return files
    .filter(({ name, text }) => {
      const path = join(folder, name);
      return !existsSync(path) || readFileSync(path, 'utf8') !== text;
    })
    .map(({ name }) => name);
}

function strays(folder: string, manifest: readonly ManifestEntry[]): string[] {
  const expected = new Set(manifest.flatMap(({ protocol }) => fileNames(protocol)));
  return filesIn(folder).filter((name) => name !== MANIFEST && !expected.has(name));
}

function filesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.ts')) : [];
}

function write(folder: string, files: readonly GeneratedFile[]): string[] {
  mkdirSync(folder, { recursive: true });
  // What is the same is not touched: the compiler would build it again.
  const changed = new Set(differing(files, folder));
  for (const { name, text } of files) {
    if (changed.has(name)) writeFileSync(join(folder, name), text);
  }
  return files.map(({ name }) => name);
}
