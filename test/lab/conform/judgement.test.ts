/** How attempts become a verdict, and how long the suite waits. */
import { expect, test } from 'vitest';
import { CASES } from '../../../lab/conform/cases/cases.ts';
import { patienceFor } from '../../../lab/conform/patience.ts';
import { settle, type Attempt, type Verdict } from '../../../lab/conform/result.ts';
import * as syncobj from '../../../protocols/generated/linux-drm-syncobj-v1.interfaces.ts';
import * as wayland from '../../../protocols/generated/wayland.interfaces.ts';

function attempt(result: Verdict, detail: string): Attempt {
  return { result, detail, durationMs: 1, patienceMs: 5000 };
}

test('a case played once is as it went', () => {
  const only = attempt('fail', 'never: a frame');
  expect(settle([only])).toBe(only);
});

test('a case that fails half of the time has failed, and tells the failure', () => {
  const attempts = [attempt('fail', 'crashed'), attempt('pass', 'waits')] as const;
  expect(settle(attempts)).toEqual({
    ...attempts[0],
    detail: 'crashed (failed 1 of 2 times)',
    attempts,
  });
});

test('a case that mostly passes has passed, and tells that it failed', () => {
  const attempts = [attempt('fail', 'late'), attempt('pass', ''), attempt('pass', '')] as const;
  expect(settle(attempts)).toMatchObject({
    result: 'pass',
    detail: '(failed 1 of 3 times: late)',
  });
});

test('a fast compositor is waited for five seconds, a slow one in proportion, none for ever', () => {
  expect(patienceFor(60, 16)).toBe(5_000);
  expect(patienceFor(4_000, 120)).toBe(7_000);
  expect(patienceFor(40_000, 900)).toBe(60_000);
});

test('what rests on the protocol names a request or an error the protocol has', () => {
  const known = new Set<string>();
  for (const [name, value] of Object.entries({ ...wayland, ...syncobj })) {
    if ('requests' in value) {
      for (const request of value.requests) known.add(`${value.name}.${request.name}`);
    } else if (name.endsWith('Error')) {
      const snake = (text: string): string =>
        text.replaceAll(/[A-Z]|\d+/g, (part) => `_${part.toLowerCase()}`).replace(/^_/, '');
      const owner = snake(name.replace(/Error$/, '')).replace(/_v_(\d)$/, '_v$1');
      for (const code of Object.keys(value)) known.add(`${owner}.${snake(code)}`);
    }
  }
  const unknown = CASES.filter(({ source }) => source !== undefined && !known.has(source));
  expect(unknown.map(({ name, source }) => [name, source])).toEqual([]);
  expect(
    CASES.filter(({ basis, source }) => (basis === 'protocol') !== (source !== undefined)),
  ).toEqual([]);
});
