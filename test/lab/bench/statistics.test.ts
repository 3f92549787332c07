import { expect, test } from 'vitest';
import { checkBenchName } from '../../../lab/bench/bench.ts';
import { alternate, median, medianRatio, takeTurns } from '../../../lab/bench/statistics.ts';
import { renderBenchTable } from '../../../lab/bench/table.ts';

test('the median is the middle, or the mean of the two middle ones', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([9, 1, 5, 6])).toBe(5.5);
  expect(median([])).toBeNaN();
});

test('a ratio is taken within each round, so noise that hits both sides of it cancels', () => {
  const pairs = [
    { ours: 10, theirs: 20 },
    { ours: 1000, theirs: 2000 },
    { ours: 5, theirs: 10 },
  ];
  expect(medianRatio(pairs, (side) => side)).toBe(2);
});

test('the side that goes first changes with each round', async () => {
  const order: string[] = [];
  const side = (name: string) => async () => {
    order.push(name);
    return name;
  };
  const pairs = await alternate(3, side('ours'), side('theirs'));
  expect(order).toEqual(['ours', 'theirs', 'theirs', 'ours', 'ours', 'theirs']);
  expect(pairs.every(({ ours, theirs }) => ours === 'ours' && theirs === 'theirs')).toBe(true);
});

test('names of benches and of single tests are known, others are not', () => {
  for (const name of ['wire', 'wire-damage', 'wire-memory'])
    expect(checkBenchName(name)).toBe(undefined);
  expect(() => checkBenchName('wires')).toThrow(RangeError);
});

test('the table shows what was skipped and why', () => {
  const table = renderBenchTable(
    [
      {
        name: 'sync-signal',
        peer: 'epoll loop in C',
        rounds: 0,
        wallRatio: null,
        cpuRatio: null,
        ours: null,
        theirs: null,
        unit: 'ns',
        note: 'skipped: needs DRM devices',
      },
    ],
    false,
  );
  expect(table).toContain('sync-signal');
  expect(table).toContain('skipped: needs DRM devices');
});

test('each round of several sides begins with another one, results stay in their order', async () => {
  const order: string[] = [];
  const side = (name: string) => (): Promise<string> => {
    order.push(name);
    return Promise.resolve(name);
  };
  const rounds = await takeTurns(3, [side('a'), side('b'), side('c')]);
  expect(order.join('')).toBe('abcbcacab');
  expect(rounds).toEqual([
    ['a', 'b', 'c'],
    ['a', 'b', 'c'],
    ['a', 'b', 'c'],
  ]);
});
