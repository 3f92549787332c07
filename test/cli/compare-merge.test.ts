/** `syncline compare --shard` and `--merge`: a fleet's parts are the same whole as one machine's. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ShardReport } from '../../lab/compare/merge.ts';

const CLI = fileURLToPath(new URL('../../cli/syncline.mjs', import.meta.url));
const RUNS = ['--strategies', 'single-import,failover', '--seeds', '2'];
const SCENARIOS = ['--scenarios', 'import-device-removed-idle,import-device-removed-while-waiting'];
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'syncline-merge-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function compare(name: string, ...args: string[]): { status: number | null; stderr: string } {
  const [json, report] = [join(folder, `${name}.json`), join(folder, name)];
  const { status, stderr } = spawnSync(
    process.execPath,
    [CLI, 'compare', ...args, '--json', json, '--report', report],
    { encoding: 'utf8' },
  );
  return { status, stderr };
}

function read(name: string): string {
  return readFileSync(join(folder, name), 'utf8');
}

test('merged shards are, byte for byte, what one machine writes: JSON and report', () => {
  expect(compare('whole', ...RUNS, ...SCENARIOS).status).toBe(0);
  for (const shard of ['1/3', '2/3', '3/3']) {
    compare(`part${shard[0]}`, ...RUNS, ...SCENARIOS, '--shard', shard);
  }
  const parts = ['part3.json', 'part1.json', 'part2.json'].map((name) => join(folder, name));
  expect(compare('merged', '--merge', ...parts)).toEqual({ status: 0, stderr: '' });
  expect(read('merged.json')).toBe(read('whole.json'));
  expect(read('merged/report.html')).toBe(read('whole/report.html'));
}, 60_000);

test('what does not belong together is a usage error that says why', () => {
  const part: ShardReport = {
    schema: 1,
    gpus: 'sim',
    kernel: 'simulated',
    node: 'v20.19.0',
    results: [],
    skipped: [{ strategy: 'failover', scenario: 'steady', seed: 1, reason: 'none' }],
    timelines: [],
  };
  const write = (name: string, content: unknown): string => {
    const file = join(folder, name);
    writeFileSync(file, JSON.stringify(content));
    return file;
  };
  const one = write('one.json', part);
  const refused = [
    [write('other.json', { ...part, kernel: 'Linux 6.12' }), 'kernel simulated and Linux 6.12'],
    [write('twin.json', part), 'in two parts: steady under failover, seed 1'],
    [write('plain.json', { ...part, timelines: undefined }), 'not written by'],
    [join(folder, 'missing.json'), 'ENOENT'],
  ] as const;
  for (const [file, why] of refused) {
    const { status, stderr } = compare('refused', '--merge', one, file);
    expect(stderr).toContain(why);
    expect(status).toBe(2);
  }
}, 60_000);
