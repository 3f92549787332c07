/** The bundle that set-up makes, and small ones. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { Bundle, writeBundle } from '../../../cli/bundle/bundle.ts';
import { moduleText } from '../../../cli/bundle/module-text.ts';

const DIST = fileURLToPath(new URL('../../../dist', import.meta.url));
const CLI = fileURLToPath(new URL('../../../cli/syncline.mjs', import.meta.url));

// Sets up what has changed since.
beforeAll(() => {
  expect(spawnSync(process.execPath, [CLI, '--version']).status).toBe(0);
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'syncline-bundle-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function open(sources: Readonly<Record<string, string>>): Bundle {
  const file = join(folder, 'x.bundle');
  const resolve = (specifier: string): string => specifier.replace(/^\.\//, '');
  const modules = Object.entries(sources).map(([name, source]) => ({
    name,
    text: moduleText(source, resolve).text,
  }));
  writeBundle(file, modules);
  const bundle = Bundle.open(file);
  if (!bundle) throw new Error('it is not there');
  return bundle;
}

/** Runs a script of ours in a Node of its own. */
function inNode(script: string): string {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', script],
    {
      encoding: 'utf8',
      env: { ...process.env, XDG_RUNTIME_DIR: folder },
    },
  );
  expect(status, stderr).toBe(0);
  return stdout;
}

test('there is no bundle where there is no file', () => {
  expect(Bundle.open(join(folder, 'none'))).toBeUndefined();
});

test('a module runs once, when first asked for', () => {
  const bundle = open({
    'a.js': `import { made } from './b.js';\nimport { sep } from 'node:path';\nmade.push(sep);\nexport const list = made;\n`,
    'b.js': `export const made = [];\n`,
  });
  expect(bundle.require('a.js')).toEqual({ list: ['/'] });
  expect(bundle.require('b.js')).toEqual({ made: ['/'] });
});

test('an error names the line of the module', () => {
  const bundle = open({
    'a.js': `\nexport function fail() {\n  throw new Error('on purpose');\n}\n`,
  });
  const { fail } = bundle.require('a.js');
  // It is what the text says.
  expect(fail as () => void).toThrow(
    expect.objectContaining({ stack: expect.stringContaining(`${folder}/a.js:3:`) }),
  );
});

test('modules in a circle are refused', () => {
  const bundle = open({
    'a.js': `import { b } from './b.js';\nexport const a = b;\n`,
    'b.js': `import { a } from './a.js';\nexport const b = a;\n`,
  });
  expect(() => bundle.require('a.js')).toThrow('a.js imports itself in a circle');
});

test('a recorded module runs from the code that was kept', () => {
  const file = join(folder, 'x.bundle');
  const first = open({ 'a.js': `export const a = 1;\n`, 'b.js': `export const b = 2;\n` });
  first.require('a.js');
  const recorded = first.recorded();
  expect(recorded.map(({ codeCache }) => codeCache !== undefined)).toEqual([true, false]);
  writeBundle(file, recorded);
  const second = Bundle.open(file);
  expect(second?.require('a.js')).toEqual({ a: 1 });
  expect(second?.require('b.js')).toEqual({ b: 2 });
  expect(second?.refusedCaches).toBe(0);
});

test('code of another V8 is compiled anew', () => {
  const file = join(folder, 'x.bundle');
  const first = open({ 'a.js': `export const a = 1;\n` });
  first.require('a.js');
  const foreign = first.recorded().map(({ name, text, codeCache }) => ({
    name,
    text,
    codeCache: new Uint8Array(codeCache ?? []).fill(7, 0, 16),
  }));
  writeBundle(file, foreign);
  const script = `
    const { Bundle } = await import('${DIST}/cli/bundle/bundle.js');
    const bundle = Bundle.open('${file}');
    console.log(bundle.require('a.js').a, bundle.refusedCaches);`;
  expect(inNode(script)).toBe('1 1\n');
});

test('every module of the compositor exports from the bundle what it exports without', () => {
  const script = `
    const { Bundle } = await import('${DIST}/cli/bundle/bundle.js');
    const bundle = Bundle.open('${DIST}/compositor.bundle');
    const names = bundle.recorded().map(({ name }) => name);
    let same = 0;
    for (const name of names) {
      const bundled = Object.entries(bundle.require(name));
      const plain = await import('${DIST}/' + name);
      const wrong = bundled.some(([key, value]) => value === undefined || typeof plain[key] !== typeof value);
      if (wrong || bundled.length !== Object.keys(plain).length) throw new Error(name);
      same++;
    }
    console.log(same);`;
  expect(Number(inNode(script))).toBeGreaterThan(300);
});

test('`syncline compositor` runs from it, with all the code that was kept', () => {
  const script = `
    const { Bundle } = await import('${DIST}/cli/bundle/bundle.js');
    const { open } = Bundle;
    let opened;
    Bundle.open = (file) => (opened = open.call(Bundle, file));
    process.argv.push('syncline', 'compositor', '--gpus', 'none', '--', 'true');
    await import('${CLI}');
    console.log(process.exitCode, opened.refusedCaches);`;
  expect(inNode(script)).toBe('0 0\n');
});
