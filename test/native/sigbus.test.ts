/** The SIGBUS guard. Each case in a process of its own, because the wrong answer ends it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { native } from '../../native/binding.ts';
import { runChild } from './support.ts';

/** A file of four pages, mapped; `page(n)` is the first byte of a page. */
const SETUP = `
const PAGE = 4096;
const fd = native.memfdCreate('guard', 0);
native.ftruncate(fd, 4 * PAGE);
const map = (writable) => {
  const mapping = native.mapShared(fd, 4 * PAGE, writable, 0);
  return { id: mapping.id, bytes: new Uint8Array(mapping.bytes) };
};
`;

function printed(source: string, options: readonly string[] = []): unknown {
  const ran = runChild(`${SETUP}${source}`, options);
  expect(ran, ran.stderr).toMatchObject({ status: 0, signal: null });
  return JSON.parse(ran.stdout);
}

test('reads past the end of a truncated file give zeros, and are counted once', () => {
  const source = `
    const { id, bytes } = map(true);
    bytes.fill(7);
    native.ftruncate(fd, PAGE);
    let sum = 0;
    for (let at = PAGE; at < bytes.length; at++) sum += bytes[at];
    console.log(JSON.stringify([bytes[0], sum, native.mappingFaults(id)]));`;
  expect(printed(source)).toEqual([7, 0, 1]);
});

test('writes past the end of a truncated file go nowhere', () => {
  const source = `
    const { id, bytes } = map(true);
    native.ftruncate(fd, 0);
    bytes[3 * PAGE] = 5;
    bytes[0] = 6;
    console.log(JSON.stringify([bytes[3 * PAGE], bytes[0], native.mappingFaults(id), native.seekEnd(fd)]));`;
  expect(printed(source)).toEqual([5, 6, 2, 0]);
});

test('reads of a mapping without write permission survive', () => {
  const source = `
    const { id, bytes } = map(false);
    native.ftruncate(fd, 0);
    console.log(JSON.stringify([bytes[PAGE], native.mappingFaults(id)]));`;
  expect(printed(source)).toEqual([0, 1]);
});

test('the copying functions of JavaScript survive', () => {
  const source = `
    const { bytes } = map(true);
    bytes.fill(1);
    native.ftruncate(fd, PAGE);
    const into = new Uint8Array(bytes.length).fill(9);
    into.set(bytes);
    const sliced = map(true).bytes.slice();
    const copied = Buffer.from(map(true).bytes);
    map(true).bytes.copyWithin(0, 2 * PAGE, 3 * PAGE);
    const words = new BigUint64Array(map(true).bytes.buffer);
    const view = new DataView(map(true).bytes.buffer);
    const sum = (array) => array.reduce((total, byte) => total + byte, 0);
    map(true).bytes.set(new Uint8Array(4 * PAGE).fill(3));
    console.log(JSON.stringify([sum(into), sum(sliced), sum(copied), Number(words[600]), view.getFloat64(9000)]));`;
  expect(printed(source)).toEqual([4096, 4096, 4096, 0, 0]);
});

test('code the JIT has compiled survives', () => {
  const source = `
    const words = new Int32Array(map(true).bytes.buffer);
    words.fill(2);
    const sum = () => { let total = 0; for (let at = 0; at < words.length; at++) total += words[at]; return total; };
    let warm = 0;
    for (let round = 0; round < 2000; round++) warm += sum();
    native.ftruncate(fd, PAGE);
    console.log(JSON.stringify([sum(), native.liveMappings()]));`;
  expect(printed(source)).toEqual([2048, 1]);
});

test.skipIf(!native.pixmanAvailable())(
  'pixman survives drawing from a truncated file (skipped where libpixman-1.so.0 is missing)',
  () => {
    const source = `
    const { id, bytes } = map(true);
    bytes.fill(255);
    const source = native.pixmanCreateBits(0x20028888, 64, 64, bytes.buffer, 0, 256);
    const pixels = new ArrayBuffer(64 * 256);
    const target = native.pixmanCreateBits(0x20028888, 64, 64, pixels, 0, 256);
    native.ftruncate(fd, 0);
    native.pixmanComposite(1, source, 0, target, 0, 0, 0, 0, 0, 0, 64, 64);
    console.log(JSON.stringify([new Uint32Array(pixels).reduce((a, b) => a + b, 0), 0]));`;
    expect(printed(source)).toEqual([0, 0]);
  },
);

