/** No argument whatever may do worse than throw: a panic or a bad pointer would end the process. */
import { expect, test } from 'vitest';
import { native } from '../../native/binding.ts';
import { runChild } from './support.ts';

test.each([
  ['close', ['1'], 'fd must be a number'],
  ['open', [5, 0, 0], 'path must be a string'],
  ['pread', [0, new Int8Array(1), 0], 'into must be a Uint8Array'],
  ['eventfdWrite', [0, 1], 'value must be a bigint'],
  ['setNonBlocking', [0, 1], 'nonBlocking must be a boolean'],
  ['pollerCreate', [new ArrayBuffer(8), 1], 'onReady must be a function'],
  [
    'syncobjQuery',
    [0, new Int32Array(1), 0, 1, 0],
    'handles must be an ArrayBuffer or Uint32Array',
  ],
  ['eventfd', [], 'initial must be a number'],
])('%s of the wrong type is a TypeError that names the argument', (name, values, message) => {
  const loose = native as unknown as Record<string, (...values: unknown[]) => unknown>;
  const call = (): unknown => loose[name]?.(...values);
  expect(call).toThrow(TypeError);
  expect(call).toThrow(message);
});

test.each([1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, -(2 ** 31) - 1])(
  '%d is no descriptor: RangeError',
  (number) => {
    expect(() => native.close(number)).toThrow(RangeError);
  },
);

test('a Buffer is a Uint8Array', () => {
  expect(() => native.pread(-1, Buffer.alloc(1), 0)).toThrow('EBADF');
});

test('every function survives ten thousand random calls', () => {
  // In a process of its own, with all descriptors given being ones that do not matter. What blocks or changes the process is left out.
  const source = `
    const skip = new Set(['close', 'setNofileLimit', 'poll', 'pollerWait', 'pollerStart', 'flock']);
    let seed = 12345;
    const random = (below) => { seed = (seed * 1103515245 + 12345) & 0x7fffffff; return (seed >> 8) % below; };
    const detached = new Uint8Array(8); structuredClone(detached.buffer, { transfer: [detached.buffer] });
    const values = [
      undefined, null, true, false, '', 'text', 'a\\0b', '\\ud800', {}, [], () => {}, Symbol('s'), new Date(),
      0, -0, 1, -1, 2, 3.5, NaN, Infinity, -Infinity, 2 ** 31, -(2 ** 31), 2 ** 32 - 1, 2 ** 32, 2 ** 53, 1e300, 100, 253, 254,
      0n, 1n, -1n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n, 2n ** 200n,
      new Uint8Array(0), new Uint8Array(7), new Uint8Array(4096), Buffer.alloc(16), detached, new Uint8Array(new SharedArrayBuffer(8)),
      new Int32Array(0), new Int32Array(9), new Int32Array(300), new Uint32Array(4), new BigUint64Array(4), new Float64Array(4),
      new ArrayBuffer(0), new ArrayBuffer(65536), detached.buffer, new SharedArrayBuffer(8), new DataView(new ArrayBuffer(8)),
      0x20028888, -5, 1000, 64, 256,
    ];
    const harmless = (value) => typeof value === 'number' && value >= 0 && value < 64 ? -1 : value;
    const takesFdFirst = (name) => !/^(pixman|xkb|poller|memfd|eventfd$|ueventSocket|listen|connect|mappingFaults|unmap)/.test(name);
    const names = Object.keys(native).filter((name) => !skip.has(name));
    let threw = 0;
    for (let round = 0; round < 10000; round++) {
      const name = names[round % names.length];
      const given = Array.from({ length: random(13) }, () => values[random(values.length)]);
      if (takesFdFirst(name)) given[0] = harmless(given[0]);
      // Paths that could be made would be.
      if (/^(open|listenUnix|connectUnix)$/.test(name)) given[0] = '/nonexistent/' + String(random(9));
      try {
        const made = native[name](...given);
        if (/^(memfdCreate|eventfd|timerfd|ueventSocket)$/.test(name)) native.close(made);
        if (/^(pipe|socketPair)$/.test(name)) made.forEach((fd) => native.close(fd));
      } catch (error) {
        threw++;
        if (!(error instanceof Error)) throw new Error(name + ' threw ' + String(error));
      }
    }
    console.log(threw > 5000, threw < 10000);
    process.exit(0);`;
  const ran = runChild(source);
  expect(ran, ran.stderr).toMatchObject({ status: 0, signal: null, stdout: 'true true\n' });
});
