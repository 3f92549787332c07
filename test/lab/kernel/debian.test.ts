import { expect, test } from 'vitest';
import { kernelPackages } from '../../../lab/kernel/debian.ts';

test('of all that is named after a kernel the plain ones are taken, the newest first', () => {
  const names = [
    'linux-image-6.12.9+deb12-amd64',
    'linux-image-6.12.117+deb12-amd64-dbg',
    'linux-image-6.12.113+deb12-cloud-amd64',
    'linux-image-6.12.117+deb12-amd64',
    'linux-image-6.12.113+deb12-rt-amd64',
    'linux-image-6.12.113+deb12-amd64-unsigned',
    'linux-image-6.12.100+deb12-amd64',
    '',
  ];
  expect(kernelPackages(names.join('\n'))).toEqual([
    'linux-image-6.12.117+deb12-amd64',
    'linux-image-6.12.100+deb12-amd64',
    'linux-image-6.12.9+deb12-amd64',
  ]);
});
