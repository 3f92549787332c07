import { expect, test } from 'vitest';
import { shrinkSteps } from '../../../lab/explore/shrink.ts';
import { describeStep, type Step } from '../../../lab/explore/step.ts';
import { generateTrace } from '../../../lab/explore/generate.ts';

test('what is not needed is left out, and what is needed is made plain', () => {
  const { steps } = generateTrace('failover', 3);
  const needed = (candidate: readonly Step[]): boolean => {
    const unplug = candidate.findIndex((step) => step.do === 'unplug');
    return unplug >= 0 && candidate.slice(unplug).some((step) => step.do === 'commit');
  };
  expect(needed(steps)).toBe(true);
  const small = shrinkSteps(steps, { breaks: needed });
  expect(small.map(describeStep)).toEqual([
    'unplug gpu 0 work leave ueventMs 25',
    'commit client 0 surface 0 work done skip 0',
  ]);
});

test('arguments that matter stay', () => {
  const { steps } = generateTrace('failover', 3);
  const needed = (candidate: readonly Step[]): boolean =>
    candidate.some((step) => step.do === 'end' && step.errno !== 0 && step.client === 2);
  const small = shrinkSteps([...steps, { do: 'end', client: 2, nth: 4, errno: 62 }], {
    breaks: needed,
  });
  expect(small).toEqual([{ do: 'end', client: 2, nth: 0, errno: expect.any(Number) }]);
});

test('it plays no more candidates than it may', () => {
  let played = 0;
  const { steps } = generateTrace('failover', 3);
  shrinkSteps(steps, { breaks: () => (played++, false), maxTries: 25 });
  expect(played).toBe(25);
});
