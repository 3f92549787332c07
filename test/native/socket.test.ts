import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { EAGAIN, EBADF, EPIPE } from '../../native/errno.ts';
import { failure, runChild } from './support.ts';

const MAX_FDS = 253;
const NO_FDS = new Int32Array(0);

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'syncline-socket-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function pair(): [OwnedFd, OwnedFd] {
  const [first, second] = native.socketPair();
  return [new OwnedFd(first), new OwnedFd(second)];
}

function send(to: OwnedFd, bytes: readonly number[], fds: readonly OwnedFd[] = []): number {
  const numbers = Int32Array.from(fds, (fd) => fd.fd);
  return native.sendmsg(to.fd, Uint8Array.from(bytes), 0, bytes.length, numbers, fds.length);
}

interface Received {
  readonly result: number;
  readonly bytes: number[];
  readonly fds: OwnedFd[];
  readonly lost: number | undefined;
}

function receive(from: OwnedFd, length = 4096): Received {
  const into = new Uint8Array(length);
  const fds = new Int32Array(MAX_FDS + 2);
  const result = native.recvmsg(from.fd, into, 0, length, fds);
  return {
    result,
    bytes: [...into.subarray(0, Math.max(result, 0))],
    fds: [...fds.subarray(1, 1 + (fds[0] ?? 0))].map((fd) => new OwnedFd(fd)),
    lost: fds[MAX_FDS + 1],
  };
}

test('bytes arrive where they are asked for', () => {
  const [first, second] = pair();
  const from = Uint8Array.of(9, 1, 2, 3, 9);
  expect(native.sendmsg(first.fd, from, 1, 3, NO_FDS, 0)).toBe(3);
  const into = new Uint8Array(8);
  const fds = new Int32Array(MAX_FDS + 1).fill(77);
  expect(native.bytesReadable(second.fd)).toBe(3);
  expect(native.recvmsg(second.fd, into, 2, 6, fds)).toBe(3);
  expect([...into]).toEqual([0, 0, 1, 2, 3, 0, 0, 0]);
  expect(fds[0]).toBe(0);
  first.close();
  second.close();
});

test('nothing there is -EAGAIN, the end is 0, a closed descriptor -EBADF', () => {
  const [first, second] = pair();
  expect(receive(second).result).toBe(-EAGAIN);
  first.close();
  expect(receive(second).result).toBe(0);
  expect(send(second, [1])).toBe(-EPIPE);
  const number = second.fd;
  second.close();
  expect(native.recvmsg(number, new Uint8Array(1), 0, 1, new Int32Array(254))).toBe(-EBADF);
});

test('descriptors travel with their bytes, closed on exec', () => {
  const [first, second] = pair();
  using memfd = new OwnedFd(native.memfdCreate('travels', 0));
  using eventfd = new OwnedFd(native.eventfd(5));
  expect(send(first, [1, 2], [memfd, eventfd])).toBe(2);
  const { bytes, fds, lost } = receive(second);
  expect(bytes).toEqual([1, 2]);
  expect(fds.map((fd) => native.fstat(fd.fd).ino)).toEqual([
    native.fstat(memfd.fd).ino,
    native.fstat(eventfd.fd).ino,
  ]);
  expect(lost).toBe(0);
  expect(fds.map((fd) => closedOnExec(fd.fd))).toEqual([true, true]);
  for (const fd of [...fds, first, second]) fd.close();
});

test('the greatest number of descriptors travels in one message', () => {
  const [first, second] = pair();
  using eventfd = new OwnedFd(native.eventfd(0));
  const all = Array.from({ length: MAX_FDS }, () => eventfd);
  expect(send(first, [1], all)).toBe(1);
  const { fds } = receive(second);
  expect(fds).toHaveLength(MAX_FDS);
  for (const fd of [...fds, first, second]) fd.close();
  const [third, fourth] = pair();
  expect(() => send(third, [1], [...all, eventfd])).toThrow(RangeError);
  third.close();
  fourth.close();
});

test('out of descriptors, those that fit arrive, the loss is told, and nothing leaks', () => {
  const [first, second] = pair();
  using eventfd = new OwnedFd(native.eventfd(0));
  expect(send(first, [1], [eventfd, eventfd, eventfd, eventfd])).toBe(1);
  const { soft } = native.getNofileLimit();
  using lowestFree = eventfd.dup();
  const limit = lowestFree.fd + 2;
  lowestFree.close();
  native.setNofileLimit(limit);
  const { result, fds, lost } = receive(second);
  native.setNofileLimit(soft);
  expect(result).toBe(1);
  expect(fds.length).toBeLessThan(4);
  expect(lost).toBe(1);
  for (const fd of [...fds, first, second]) fd.close();
});