test('a syscall into a truncated mapping fails, and the process goes on', () => {
  const source = `
    const { bytes } = map(true);
    native.ftruncate(fd, 0);
    const other = native.memfdCreate('other', 0);
    let code;
    try { native.pwrite(other, bytes, 0); } catch (error) { code = error.code; }
    console.log(JSON.stringify(code));`;
  expect(printed(source)).toBe('EFAULT');
});

test('hundreds of mappings are guarded at once', () => {
  const source = `
    const maps = Array.from({ length: 700 }, () => map(true));
    native.ftruncate(fd, 0);
    const faults = maps.map(({ id, bytes }) => bytes[PAGE] + native.mappingFaults(id));
    console.log(JSON.stringify([faults.every((count) => count === 1), native.liveMappings()]));`;
  expect(printed(source)).toEqual([true, 700]);
});

test('a mapping made in a worker is guarded, also after the worker that first loaded the addon ended', () => {
  const source = `
    const { Worker } = require('node:worker_threads');
    const work = 'const native = require(process.argv[2]);'
      + 'const fd = native.memfdCreate("w", 0); native.ftruncate(fd, 8192);'
      + 'const { id, bytes } = native.mapShared(fd, 8192, true, 0); native.ftruncate(fd, 0);'
      + 'const read = new Uint8Array(bytes)[5000];'
      + 'require("node:worker_threads").parentPort.postMessage([read, native.mappingFaults(id)]); native.close(fd);';
    const run = () => new Promise((resolve, reject) => {
      const worker = new Worker(work, { eval: true, argv: [Object.values(require.cache)[0].filename] });
      let message;
      worker.on('message', (value) => { message = value; });
      worker.on('error', reject);
      worker.on('exit', () => resolve(message));
    });
    run().then(async (first) => {
      const second = await run();
      const { bytes } = map(true);
      native.ftruncate(fd, 0);
      console.log(JSON.stringify([first, second, bytes[0]]));
    });`;
  expect(printed(source)).toEqual([[0, 1], [0, 1], 0]);
});

test('a handler somebody installed later is taken over at the next mapping, and still hears of signals sent', () => {
  const source = `
    map(true);
    let heard = 0;
    const waiting = setTimeout(() => {}, 40_000);
    process.on('SIGBUS', () => {
      heard++;
      clearTimeout(waiting);
      setImmediate(() => setImmediate(() => console.log(JSON.stringify([read, heard]))));
    });
    const { bytes } = map(true);
    native.ftruncate(fd, 0);
    const read = bytes[0];
    process.kill(process.pid, 'SIGBUS');`;
  expect(printed(source)).toEqual([0, 1]);
});

test('a SIGBUS outside our mappings still ends the process', () => {
  const source = `${SETUP}
    map(true);
    require('node:process').kill(process.pid, 'SIGBUS');
    setTimeout(() => console.log('alive'), 2000);`;
  expect(runChild(source)).toMatchObject({ status: null, signal: 'SIGBUS', stdout: '' });
});

test('a real fault in memory that is not ours still ends the process', () => {
  // The dynamic loader maps a library whole and reads its end: in one cut in half that is past the end of the file.
  const folder = mkdtempSync(join(tmpdir(), 'syncline-sigbus-'));
  const source = `${SETUP}
    const fs = require('node:fs');
    const path = require('node:path');
    const library = path.join(${JSON.stringify(folder)}, 'half.node');
    const whole = fs.readFileSync(Object.values(require.cache)[0].filename);
    fs.writeFileSync(library, whole);
    fs.truncateSync(library, whole.length >> 1);
    map(true);
    console.log('before');
    try { process.dlopen({ exports: {} }, library); } catch (error) { console.log(error.message); }`;
  const ran = runChild(source);
  rmSync(folder, { recursive: true });
  expect(ran).toMatchObject({ status: null, signal: 'SIGBUS', stdout: 'before\n' });
});
