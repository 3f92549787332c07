/** What a broken or hostile client sends: its own connection ends with the right error, nothing is left, others do not notice. */
import { expect, test } from 'vitest';
import { native } from '../../../native/binding.ts';
import {
  REGISTRY,
  COMPOSITOR,
  SHM,
  SURFACE,
  FREE_ID,
  INVALID_OBJECT,
  INVALID_METHOD,
  scene,
} from './bad-input-scene.ts';
import { message, word } from './harness.ts';
import type { RawClient } from './harness.ts';

test('a request to an object that never was', () =>
  scene(({ raw, error }) => {
    raw.send(99, 0, []);
    expect(error()).toEqual({ objectId: 1, code: INVALID_OBJECT, message: 'invalid object 99' });
  }));

test('a request to the null object', () =>
  scene(({ raw, error }) => {
    raw.send(0, 0, []);
    expect(error()).toMatchObject({ objectId: 1, code: INVALID_OBJECT });
  }));

test('a request to a server-side id that never was', () =>
  scene(({ raw, error }) => {
    raw.send(0xff00_0000, 0, []);
    expect(error()).toMatchObject({ objectId: 1, code: INVALID_OBJECT });
  }));

test('a request to an object it destroyed', () =>
  scene(({ raw, seen, error }) => {
    raw.send(COMPOSITOR, 0, [FREE_ID]);
    raw.send(FREE_ID, 0, []);
    raw.send(FREE_ID, 6, []);
    expect(error()).toMatchObject({ objectId: 1, code: INVALID_OBJECT });
    expect(seen).toEqual(['destroy']);
  }));

test('an opcode the interface has not', () =>
  scene(({ raw, error }) => {
    raw.send(SURFACE, 60, []);
    expect(error()).toEqual({
      objectId: 1,
      code: INVALID_METHOD,
      message: 'invalid method 60, object wl_surface@5',
    });
  }));

test('a request the bound version has not', () =>
  scene(({ raw, seen, error }) => {
    raw.send(SURFACE, 10, [1, 1]);
    expect(error()).toEqual({
      objectId: 1,
      code: INVALID_METHOD,
      message: 'invalid method 10 (since 5 > 4), object wl_surface@5',
    });
    expect(seen).toEqual([]);
  }));

test('a destructor the bound version has not', () =>
  scene(({ raw, seen, error }) => {
    raw.send(SHM, 1, []);
    expect(error()).toMatchObject({ objectId: 1, code: INVALID_METHOD });
    expect(seen).toEqual([]);
  }));

test('the same destructor is fine in the version that has it', () =>
  scene(({ raw, seen, harness }) => {
    raw.send(SHM, 1, []);
    harness.settle();
    expect(seen).toEqual(['release']);
    expect(raw.error()).toBeUndefined();
  }, 2));

test.each([0, 4, 7])('a message that says it is %i bytes long', (size) =>
  scene(({ raw, error }) => {
    raw.sendBytes(Buffer.concat([word(SURFACE), word((size << 16) | 6), word(0)]));
    expect(error()).toMatchObject({ objectId: 1, code: INVALID_METHOD });
  }),
);

test('a message whose size is no multiple of four', () =>
  scene(({ raw, error }) => {
    raw.sendBytes(Buffer.concat([word(SURFACE), word((10 << 16) | 6), word(0)]));
    expect(error()).toMatchObject({ objectId: 1, code: INVALID_METHOD });
  }));

test('a message over 4096 bytes, though it never comes', () =>
  scene(({ raw, error }) => {
    raw.sendBytes(Buffer.concat([word(SURFACE), word((4100 << 16) | 6)]));
    expect(error()).toMatchObject({ objectId: 1, code: INVALID_METHOD });
  }));

test('too few arguments', () =>
  scene(({ raw, seen, error }) => {
    raw.send(SURFACE, 2, [1, 2, 3]);
    expect(error()).toEqual({
      objectId: 1,
      code: INVALID_METHOD,
      message: 'invalid arguments for wl_surface@5.damage: message too short',
    });
    expect(seen).toEqual([]);
  }));

test('bytes after the arguments are ignored, as by libwayland', () =>
  scene(({ raw, seen, harness }) => {
    raw.send(SURFACE, 2, [1, 2, 3, 4, 5, 6]);
    raw.send(SURFACE, 6, []);
    harness.settle();
    expect(seen).toEqual(['damage', 'commit']);
    expect(raw.error()).toBeUndefined();
  }));

test('an argument that names no object', () =>
  scene(({ raw, error }) => {
    raw.send(SURFACE, 1, [77, 0, 0]);
    expect(error()).toMatchObject({ objectId: 1, code: INVALID_METHOD });
  }));

test('an argument that is an object of another interface', () =>
  scene(({ raw, error }) => {
    raw.send(SURFACE, 1, [COMPOSITOR, 0, 0]);
    expect(error()).toMatchObject({
      code: INVALID_METHOD,
      message: expect.stringContaining('wl_compositor@3 is not a wl_buffer'),
    });
  }));

test('null where the protocol allows it', () =>
  scene(({ raw, seen, harness }) => {
    raw.send(SURFACE, 1, [0, 0, 0]);
    harness.settle();
    expect(seen).toEqual(['attach undefined']);
  }));

function bindWithString(raw: RawClient, length: number, text: Buffer): void {
  const body = Buffer.concat([word(1), word(length), text, word(1), word(FREE_ID)]);
  raw.sendBytes(Buffer.concat([word(REGISTRY), word((8 + body.length) << 16), body]));
}

test.each([
  ['without a terminator', 4, Buffer.from('abcd'), 'without a terminating nul'],
  ['with a nul inside', 8, Buffer.from('ab\0cdef\0'), 'embedded nul'],
  ['longer than its message', 400, Buffer.from('abc\0'), 'too short'],
  ['of 4 GiB', 0xffff_ffff, Buffer.from('abc\0'), 'too short'],
  ['that is null', 0, Buffer.alloc(0), 'null string'],
])('a string %s', (_what, length, text, reason) =>
  scene(({ raw, error }) => {
    bindWithString(raw, length, text);
    const got = error();
    expect(got).toMatchObject({ objectId: 1, code: INVALID_METHOD });
    expect(got?.message).toContain(reason);
  }),
);

test('half a message and then the end', () =>
  scene(({ raw, harness }) => {
    raw.sendBytes(message(SURFACE, 2, [1, 2, 3, 4]).subarray(0, 10));
    harness.settle();
    native.shutdown(raw.socket.fd);
    harness.settle();
    expect(harness.display.clients.size).toBe(1);
  }));
