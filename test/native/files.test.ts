import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { O_RDWR } from '../../native/open-flags.ts';
import { failure } from './support.ts';

const F_SEAL_SHRINK = 2;
const F_SEAL_GROW = 4;
const MFD_ALLOW_SEALING = 2;

let folder = '';
let file = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'syncline-files-'));
  file = join(folder, 'file');
  writeFileSync(file, 'hello');
});

afterAll(() => rmSync(folder, { recursive: true }));

function openFile(): OwnedFd {
  return new OwnedFd(native.open(file, O_RDWR, 0));
}

test('open gives a descriptor that is closed on exec', () => {
  using fd = openFile();
  const flags = Number.parseInt(fdinfo(fd.fd, 'flags'), 8);
  expect(flags & 0o2000000).toBe(0o2000000);
});

test('a failed open names the call, the errno and the path', () => {
  const error = failure(() => native.open(join(folder, 'missing'), 0, 0));
  expect(error).toMatchObject({ code: 'ENOENT', errno: 2, syscall: 'open' });
  expect(error.message).toBe(`open failed (ENOENT): ${join(folder, 'missing')}`);
});

test('a path with a NUL is refused', () => {
  expect(() => native.open('a\0b', 0, 0)).toThrow(RangeError);
});

test('fstat tells the size and identity', () => {
  using fd = openFile();
  using again = openFile();
  const stat = native.fstat(fd.fd);
  expect(stat.sizeBytes).toBe(5);
  expect(stat.mode & constants.S_IFMT).toBe(constants.S_IFREG);
  expect(native.fstat(again.fd)).toEqual(stat);
  expect(native.fstat(again.fd).ino).toBeTypeOf('bigint');
});

test('the identity is the same for copies and reopenings of a file, another for another file', () => {
  using fd = openFile();
  using again = openFile();
  using copy = fd.dup();
  using other = new OwnedFd(native.memfdCreate('other', 0));
  const { dev, ino } = native.fstat(fd.fd);
  expect(native.fileIdentity(fd.fd)).toBe((dev << 64n) | ino);
  expect(native.fileIdentity(again.fd)).toBe(native.fileIdentity(fd.fd));
  expect(native.fileIdentity(copy.fd)).toBe(native.fileIdentity(fd.fd));
  expect(native.fileIdentity(other.fd)).not.toBe(native.fileIdentity(fd.fd));
  expect(failure(() => native.fileIdentity(9999)).code).toBe('EBADF');
});

test('the kind of file system tells a memfd from a file of the kernel', () => {
  const TMPFS_MAGIC = 0x0102_1994;
  const PROC_SUPER_MAGIC = 0x9fa0;
  using memory = new OwnedFd(native.memfdCreate('files', 0));
  using status = new OwnedFd(native.open('/proc/self/status', 0, 0));
  expect(native.fileSystemType(memory.fd)).toBe(TMPFS_MAGIC);
  expect(native.fileSystemType(status.fd)).toBe(PROC_SUPER_MAGIC);
  expect(failure(() => native.fileSystemType(9999))).toMatchObject({
    code: 'EBADF',
    syscall: 'fstatfs',
  });
});

test('write puts bytes into a pipe, EPIPE when nobody can read them', () => {
  const [readNumber, writeNumber] = native.pipe();
  using reader = new OwnedFd(readNumber);
  using writer = new OwnedFd(writeNumber);
  expect(native.write(writer.fd, Uint8Array.of(1, 2, 3))).toBe(3);
  expect(native.bytesReadable(reader.fd)).toBe(3);
  reader.close();
  expect(failure(() => native.write(writer.fd, Uint8Array.of(4))).code).toBe('EPIPE');
});

test.each([-1, 9999])('fstat of descriptor %i is EBADF', (fd) => {
  expect(failure(() => native.fstat(fd))).toMatchObject({ code: 'EBADF', syscall: 'fstat' });
});

test('closing twice is EBADF', () => {
  const fd = native.open(file, 0, 0);
  native.close(fd);
  expect(failure(() => native.close(fd)).code).toBe('EBADF');
});

test('pread and pwrite work at an offset and only inside the view', () => {
  using fd = new OwnedFd(native.memfdCreate('files', 0));
  expect(native.pwrite(fd.fd, Uint8Array.of(1, 2, 3, 4), 10)).toBe(4);
  const whole = new Uint8Array(6).fill(9);
  expect(native.pread(fd.fd, whole.subarray(1, 4), 11)).toBe(3);
  expect([...whole]).toEqual([9, 2, 3, 4, 9, 9]);
  expect(native.pread(fd.fd, whole, 14)).toBe(0);
});

