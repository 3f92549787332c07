/** A fuzzing process that dies or hangs is a failure with its input, and is replaced. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readCorpus } from '../../../lab/fuzz/corpus.ts';
import { supervise, type SuperviseResult } from '../../../lab/fuzz/supervisor.ts';
import { SystemClock } from '../../../native/clock.ts';

let corpus = '';

beforeEach(() => {
  corpus = mkdtempSync(join(tmpdir(), 'syncline-corpus-'));
});

afterEach(() => rmSync(corpus, { recursive: true, force: true }));

/** `maxTurnMs`: silent for ten times as long, a process is killed. */
function run(seed: number, seconds: number, maxTurnMs = 4000): Promise<SuperviseResult> {
  return supervise({
    target: 'wire',
    seed,
    seconds,
    maxTurnMs,
    corpus,
    clock: new SystemClock(),
    worker: fileURLToPath(new URL('./bad-worker.mjs', import.meta.url)),
  });
}

test('a process that finishes is no failure', async () => {
  const { counts, failures } = await run(1, 1);
  expect(failures).toEqual([]);
  expect(counts).toMatchObject({ inputs: 5, requests: 6, reached: 9 });
  expect(readCorpus(corpus, 'wire')).toEqual([]);
});

test.each([
  [2, 'crash', /SIGSEGV/, undefined],
  [3, 'hang', /silent for 6000 ms, killed/, 600],
  [4, 'crash', /ended with 1: [^]*planted/, undefined],
])('end %i: %s', async (seed, kind, detail, maxTurnMs) => {
  const { failures } = await run(seed, 0, maxTurnMs);
  expect(failures).toHaveLength(1);
  expect(failures[0]).toMatchObject({ kind, detail: expect.stringMatching(detail) as string });
  expect(existsSync(failures[0]?.file ?? '')).toBe(true);
  expect(readCorpus(corpus, 'wire')).toHaveLength(1);
});

test('after one that died the next seed goes on for the rest of the time', async () => {
  const { counts, failures } = await run(4, 30);
  expect(failures.map(({ kind }) => kind)).toEqual(['crash']);
  expect(counts.inputs).toBe(10);
});
