import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { cpioArchive, type CpioEntry } from '../../../lab/kernel/cpio.ts';

const entries: CpioEntry[] = [
  { path: 'bin', kind: 'folder' },
  { path: 'bin/run', kind: 'program', bytes: Buffer.from('#!') },
  { path: 'data', kind: 'file', bytes: Buffer.from('12345') },
  { path: 'empty', kind: 'file' },
];

/** A reader of the format, from the kernel's description of it and not from the writer. */
function readMembers(archive: Buffer): { name: string; mode: number; text: string }[] {
  const members = [];
  for (let offset = 0; ;) {
    const field = (index: number): number =>
      Number.parseInt(
        archive.toString('latin1', offset + 6 + 8 * index, offset + 14 + 8 * index),
        16,
      );
    expect(archive.toString('latin1', offset, offset + 6)).toBe('070701');
    const [mode, size, nameSize] = [field(1), field(6), field(11)];
    const name = archive.toString('latin1', offset + 110, offset + 110 + nameSize - 1);
    const data = Math.ceil((offset + 110 + nameSize) / 4) * 4;
    if (name === 'TRAILER!!!') return members;
    members.push({ name, mode, text: archive.toString('latin1', data, data + size) });
    offset = Math.ceil((data + size) / 4) * 4;
  }
}

test('members keep names, modes and contents', () => {
  expect(readMembers(cpioArchive(entries))).toEqual([
    { name: 'bin', mode: 0o040755, text: '' },
    { name: 'bin/run', mode: 0o100755, text: '#!' },
    { name: 'data', mode: 0o100644, text: '12345' },
    { name: 'empty', mode: 0o100644, text: '' },
  ]);
});

const hasCpio = spawnSync('cpio', ['--version']).status === 0;
test.skipIf(!hasCpio)('cpio(1) lists it (skipped where Debian’s cpio is not installed)', () => {
  const listed = spawnSync('cpio', ['-t', '--quiet'], { input: cpioArchive(entries) });
  expect(listed.stdout.toString().trim().split('\n')).toEqual(['bin', 'bin/run', 'data', 'empty']);
});
