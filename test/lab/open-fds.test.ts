import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { countOpenFds } from '../../lab/world/open-fds.ts';
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';

test('descriptors are counted, those that come and those that go', () => {
  const before = countOpenFds();
  const made = Array.from({ length: 70 }, () => new OwnedFd(native.eventfd(0)));
  expect(countOpenFds()).toBe(before + 70);
  expect(readdirSync('/proc/self/fd')).toHaveLength(before + 71);
  for (const fd of made) fd.close();
  expect(countOpenFds()).toBe(before);
});