test('dup is another number of the same file', () => {
  using fd = openFile();
  using copy = fd.dup();
  expect(copy.fd).not.toBe(fd.fd);
  expect(native.fstat(copy.fd).ino).toBe(native.fstat(fd.fd).ino);
});

test('ftruncate, seekEnd and punching a hole', () => {
  using fd = new OwnedFd(native.memfdCreate('files', 0));
  native.ftruncate(fd.fd, 8192);
  expect(native.seekEnd(fd.fd)).toBe(8192);
  native.pwrite(fd.fd, Uint8Array.of(7), 4096);
  native.fallocatePunchHole(fd.fd, 4096, 4096);
  const byte = Uint8Array.of(1);
  native.pread(fd.fd, byte, 4096);
  expect(byte[0]).toBe(0);
  expect(native.seekEnd(fd.fd)).toBe(8192);
});

test('seals hold', () => {
  using fd = new OwnedFd(native.memfdCreate('files', MFD_ALLOW_SEALING));
  native.ftruncate(fd.fd, 4096);
  expect(native.getSeals(fd.fd)).toBe(0);
  native.addSeals(fd.fd, F_SEAL_SHRINK | F_SEAL_GROW);
  expect(native.getSeals(fd.fd)).toBe(F_SEAL_SHRINK | F_SEAL_GROW);
  expect(failure(() => native.ftruncate(fd.fd, 0)).code).toBe('EPERM');
});

test('a lock is held by one open file at a time', () => {
  using first = openFile();
  using second = openFile();
  expect(native.tryLock(first.fd)).toBe(true);
  expect(native.tryLock(second.fd)).toBe(false);
  first.close();
  expect(native.tryLock(second.fd)).toBe(true);
});

test('a pipe is closed on exec and can be made non-blocking', () => {
  const [readFd, writeFd] = native.pipe();
  using read = new OwnedFd(readFd);
  using write = new OwnedFd(writeFd);
  native.setNonBlocking(read.fd, true);
  expect(Number.parseInt(fdinfo(read.fd, 'flags'), 8) & 0o4000).toBe(0o4000);
  native.setNonBlocking(read.fd, false);
  expect(Number.parseInt(fdinfo(read.fd, 'flags'), 8) & 0o4000).toBe(0);
  native.setCloseOnExec(write.fd, false);
  expect(Number.parseInt(fdinfo(write.fd, 'flags'), 8) & 0o2000000).toBe(0);
  expect(native.bytesReadable(read.fd)).toBe(0);
});

test('the limit of open files can be lowered and put back', () => {
  const { soft, hard } = native.getNofileLimit();
  expect(hard).toBeGreaterThanOrEqual(soft);
  native.setNofileLimit(soft - 1);
  expect(native.getNofileLimit()).toEqual({ soft: soft - 1, hard });
  native.setNofileLimit(soft);
});

test('descriptors out of the limit are EMFILE', () => {
  const { soft } = native.getNofileLimit();
  using fd = openFile();
  native.setNofileLimit(fd.fd + 1);
  try {
    expect(failure(() => native.dup(fd.fd)).code).toMatch(/^E(MFILE|INVAL)$/);
    expect(failure(() => native.eventfd(0)).code).toBe('EMFILE');
  } finally {
    native.setNofileLimit(soft);
  }
});

test('ioctl reads and writes a struct in place, and never more than the array holds', () => {
  const TIOCGPTN = 0x8004_5430;
  using pty = new OwnedFd(native.open('/dev/ptmx', O_RDWR | constants.O_NOCTTY, 0));
  const number = new Uint8Array(4).fill(0xff);
  expect(native.ioctl(pty.fd, TIOCGPTN, number)).toBe(0);
  expect(new Uint32Array(number.buffer)[0]).toBeLessThan(0xffff);
  expect(() => native.ioctl(pty.fd, TIOCGPTN, new Uint8Array(3))).toThrow(RangeError);
});

function fdinfo(fd: number, key: string): string {
  using info = new OwnedFd(native.open(`/proc/self/fdinfo/${fd}`, 0, 0));
  const bytes = new Uint8Array(4096);
  const text = Buffer.from(bytes.subarray(0, native.pread(info.fd, bytes, 0))).toString();
  return new RegExp(`^${key}:\\s*(.*)$`, 'm').exec(text)?.[1] ?? '';
}
