/** Arbitrary messages through real sockets: what is sent is what arrives, however the bytes are cut. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { newIdArgument, nullableAnyObjectArgument } from '../../protocols/server/arguments.ts';
import type { RequestReader } from '../../protocols/server/request-reader.ts';
import type { Resource, ServerInterface } from '../../protocols/server/resource.ts';
import type { InterfaceDescription } from '../../protocols/wire/interface-description.ts';
import { doubleToFixed, fixedToDouble } from '../../protocols/wire/fixed.ts';
import { arrayBytes, stringBytes } from '../../protocols/wire/writer.ts';
import { RawClient, withHarness } from '../protocols/server/harness.ts';
import type { Harness } from '../protocols/server/harness.ts';

/** One message with an argument of every kind but descriptors; the same both ways. */
interface Sample {
  readonly int: number;
  readonly uint: number;
  readonly fixed: number;
  readonly text: string;
  readonly maybe: string | null;
  readonly bytes: Uint8Array;
  readonly object: number | null;
}

const SIGNATURE = 'iufs?sa?o';
const types = [null, null, null, null, null, null, null];
const description: InterfaceDescription = {
  name: 'test_echo',
  version: 1,
  requests: [{ name: 'echo', signature: SIGNATURE, types }],
  events: [{ name: 'echoed', signature: SIGNATURE, types }],
};

/** Sends back what it is told. */
const echo: ServerInterface<(sample: Sample) => void> = {
  description,
  dispatch(resource: Resource<(sample: Sample) => void>, reader: RequestReader): void {
    reader.begin(reader.at, reader.end);
    const int = reader.int();
    const uint = reader.uint();
    const fixed = reader.fixed();
    const text = reader.string();
    const maybe = reader.stringOrNull();
    const bytes = reader.array().slice();
    const object = nullableAnyObjectArgument(resource, reader.uint())?.id ?? null;
    const sample = { int, uint, fixed, text, maybe, bytes, object };
    resource.handler?.(sample);
    writeSample(resource, sample);
  },
};

function writeSample(resource: Resource<(sample: Sample) => void>, sample: Sample): void {
  const tx = resource.writer;
  const size =
    8 + 12 + stringBytes(sample.text) + stringBytes(sample.maybe) + arrayBytes(sample.bytes) + 4;
  let at = tx.begin(resource.id, 0, size);
  tx.words[at] = sample.int;
  tx.words[at + 1] = sample.uint;
  tx.words[at + 2] = doubleToFixed(sample.fixed);
  at = tx.string(at + 3, sample.text);
  at = tx.string(at, sample.maybe);
  at = tx.array(at, sample.bytes);
  tx.words[at] = sample.object ?? 0;
}

/** The bytes of a sample, written without any code of ours. */
function encode(id: number, sample: Sample): Buffer {
  const padded = (body: Uint8Array, length = body.length): Buffer => {
    const out = Buffer.alloc(4 + Math.ceil(body.length / 4) * 4);
    out.writeUInt32LE(length);
    out.set(body, 4);
    return out;
  };
  const numbers = Buffer.alloc(12);
  numbers.writeInt32LE(sample.int);
  numbers.writeUInt32LE(sample.uint, 4);
  numbers.writeInt32LE(sample.fixed * 256, 8);
  const object = Buffer.alloc(4);
  object.writeUInt32LE(sample.object ?? 0);
  const maybe = sample.maybe === null ? Buffer.alloc(4) : padded(Buffer.from(`${sample.maybe}\0`));
  const body = Buffer.concat([
    numbers,
    padded(Buffer.from(`${sample.text}\0`)),
    maybe,
    padded(sample.bytes),
    object,
  ]);
  const header = Buffer.alloc(8);
  header.writeUInt32LE(id);
  header.writeUInt16LE(8 + body.length, 6);
  return Buffer.concat([header, body]);
}

const text = fc
  .string({ unit: 'binary', maxLength: 300 })
  .map((value) => value.replaceAll('\0', ''));

const sample: fc.Arbitrary<Sample> = fc.record({
  int: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
  uint: fc.integer({ min: 0, max: 0xffff_ffff }),
  fixed: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }).map(fixedToDouble),
  text,
  maybe: fc.option(text),
  bytes: fc.uint8Array({ maxLength: 1000 }),
  object: fc.constantFrom(null, 1, 2),
});

