/** The committed bindings are what the scanner makes of the XML they name, and users' XML compiles against them. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { manifest } from '../../../protocols/generated/manifest.ts';
import { checkAll, scanAll, scanUserXml } from '../../../protocols/scanner/main.ts';
import { readSource, type XmlSource } from '../../../protocols/scanner/sources.ts';
import { xmlAtHand } from './xml-at-hand.ts';

const PROJECT = fileURLToPath(new URL('../../..', import.meta.url));
const GENERATED = join(PROJECT, 'protocols/generated');
const { sources, missing } = xmlAtHand();
const skip = sources.length === 0;
const because = skip ? ` — skipped: ${missing}` : '';
let folder = '';

beforeEach(() => {
  // Inside the project, so that `syncline/…` means the package itself.
  mkdirSync(join(PROJECT, '.cache'), { recursive: true });
  folder = mkdtempSync(join(PROJECT, '.cache/scan-test-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The XML of the manifest, as far as it is at hand. */
function exactSources(): XmlSource[] {
  return manifest.flatMap((entry) => sources.find(({ sha256 }) => sha256 === entry.sha256) ?? []);
}

test.skipIf(skip)(`committed bindings are up to date${because}`, async ({ annotate }) => {
  const result = checkAll(sources, GENERATED, manifest);
  await annotate(
    `${result.compared} of ${manifest.length} protocols compared; other XML: ${result.otherXml.length}, none: ${result.withoutXml.length}`,
  );
  expect(result.outdated).toEqual([]);
  expect(result.compared + result.otherXml.length).toBeGreaterThan(0);
});

test.skipIf(skip)(`the check names changed, missing and stray files${because}`, () => {
  cpSync(GENERATED, folder, { recursive: true });
  const [entry] = manifest.filter(({ sha256 }) =>
    sources.some((source) => source.sha256 === sha256),
  );
  const base = (entry?.protocol ?? '').replaceAll('_', '-');
  writeFileSync(join(folder, `${base}.server.ts`), '// changed\n');
  rmSync(join(folder, `${base}.client.ts`));
  writeFileSync(join(folder, 'stray.server.ts'), '');
  expect(checkAll(sources, folder, manifest).outdated).toEqual([
    `${base}.server.ts`,
    `${base}.client.ts`,
    'stray.server.ts',
  ]);
});

test.skipIf(skip)(
  `other XML than the bindings were made from is told, not failed${because}`,
  () => {
    const moved = sources.map((source) => ({ ...source, sha256: 'other' }));
    const names = new Set(moved.map(({ name }) => name));
    const result = checkAll(moved, GENERATED, manifest);
    expect(result).toMatchObject({ outdated: [], compared: 0 });
    expect(result.otherXml).toHaveLength(manifest.filter(({ xml }) => names.has(xml)).length);
  },
);

test.skipIf(skip)(`scanning all again changes nothing${because}`, () => {
  const exact = exactSources();
  if (exact.length < manifest.length) {
    // Bindings of a part refer to interfaces that this part lacks.
    expect(checkAll(sources, GENERATED, manifest).outdated).toEqual([]);
    return;
  }
  const { written, warnings } = scanAll(exact, folder);
  expect(warnings).toEqual([]);
  for (const name of written) {
    expect(readFileSync(join(folder, name), 'utf8'), name).toBe(
      readFileSync(join(GENERATED, name), 'utf8'),
    );
  }
});

test('every argument kind of users’ XML compiles, with references to our protocols', () => {
  const xml = join(PROJECT, 'test/protocols/scanner/every-kind.xml');
  const { written, warnings } = scanUserXml([xml], {
    out: folder,
    extension: 'js',
    known: manifest,
  });
  expect(warnings).toEqual([]);
  expect(written).toEqual([
    'every-kind.interfaces.ts',
    'every-kind.server.ts',
    'every-kind.client.ts',
  ]);
  const server = readFileSync(join(folder, 'every-kind.server.ts'), 'utf8');
  expect(server).toContain("from 'syncline/protocols/wayland.server'");
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: join(PROJECT, 'tsconfig.json'),
      compilerOptions: { composite: false, noEmit: true, rewriteRelativeImportExtensions: false },
      include: ['*.ts'],
    }),
  );
  const tsc = join(PROJECT, 'node_modules/.bin/tsc');
  expect(existsSync(join(PROJECT, 'dist/protocols/wire/reader.d.ts')), 'the project is built').toBe(
    true,
  );
  const { status, stdout } = spawnSync(tsc, ['-p', folder], { encoding: 'utf8' });
  expect(stdout).toBe('');
  expect(status).toBe(0);
}, 60_000);

test('users’ XML with errors writes nothing', () => {
  const xml = join(folder, 'bad.xml');
  writeFileSync(xml, '<protocol name="bad">\n<interface name="i" version="1"/>\n</protocol>\n');
  const out = join(folder, 'out');
  expect(() => scanUserXml([xml], { out, extension: 'js', known: manifest })).toThrow(
    `${xml}:2:1: interface i has no request, event or enum`,
  );
  expect(existsSync(out)).toBe(false);
  expect(readSource(xml)).toMatchObject({ name: xml, origin: 'file' });
});
