import { expect, test } from 'vitest';
import { planRuns } from '../../lab/compare/plan.ts';
import { createRandom } from '../../lab/random.ts';
import { parseShard } from '../../lab/shard.ts';

test('shards share all runs between them, each run once', () => {
  const all = planRuns(['a', 'b'], ['x', 'y', 'z'], 3);
  const shards = [1, 2, 3, 4].flatMap((index) =>
    planRuns(['a', 'b'], ['x', 'y', 'z'], 3, { index, of: 4 }),
  );
  expect(all).toHaveLength(18);
  expect(new Set(shards.map((run) => JSON.stringify(run)))).toEqual(
    new Set(all.map((run) => JSON.stringify(run))),
  );
  expect(shards).toHaveLength(18);
});

test('a shard that is none is refused', () => {
  expect(parseShard('2/5')).toEqual({ index: 2, of: 5 });
  for (const text of ['0/3', '4/3', '1', 'a/b', '1/2/3'])
    expect(() => parseShard(text)).toThrow(RangeError);
});

test('one seed is one sequence, another seed or stream another', () => {
  const draw = (seed: number, stream: string): number[] => {
    const random = createRandom(seed, stream);
    return Array.from({ length: 8 }, () => random.between(0, 1_000_000));
  };
  expect(draw(1, 'steady')).toEqual(draw(1, 'steady'));
  expect(draw(1, 'steady')).not.toEqual(draw(2, 'steady'));
  expect(draw(1, 'steady')).not.toEqual(draw(1, 'gpu-hang'));
});
