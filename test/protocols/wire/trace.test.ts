import { expect, test } from 'vitest';
import type { InterfaceDescription } from '../../../protocols/wire/interface-description.ts';
import { FdQueue } from '../../../protocols/wire/fd-queue.ts';
import { Reader } from '../../../protocols/wire/reader.ts';
import { isTraced, Trace } from '../../../protocols/wire/trace.ts';
import { message } from '../server/harness.ts';

const thing: InterfaceDescription = {
  name: 'thing',
  version: 1,
  requests: [
    { name: 'all', signature: '2iuf?soa', types: [null, null, null, null, 'other', null] },
    { name: 'make', signature: 'nsun', types: ['other', null, null, null] },
  ],
  events: [],
};

function line(bytes: Buffer): string {
  const buffer = new ArrayBuffer(4096);
  new Uint8Array(buffer).set(bytes);
  const lines: string[] = [];
  const trace = new Trace({
    side: 'server',
    nowUs: () => 1_234_567_890,
    write: (text) => void lines.push(text),
  });
  trace.received(new Reader(buffer), thing, 0, new FdQueue(), () => undefined, false);
  return lines.join('');
}

test('every kind of argument, as wl_closure_print shows it', () => {
  expect(line(message(9, 0, [-5, 0xffff_fffe, -384, 'hé', 12, Uint8Array.of(1, 2, 3)]))).toBe(
    '[1234567.890] thing@9.all(-5, 4294967294, -1.50000000, "hé", other@12, array[3])\n',
  );
});

test('nothing is nil', () => {
  expect(line(message(9, 0, [0, 0, 1, 0, 0, 0]))).toBe(
    '[1234567.890] thing@9.all(0, 0, 0.00390625, nil, nil, array[0])\n',
  );
});

test('new objects, typed and not', () => {
  expect(line(message(9, 1, [7, 'other', 3, 8]))).toBe(
    '[1234567.890] thing@9.make(new id other@7, "other", 3, new id [unknown]@8)\n',
  );
});

test('a message cut short is shown as far as it goes', () => {
  expect(line(message(9, 77, [1]))).toBe('[1234567.890] thing@9.?(?)\n');
});

test('WAYLAND_DEBUG names a side, or 1 for both', () => {
  const traced = (value: string) => [
    isTraced('client', { WAYLAND_DEBUG: value }),
    isTraced('server', { WAYLAND_DEBUG: value }),
  ];
  expect(traced('1')).toEqual([true, true]);
  expect(traced('client')).toEqual([true, false]);
  expect(traced('server')).toEqual([false, true]);
  expect(traced('')).toEqual([false, false]);
  expect(isTraced('server', {})).toBe(false);
});
