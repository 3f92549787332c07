/** The bundle that set-up makes, and small ones. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { Bundle, codeFile } from '../../../cli/bundle/bundle.ts';

const DIST = fileURLToPath(new URL('../../../dist', import.meta.url));
const CLI = fileURLToPath(new URL('../../../cli/syncline.mjs', import.meta.url));
const COMPOSITOR = join(DIST, 'bundle', 'compositor.cjs');

// Sets up what has changed since.
beforeAll(() => {
  expect(spawnSync(process.execPath, [CLI, '--version']).status).toBe(0);
});

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'syncline-bundle-test-'));
  file = join(folder, 'x.cjs');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function open(): Bundle {
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
  expect(Bundle.open(file)).toBeUndefined();
});

test('it is CommonJS, in whatever script its characters are', () => {
  writeFileSync(
    file,
    `const { sep } = require('node:path');\nexports.where = [sep, __filename, '×'];`,
  );
  expect(open().run()).toEqual({ where: ['/', file, '×'] });
});

test('an error names the file and its line', () => {
  writeFileSync(file, `\nexports.fail = () => {\n  throw new Error('on purpose');\n};\n`);
  const { fail } = open().run() as { fail: () => void };
  expect(fail).toThrow(expect.objectContaining({ stack: expect.stringContaining(`${file}:3:`) }));
});

test('it runs from the code that was kept', () => {
  writeFileSync(file, `exports.a = 1;\n`);
  const first = open();
  expect(first.hasCode).toBe(false);
  first.run();
  writeFileSync(codeFile(file), first.code());
  const second = open();
  expect(second.hasCode).toBe(true);
  expect(second.run()).toEqual({ a: 1 });
});

test('code of another V8, or cut short, is compiled anew', () => {
  writeFileSync(file, `exports.a = 1;\n`);
  const code = open().code();
  const script = `
    const { Bundle } = await import('${DIST}/cli/bundle/bundle.js');
    const bundle = Bundle.open('${file}');
    console.log(bundle.run().a, bundle.hasCode);`;
  const answers = [code, Buffer.from(code).fill(7, 0, 16), code.subarray(0, 20)].map((kept) => {
    writeFileSync(codeFile(file), kept);
    return inNode(script);
  });
  expect(answers).toEqual(['1 true\n', '1 false\n', '1 false\n']);
});

test('the commands that are not in it are loaded from where they were compiled', () => {
  const imported = [...readFileSync(COMPOSITOR, 'utf8').matchAll(/await import\("(.*?)"\)/g)];
  const paths = imported.map(([, path = '']) => join(dirname(COMPOSITOR), path));
  expect(paths).toContain(join(DIST, 'cli', 'compare.js'));
  expect(paths.filter((path) => !existsSync(path))).toEqual([]);
});

test('`syncline compositor` runs from it, with the code that was kept', () => {
  const script = `
    const { Bundle } = await import('${DIST}/cli/bundle/bundle.js');
    const { open } = Bundle;
    let opened;
    Bundle.open = (file) => (opened = open.call(Bundle, file));
    process.argv.push('syncline', 'compositor', '--gpus', 'none', '--', 'true');
    await import('${CLI}');
    console.log(process.exitCode, opened.hasCode);`;
  expect(inNode(script)).toBe('0 true\n');
});
