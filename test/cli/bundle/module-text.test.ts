/** What tsc writes, turned into a function. */
import { runInThisContext } from 'node:vm';
import { expect, test } from 'vitest';
import { moduleText, type ModuleText } from '../../../cli/bundle/module-text.ts';
import type { ModuleExports } from '../../../cli/bundle/bundle.ts';

type Run = (
  require: (name: string) => ModuleExports,
  importModule: (name: string) => Promise<ModuleExports>,
  url: () => string,
) => ModuleExports;

const OTHERS: Readonly<Record<string, ModuleExports>> = {
  'at ./a.js': { one: 1, two: 2 },
  'at node:fs': { read: 'read' },
};

function text(source: string): ModuleText {
  return moduleText(source, (specifier) => `at ${specifier}`);
}

function run(source: string): ModuleExports {
  // An expression of our own making.
  const module = runInThisContext(text(source).text) as Run;
  const require = (name: string): ModuleExports => OTHERS[name] ?? {};
  return module(
    require,
    async (name) => require(name),
    () => 'file:///m.js',
  );
}

test('names are imported, renamed or not, over several lines', () => {
  const source = `import { one } from './a.js';\nimport {\n  two as second,\n} from "./a.js";\nexport const sum = one + second;\n`;
  expect(run(source)).toEqual({ sum: 3 });
});

test('what is imported is told, static and dynamic', () => {
  const source = `import 'x';\nimport { a } from './a.js';\nexport const later = () => import('./b.js');\n`;
  expect(text(source)).toMatchObject({
    imports: ['at x', 'at ./a.js'],
    dynamicImports: ['at ./b.js'],
  });
});

test('declarations of every kind are exported', () => {
  const source = `export class A {}\nexport const b = 1;\nexport function c() {}\nexport async function d() {}\nexport function* e() {}\nexport {};\n`;
  expect(Object.keys(run(source))).toEqual(['A', 'b', 'c', 'd', 'e']);
});

test('lists are exported, of this module and of others', () => {
  const source = `const x = 5;\nexport { x as y, x };\nexport { one, two as second } from './a.js';\n`;
  expect(run(source)).toEqual({ y: 5, x: 5, one: 1, second: 2 });
});

test('a dynamic import resolves to the exports', async () => {
  const { later } = run(`export const later = () => import('./a.js');\n`);
  // It is what the text says.
  await expect((later as () => Promise<unknown>)()).resolves.toEqual({ one: 1, two: 2 });
});

test('a method called import is none', () => {
  expect(run(`export const made = { import: (x) => x }.import('./a.js');\n`)).toEqual({
    made: './a.js',
  });
});

test('import.meta.url is where the module lies', () => {
  expect(run(`export const here = import.meta.url;\n`)).toEqual({ here: 'file:///m.js' });
});

test('text outside of ASCII means the same', () => {
  const made = text(`// “quoted”\nexport const s = 'é – 😀' + \`×\`;\n`);
  expect(made.text).toMatch(/^[\0-\x7f]*$/);
  expect(run(`// “quoted”\nexport const s = 'é – 😀' + \`×\`;\n`)).toEqual({ s: 'é – 😀×' });
});

test('lines stay where they are', () => {
  const source = `import {\n  one,\n} from './a.js';\nexport const two = one;\n`;
  expect(
    text(source)
      .text.split('\n')
      .findIndex((line) => line.includes('const two')),
  ).toBe(3);
});

test.each([
  `export default 1;\n`,
  `export let a = 1;\n`,
  `export * from './a.js';\n`,
  `import a from './a.js';\n`,
  `import * as a from './a.js';\n`,
  `export const { a } = {};\n`,
])('a form it does not know is refused: %s', (source) => {
  expect(() => text(source)).toThrow('is not known');
});
