import { expect, test } from 'vitest';
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { failure, runChild } from './support.ts';

const PAGE = 4096;

function memfd(pages: number): OwnedFd {
  const fd = new OwnedFd(native.memfdCreate('memory', 0));
  native.ftruncate(fd.fd, pages * PAGE);
  return fd;
}

test('two mappings of one file see each other', () => {
  using fd = memfd(2);
  const first = native.mapShared(fd.fd, 2 * PAGE, true, 0);
  const second = native.mapShared(fd.fd, PAGE, false, PAGE);
  new Uint8Array(first.bytes)[PAGE] = 42;
  expect(first.bytes.byteLength).toBe(2 * PAGE);
  expect(new Uint8Array(second.bytes)[0]).toBe(42);
  expect(native.mappingFaults(first.id)).toBe(0);
  native.unmap(first.id);
  native.unmap(second.id);
});

test('a mapping outlives its descriptor', () => {
  const fd = memfd(1);
  const mapping = native.mapShared(fd.fd, PAGE, true, 0);
  fd.close();
  const bytes = new Uint8Array(mapping.bytes);
  bytes[5] = 1;
  expect(bytes[5]).toBe(1);
  native.unmap(mapping.id);
});

test('unmap leaves an empty buffer, and may be called again', () => {
  using fd = memfd(1);
  const live = native.liveMappings();
  const mapping = native.mapShared(fd.fd, PAGE, true, 0);
  const bytes = new Uint8Array(mapping.bytes);
  expect(native.liveMappings()).toBe(live + 1);
  native.unmap(mapping.id);
  native.unmap(mapping.id);
  expect([mapping.bytes.byteLength, bytes.length, bytes[0]]).toEqual([0, 0, undefined]);
  expect(native.liveMappings()).toBe(live);
});

test('unmapping something unknown does nothing', () => {
  native.unmap(4_000_000_000);
  expect(native.mappingFaults(4_000_000_000)).toBe(0);
});

test.each([
  ['no length', 0, 0, 'EINVAL'],
  ['an offset inside a page', PAGE, 100, 'EINVAL'],
  ['more than there are addresses', 2 ** 52, 0, 'ENOMEM'],
])('mapping with %s fails', (_, length, offset, code) => {
  using fd = memfd(2);
  const error = failure(() => native.mapShared(fd.fd, length, true, offset));
  expect(error).toMatchObject({ code, syscall: 'mmap' });
});

test('a descriptor opened for reading cannot be mapped writable', () => {
  using fd = memfd(1);
  using readOnly = new OwnedFd(native.open(`/proc/self/fd/${fd.fd}`, 0, 0));
  expect(failure(() => native.mapShared(readOnly.fd, PAGE, true, 0)).code).toBe('EACCES');
  const mapping = native.mapShared(readOnly.fd, PAGE, false, 0);
  native.unmap(mapping.id);
});

test('a forgotten mapping is unmapped when its buffer is collected', () => {
  const source = `
    const fd = native.memfdCreate('gc', 0);
    native.ftruncate(fd, 1 << 20);
    for (let round = 0; round < 50; round++) native.mapShared(fd, 1 << 20, true, 0);
    const maps = () => require('node:fs').readFileSync('/proc/self/maps', 'utf8').split('memfd:gc').length - 1;
    const before = maps();
    const wait = (turns) => {
      gc();
      if (native.liveMappings() > 0 && turns > 0) setTimeout(wait, 10, turns - 1);
      else console.log(JSON.stringify([before, native.liveMappings(), maps()]));
    };
    setTimeout(wait, 10, 200);`;
  const ran = runChild(source, ['--expose-gc']);
  expect(JSON.parse(ran.stdout), ran.stderr).toEqual([50, 0, 0]);
});

test('collection after unmap does not unmap again what has come to the same address', () => {
  const source = `
    const fd = native.memfdCreate('gc', 0);
    native.ftruncate(fd, 4096);
    const kept = [];
    for (let round = 0; round < 500; round++) {
      const mapping = native.mapShared(fd, 4096, true, 0);
      if (round % 2) native.unmap(mapping.id); else kept.push(mapping);
      if (round % 50 === 0) gc();
    }
    new Uint8Array(kept[0].bytes)[0] = 9;
    setTimeout(() => {
      gc();
      const good = kept.every(({ bytes }) => new Uint8Array(bytes)[0] === 9);
      console.log(JSON.stringify([good, native.liveMappings()]));
    }, 50);`;
  const ran = runChild(source, ['--expose-gc']);
  expect(JSON.parse(ran.stdout), ran.stderr).toEqual([true, 250]);
});

test('a process may end with mappings, in a worker too', () => {
  const source = `
    const { Worker } = require('node:worker_threads');
    const fd = native.memfdCreate('end', 0);
    native.ftruncate(fd, 4096);
    globalThis.kept = native.mapShared(fd, 4096, true, 0);
    const addon = Object.values(require.cache)[0].filename;
    const work = 'const native = require(' + JSON.stringify(addon) + ');'
      + 'globalThis.kept = native.mapShared(' + fd + ', 4096, true, 0);'
      + 'require("node:worker_threads").parentPort.postMessage(native.liveMappings());';
    const worker = new Worker(work, { eval: true });
    worker.on('message', (count) => console.log(count));
    worker.on('exit', (code) => console.log(code, native.liveMappings()));`;
  expect(runChild(source)).toMatchObject({ status: 0, stdout: '1\n0 1\n' });
});
