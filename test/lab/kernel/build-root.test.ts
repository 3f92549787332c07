import { expect, test } from 'vitest';
import { suiteOf, suiteOfMachine } from '../../../lab/kernel/build-root.ts';

test.each([
  ['6.12.117+deb12-amd64', 'bookworm'],
  ['7.3.4+deb13-amd64', 'trixie'],
  ['6.12.9~deb12-amd64', 'bookworm'],
  ['7.4.1-amd64', 'sid'],
])('%s is a kernel of %s', (version, suite) => {
  expect(suiteOf(version)).toBe(suite);
});

test.each([
  ['PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n', 'bookworm'],
  ['PRETTY_NAME="Debian GNU/Linux trixie/sid"\nID=debian\n', 'sid'],
  ['ID=arch\nBUILD_ID=rolling\n', undefined],
])('a machine knows what it runs: %j', (osRelease, suite) => {
  expect(suiteOfMachine(osRelease)).toBe(suite);
});
