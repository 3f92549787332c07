import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MarkedStream } from '../../../lab/kernel/marked-stream.ts';

const MARK = '0123456789abcdef';
const END = Buffer.from(`\0${MARK}`);

function collect(): { stream: MarkedStream; bytes: () => Buffer } {
  const pieces: Buffer[] = [];
  return {
    stream: new MarkedStream(MARK, (piece) => pieces.push(Buffer.from(piece))),
    bytes: () => Buffer.concat(pieces),
  };
}

test('text is passed on at once', () => {
  const { stream, bytes } = collect();
  stream.push(Buffer.from('hello'));
  expect(bytes().toString()).toBe('hello');
  expect(stream.complete).toBe(false);
});

test('any bytes, cut anywhere, come out unchanged and complete at the mark', () => {
  // NUL and the mark's first characters often, so that false starts of the mark occur.
  const payload = fc.array(fc.constantFrom(0, 0x30, 0x31, 0x32, 0x61, 0xff), { maxLength: 60 });
  fc.assert(
    fc.property(payload, fc.array(fc.nat(80), { maxLength: 6 }), (values, cuts) => {
      const { stream, bytes } = collect();
      const sent = Buffer.concat([Buffer.from(values), END]);
      const ends = [...cuts.filter((cut) => cut < sent.length), sent.length].toSorted(
        (a, b) => a - b,
      );
      let start = 0;
      for (const end of ends) {
        stream.push(sent.subarray(start, end));
        start = end;
      }
      expect(stream.complete).toBe(true);
      expect(bytes()).toEqual(Buffer.from(values));
    }),
    { seed: 1, numRuns: 1000 },
  );
});

test('a stream that breaks off keeps what looked like a mark', () => {
  const { stream, bytes } = collect();
  stream.push(Buffer.from('x\x000123'));
  expect(bytes().toString()).toBe('x');
  stream.flush();
  expect(bytes().toString()).toBe('x\x000123');
  expect(stream.complete).toBe(false);
});

test('nothing after the mark is passed on', () => {
  const { stream, bytes } = collect();
  stream.push(Buffer.concat([Buffer.from('a'), END, Buffer.from('b')]));
  stream.push(Buffer.from('c'));
  expect(bytes().toString()).toBe('a');
});
