import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { native } from '../../native/binding.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** Names declared as methods of an interface in one of native's files. */
function declared(file: string): string[] {
  const source = readFileSync(path(`../../native/${file}`), 'utf8');
  const body = source.slice(source.search(/export interface \w+Binding/));
  return [...body.matchAll(/^ {2}(\w+)\(/gm)].map((match) => match[1] ?? '');
}

test('the addon has all functions that are declared, and no other', () => {
  const names = ['binding.ts', 'pixman.ts', 'xkb.ts'].flatMap(declared);
  expect(names.length).toBeGreaterThan(100);
  expect(Object.keys(native).sort()).toEqual([...names].sort());
});

test('building from another directory finds nothing to do', () => {
  const build = (): { status: number | null; stdout: string } => {
    const ran = spawnSync(process.execPath, [path('../../native/build.mjs')], {
      cwd: tmpdir(),
      encoding: 'utf8',
    });
    return { status: ran.status, stdout: ran.stdout };
  };
  expect(build().status).toBe(0);
  expect(build()).toEqual({ status: 0, stdout: 'native addon: up to date\n' });
}, 120_000);
