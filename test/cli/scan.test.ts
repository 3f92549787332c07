/** `syncline scan` for users' own XML: what is written, what is said, with which exit status. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { scanCommand } from '../../cli/scan.ts';

let folder = '';
let said = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'syncline-scan-'));
  said = '';
  const hear = (text: unknown): boolean => {
    said += String(text);
    return true;
  };
  vi.spyOn(process.stderr, 'write').mockImplementation(hear);
  vi.spyOn(console, 'log').mockImplementation(hear);
});

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function scan(...args: string[]): Promise<unknown> {
  await scanCommand().parseAsync(args, { from: 'user' });
  return process.exitCode;
}

test('three files a protocol', async () => {
  const xml = join(folder, 'a.xml');
  writeFileSync(
    xml,
    '<protocol name="my_own"><interface name="my_own" version="1"><request name="r"><arg name="s" type="object" interface="wl_surface"/></request></interface></protocol>',
  );
  expect(await scan(xml, '--out', join(folder, 'out'))).toBeUndefined();
  expect(readdirSync(join(folder, 'out')).toSorted()).toEqual([
    'my-own.client.ts',
    'my-own.interfaces.ts',
    'my-own.server.ts',
  ]);
  expect(said).toBe('3 files written');
});

test('errors have file, line and column, and status 1', async () => {
  const [bad, missing] = [join(folder, 'bad.xml'), join(folder, 'missing.xml')];
  writeFileSync(
    bad,
    '<protocol name="p">\n  <interface name="i" version="x"><enum name="e"/></interface>\n</protocol>',
  );
  expect(await scan(bad)).toBe(1);
  expect(said).toBe(`${bad}:2:3: version="x" is not a positive number\n`);
  said = '';
  expect(await scan(missing)).toBe(1);
  expect(said).toBe(`${missing}:1:1: cannot be read (ENOENT)\n`);
});

test.each([[[]], [['--check']], [['--all', 'a.xml']], [['--all', '--out', 'x']]])(
  'status 2 for %j',
  async (args) => {
    expect(await scan(...args)).toBe(2);
    expect(said).toMatch(/^syncline scan: /);
  },
);