test('a full socket takes what fits, then is -EAGAIN', () => {
  const [first, second] = pair();
  const bytes = new Uint8Array(1 << 20);
  let sent = 0;
  let last = 0;
  for (let turn = 0; turn < 1000 && last >= 0; turn++) {
    last = native.sendmsg(first.fd, bytes, 0, bytes.length, NO_FDS, 0);
    if (last > 0) sent += last;
  }
  expect(last).toBe(-EAGAIN);
  expect(sent).toBeGreaterThan(0);
  first.close();
  second.close();
});

test('ranges outside the arrays are refused before anything is sent or received', () => {
  const [first, second] = pair();
  const bytes = new Uint8Array(8);
  const fds = new Int32Array(254);
  expect(() => native.sendmsg(first.fd, bytes, 4, 5, NO_FDS, 0)).toThrow(RangeError);
  expect(() => native.sendmsg(first.fd, bytes, 0, 8, NO_FDS, 1)).toThrow(RangeError);
  expect(() => native.sendmsg(first.fd, bytes, 2 ** 53 - 1, 2 ** 53 - 1, NO_FDS, 0)).toThrow(
    RangeError,
  );
  expect(() => native.recvmsg(first.fd, bytes, 8, 1, fds)).toThrow(RangeError);
  expect(() => native.recvmsg(first.fd, bytes, -1, 1, fds)).toThrow(RangeError);
  expect(() => native.recvmsg(first.fd, bytes, 0, 8, new Int32Array(253))).toThrow(RangeError);
  expect(native.bytesReadable(second.fd)).toBe(0);
  first.close();
  second.close();
});

test('a listening socket is connected to, and knows who it is', () => {
  const path = join(folder, 'listen');
  using listener = new OwnedFd(native.listenUnix(path, 4));
  expect(native.accept(listener.fd)).toBe(-EAGAIN);
  using client = new OwnedFd(native.connectUnix(path));
  using server = new OwnedFd(native.accept(listener.fd));
  const { uid, gid } = { uid: process.getuid?.(), gid: process.getgid?.() };
  const peer = new Uint32Array(3);
  native.peerCredentials(server.fd, peer);
  expect([...peer]).toEqual([process.pid, uid, gid]);
  expect(() => native.peerCredentials(server.fd, new Uint32Array(2))).toThrow(RangeError);
  expect(send(client, [5])).toBe(1);
  expect(receive(server).bytes).toEqual([5]);
  native.shutdown(server.fd);
  expect(receive(client).result).toBe(0);
});

test('a peer has a pidfd where the kernel gives one', (context) => {
  const path = join(folder, 'pidfd');
  using listener = new OwnedFd(native.listenUnix(path, 1));
  using client = new OwnedFd(native.connectUnix(path));
  const pidfd = native.peerPidfd(client.fd);
  if (pidfd === null) return context.skip('SO_PEERPIDFD needs Linux 6.5');
  using owned = new OwnedFd(pidfd);
  expect(native.fstat(listener.fd).ino).not.toBe(native.fstat(owned.fd).ino);
});

test('listening twice at one path is EADDRINUSE, connecting to none ENOENT', () => {
  const path = join(folder, 'twice');
  using listener = new OwnedFd(native.listenUnix(path, 1));
  expect(listener.closed).toBe(false);
  const inUse = failure(() => native.listenUnix(path, 1));
  expect(inUse.message).toBe(`bind failed (EADDRINUSE): ${path}`);
  expect(failure(() => native.connectUnix(join(folder, 'none'))).code).toBe('ENOENT');
});

test('a path of 107 bytes is the longest', () => {
  const room = 107 - Buffer.byteLength(folder) - 1;
  const longest = join(folder, 'x'.repeat(room));
  using listener = new OwnedFd(native.listenUnix(longest, 1));
  expect(listener.closed).toBe(false);
  const error = failure(() => native.listenUnix(`${longest}x`, 1));
  expect(error).toMatchObject({ code: 'ENAMETOOLONG', syscall: 'bind' });
});

test('a socket keeps its cookie through every copy', () => {
  const [first, second] = pair();
  using copy = first.dup();
  expect(native.socketCookie(copy.fd)).toBe(native.socketCookie(first.fd));
  expect(native.socketCookie(second.fd)).not.toBe(native.socketCookie(first.fd));
  first.close();
  second.close();
});

test('a broken connection does not raise SIGPIPE', () => {
  const source = `
    const [a, b] = native.socketPair();
    native.close(b);
    console.log(native.sendmsg(a, new Uint8Array(1), 0, 1, new Int32Array(0), 0));`;
  expect(runChild(source)).toMatchObject({ status: 0, stdout: `${-EPIPE}\n` });
});

function closedOnExec(fd: number): boolean {
  using info = new OwnedFd(native.open(`/proc/self/fdinfo/${fd}`, 0, 0));
  const bytes = new Uint8Array(4096);
  const text = Buffer.from(bytes.subarray(0, native.pread(info.fd, bytes, 0))).toString();
  const flags = /^flags:\s*(\d+)$/m.exec(text)?.[1] ?? '';
  return (Number.parseInt(flags, 8) & 0o2000000) !== 0;
}
