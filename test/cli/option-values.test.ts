import { InvalidArgumentError } from 'commander';
import { expect, test } from 'vitest';
import { amount, integer, names, positive } from '../../cli/option-values.ts';

test.each([
  ['an integer from 1 on', integer(1), ['1', '20'], ['0', '-1', '1.5', 'x', '', ' ']],
  ['an integer from 0 to 3', integer(0, 3), ['0', '3'], ['4', '-1']],
  ['a number above 0', positive(), ['0.5', '3'], ['0', '-1', 'x', '', 'Infinity']],
  ['a number above 0, at most 10', positive(10), ['0.5', '10'], ['0', '10.5']],
  ['an amount', amount, ['0', '0.5'], ['-1', 'x', '', 'Infinity']],
])('%s', (_, parse, good, bad) => {
  for (const text of good) expect(parse(text)).toBe(Number(text));
  for (const text of bad) expect(() => parse(text), text).toThrow(InvalidArgumentError);
});

test('names are trimmed, and an unknown one is refused in the words of the check', () => {
  const parse = names((name) => {
    if (name === 'c') throw new RangeError('no c here');
  });
  expect(parse('a, b')).toEqual(['a', 'b']);
  expect(() => parse('a,c')).toThrow(new InvalidArgumentError('no c here'));
});
