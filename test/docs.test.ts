/** README and docs/: their programs run as they stand, their command lines are ones the commands take, what they name is there. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { COMMANDS } from '../cli/main.ts';
import { debianPackages } from './support/debian.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const GUIDES = [
  'README.md',
  'CONTRIBUTING.md',
  'ARCHITECTURE.md',
  ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`),
];
const LIMIT_MS = 120_000;
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'syncline-docs-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function read(guide: string): string {
  return readFileSync(join(ROOT, guide), 'utf8');
}

/** The fenced blocks of a guide in this language. */
function blocks(guide: string, language: string): string[] {
  const fences = read(guide).matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'));
  return [...fences].map(([, text = '']) => text);
}

/** What differs between TypeScript as these guides have it and JavaScript. */
function withoutTypes(program: string): string {
  return program
    .replaceAll(/^import type .*\n/gm, '')
    .replaceAll(/^export /gm, '')
    .replaceAll(/ as const/g, '')
    .replaceAll(/(const \w+): \w+/g, '$1');
}

/** Runs a program in the project's folder, where "syncline/…" is this package, and gives what it printed. */
async function run(program: string): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { cwd: ROOT });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  await once(child, 'close');
  return output;
}

/** Command lines of the guides' shell blocks, each as its words. */
const commandLines = GUIDES.flatMap((guide) =>
  blocks(guide, 'sh').flatMap((block) =>
    block
      .replaceAll('\\\n', ' ')
      .split('\n')
      .flatMap((line) => /\bnpx syncline (.*)$/.exec(line)?.[1] ?? [])
      .map((line) => [guide, line] as const),
  ),
);

/** As a shell has it, up to a comment, a pipe, or the quote the whole line stands in. */
function words(line: string): string[] {
  const found: string[] = [];
  for (const [word] of line.matchAll(/'[^']*'|"[^"]*"|[^\s"]+|"/g)) {
    if (/^[#|>;"]$/.test(word) || word.startsWith('#')) break;
    found.push(word.replaceAll(/^'|'$|^"|"$/g, ''));
  }
  return found;
}

test.each(commandLines)('%s: npx syncline %s', async (_, line) => {
  const [name = '', ...args] = words(line);
  const load = COMMANDS[name];
  if (!load) return expect.fail(`no command "${name}"`);
  let rest: string[] = [];
  const command = (await load())
    .exitOverride()
    .configureOutput({ writeErr: () => undefined, writeOut: () => undefined })
    .action((first: unknown) => {
      rest = Array.isArray(first) ? (first as string[]) : [];
    });
  // The strategy that the guide has its reader write.
  const known = args.map((arg) => (arg === 'yours' ? 'failover' : arg));
  await command.parseAsync(known, { from: 'user' }).catch((error: Error & { code?: string }) => {
    if (error.code !== 'commander.helpDisplayed') throw error;
  });
  // An option that stands behind the command a VM or a compositor is to run would be that command's.
  expect(rest[0] ?? '').not.toMatch(/^-/);
});

test('there are command lines to look at', () => {
  expect(commandLines.length).toBeGreaterThan(30);
  expect(new Set(commandLines.map(([, line]) => words(line)[0]))).toEqual(
    new Set(Object.keys(COMMANDS)),
  );
});

test('npm scripts, test files and examples that guides name are there', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  for (const guide of GUIDES) {
    const text = read(guide);
    for (const [, script = ''] of text.matchAll(/npm run ([\w:]+)/g))
      expect(scripts, `${guide}: ${script}`).toHaveProperty([script]);
    for (const [, file = ''] of text.matchAll(
      /\b((?:test|examples|lab|sync|devices|compositor|cli)\/[\w/-]+\.(?:ts|c|md))\b/g,
    ))
      expect(existsSync(join(ROOT, file)), `${guide}: ${file}`).toBe(true);
    for (const [, name = ''] of text.matchAll(/dist\/examples\/([\w-]+)\.js/g))
      expect(existsSync(join(ROOT, 'examples', `${name}.ts`)), `${guide}: ${name}`).toBe(true);
    for (const [, link = ''] of text.matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g))
      expect(existsSync(join(ROOT, dirname(guide), link)), `${guide}: ${link}`).toBe(true);
  }
});

const foot = debianPackages('foot');
test.skipIf(!foot.ok)(
  `README.md: a program is driven in the test's process${foot.ok ? '' : ` (${foot.reason})`}`,
  { timeout: LIMIT_MS },
  async () => {
    const [program = ''] = blocks('README.md', 'ts');
    expect(await run(`${program}\nconsole.log(await app.exited);`)).toMatch(/^7$/m);
  },
);

test(
  'adding-a-scenario.md: the scenario plays, and its report is written',
  { timeout: LIMIT_MS },
  async () => {
    const [scenario = '', report = ''] = blocks('docs/adding-a-scenario.md', 'ts').map(
      withoutTypes,
    );
    const file = join(folder, 'report.html');
    const program = `
    import { createSimulatedWorld, renderReport, runScenario, TimelineSelection } from 'syncline/lab';
    import { writeFileSync } from 'node:fs';
    ${scenario}
    const [strategy, seed, results] = ['failover', 1, []];
    const world = await createSimulatedWorld({ strategy, seed });
    ${report.replace('scenario, seed', 'scenario: dockPulledTwice, seed').replace("'report.html'", JSON.stringify(file))}
    console.log(results.map(({ scenario, ok }) => [scenario, ok]).join());`;
    expect(await run(program)).toBe('dock-pulled-twice,true\n');
    expect(readFileSync(file, 'utf8')).toContain('dock-pulled-twice');
  },
);

test(
  'adding-a-strategy.md: a strategy of one’s own plays all scenarios',
  { timeout: LIMIT_MS },
  async () => {
    const [program = ''] = blocks('docs/adding-a-strategy.md', 'ts');
    const mine = `
    import { strategyByName } from 'syncline/sync';
    const mine = { ...strategyByName('failover'), name: 'mine' };`;
    expect(await run(`${mine}\n${program}`)).toMatch(/scenarios survived +(\d+)\/\1\n/);
  },
);

test('adding-a-device-port.md: the contract is run as the simulated kernel’s is', () => {
  const [lines = ''] = blocks('docs/adding-a-device-port.md', 'ts');
  const folded = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
  expect(folded(read('test/devices/contract.test.ts'))).toContain(folded(lines));
});

test('examples run compiled, as README.md has it', { timeout: LIMIT_MS }, async () => {
  const child = spawn(process.execPath, ['dist/examples/wait-for-a-point.js'], { cwd: ROOT });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(output).toContain('point 1: signalled');
});