/** A client's echo object with id 2, made without asking: the registry is not what is tested. */
function echoing(harness: Harness, got: Sample[]): RawClient {
  const { raw, client } = harness.raw();
  const resource = newIdArgument(client.displayResource, 2, echo);
  resource.handler = (value) => void got.push(value);
  return raw;
}

test('messages survive any cut of the stream, both ways', () =>
  withHarness((harness) => {
    fc.assert(
      fc.property(
        fc.array(sample, { minLength: 1, maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 3000 }), { maxLength: 40 }),
        (samples, cuts) => {
          const got: Sample[] = [];
          const raw = echoing(harness, got);
          const stream = Buffer.concat(samples.map((value) => encode(2, value)));
          let from = 0;
          for (const cut of cuts) {
            raw.sendBytes(stream.subarray(from, from + cut));
            from = Math.min(stream.length, from + cut);
            harness.settle();
          }
          if (from < stream.length) raw.sendBytes(stream.subarray(from));
          harness.settle();
          expect(got).toEqual(samples);
          const back = Buffer.concat(raw.read().map(({ bytes }) => bytes));
          expect(back.equals(stream)).toBe(true);
          raw.close();
          harness.settle();
          expect(harness.display.clients.size).toBe(0);
        },
      ),
      { seed: 1, numRuns: 60 },
    );
  }));

test('random bytes and descriptors end in an error or silence, never in a crash, a leak or a disturbed neighbour', () =>
  withHarness((harness) => {
    const neighbour = harness.client();
    const [read, write] = native.pipe();
    const fds = [new OwnedFd(read), new OwnedFd(write)];
    const word = fc.oneof(
      fc.integer({ min: 0, max: 6 }),
      fc.constantFrom(0xff00_0000, 0xffff_ffff, 0x7fff_ffff, 8 << 16, (12 << 16) | 1, 0x1000_0000),
      fc.integer({ min: 0, max: 0xffff_ffff }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(word.map(wordBytes), fc.uint8Array({ maxLength: 30 })), {
          maxLength: 200,
        }),
        fc.integer({ min: 0, max: 5 }),
        (parts, fdCount) => {
          const raw = echoing(harness, []);
          const before = harness.display.clients.size;
          const bytes = Buffer.concat(parts);
          if (bytes.length > 0)
            raw.sendBytes(
              bytes,
              Array.from({ length: fdCount }, () => fds[0]!.fd),
            );
          harness.settle();
          let answered = false;
          neighbour.sync(() => (answered = true));
          harness.settle();
          expect(answered).toBe(true);
          expect(harness.display.clients.size).toBeGreaterThanOrEqual(before - 1);
          raw.close();
          harness.settle();
          expect(harness.display.clients.size).toBe(1);
        },
      ),
      { seed: 1, numRuns: 300 },
    );
    for (const fd of fds) fd.close();
    expect(harness.logged.filter(({ level }) => level === 'error')).toEqual([]);
  }));

function wordBytes(value: number): Uint8Array {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
}

test('random events end our client with EPROTO or are dropped, never a crash or a leak', () =>
  withHarness((harness) => {
    const [read, write] = native.pipe();
    const fds = [new OwnedFd(read), new OwnedFd(write)];
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            id: fc.integer({ min: 0, max: 4 }),
            opcode: fc.integer({ min: 0, max: 3 }),
            body: fc.uint8Array({ maxLength: 60 }),
            lie: fc.constantFrom(0, 0, 0, 4, -4, 1),
          }),
          { maxLength: 30 },
        ),
        (events) => {
          const [ours, theirs] = native.socketPair();
          const server = new RawClient(new OwnedFd(theirs));
          const client = harness.attach(new OwnedFd(ours));
          for (const { id, opcode, body, lie } of events) {
            const padded = Buffer.alloc(8 + Math.ceil(body.length / 4) * 4);
            padded.writeUInt32LE(id);
            padded.writeUInt16LE(opcode, 4);
            padded.writeUInt16LE(Math.max(0, padded.length + lie), 6);
            padded.set(body, 8);
            server.sendBytes(padded, [fds[0]!.fd]);
          }
          harness.settle();
          expect(client.open || client.error !== undefined).toBe(true);
          client.close();
          server.close();
        },
      ),
      { seed: 1, numRuns: 200 },
    );
    for (const fd of fds) fd.close();
  }));
