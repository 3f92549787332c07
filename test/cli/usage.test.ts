/** The command line as it is typed wrongly, or asked to write where it cannot: told at once, with the exit status README promises. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { COMMANDS, main } from '../../cli/main.ts';
import { writeWhole } from '../../cli/output-file.ts';

const CLI = fileURLToPath(new URL('../../cli/syncline.mjs', import.meta.url));
/** What no option takes. */
const NONSENSE = '?';
let folder = '';
let said = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'syncline-usage-'));
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  said = '';
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      said += String(text);
      return true;
    });
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));
const checked = commands.flatMap((command) =>
  command.options
    .filter(({ parseArg, negate }) => parseArg !== undefined && !negate)
    .map(({ long }) => [command.name(), long ?? ''] as const),
);
/** Those whose values are looked at by the command itself. */
const checkedLater = [
  ['compare', '--strategies'],
  ['compare', '--scenarios'],
  ['compare', '--merge'],
  ['compositor', '--strategy'],
] as const;

test.each([...checked, ...checkedLater])(
  '%s %s with a value it does not take: status 2',
  async (command, option) => {
    expect(await main([command, option, NONSENSE])).toBe(2);
    expect(said).toMatch(/\?|--strategy/);
  },
);

test('every command has a wrong option, and says so', async () => {
  for (const name of Object.keys(COMMANDS)) {
    said = '';
    expect(await main([name, '--no-such-option'])).toBe(2);
    expect(said).toContain('--no-such-option');
  }
});

test.each([
  [['explore', '--seed', '5', '--seeds', '3']],
  [['explore', '--seed', '5', '--minutes', '1']],
  [['compare', '--merge', 'a.json', '--shard', '1/2']],
  [['compare', '--merge', 'a.json', '--strategies', 'failover']],
  [['conform', '--unplug-hook', 'true']],
  [['conform', '--socket', 'a', '--', 'weston']],
])('%j: what does not go together is status 2', async (args) => {
  expect(await main(args)).toBe(2);
});

test.each([
  ['explore', '--json'],
  ['compare', '--json'],
  ['bench', '--json'],
  ['fuzz', '--json'],
  ['conform', '--json'],
  ['conform', '--log'],
  ['kernel', '--console', 'true'],
  ['compositor', '--screenshot', 'true'],
  ['compositor', '--trace', 'true'],
])('%s %s where no file can be: status 3 before any work', async (command, option, ...rest) => {
  const file = join(folder, 'nowhere', 'file');
  expect(await main([command, option, file, ...rest])).toBe(3);
  expect(said).toContain(file);
});

test('a file is written whole, whatever was there; a device stays one', () => {
  const file = join(folder, 'whole');
  writeWhole(file, 'one');
  writeWhole(file, 'two');
  expect(readFileSync(file, 'utf8')).toBe('two');
  writeWhole('/dev/null', 'three');
  expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  expect(existsSync('/dev/null.part')).toBe(false);
});

test('--json takes an absolute path; what is for people goes to standard output meanwhile', () => {
  const file = join(folder, 'fuzz.json');
  const args = ['fuzz', '--minutes', '0.01', '--target', 'wire', '--json', file];
  const { status, stdout } = spawnSync(process.execPath, [CLI, ...args], { encoding: 'utf8' });
  expect(status).toBe(0);
  expect(stdout).toContain('slowest turn');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ schema: 1 });
});

test('a reader that has seen enough ends us quietly', async () => {
  const child = spawn(process.execPath, [CLI, 'conform', '--list'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const status = await new Promise((resolve) => child.once('close', resolve));
  expect({ status, stderr }).toEqual({ status: 141, stderr: '' });
});
