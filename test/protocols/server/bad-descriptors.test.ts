/** Descriptors that are missing, too many, or in bad company: none is left open. */
import { expect, test } from 'vitest';
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { SHM, SURFACE, FREE_ID, INVALID_METHOD, NO_MEMORY, scene } from './bad-input-scene.ts';
import { message } from './harness.ts';

test('a request without its descriptor', () =>
  scene(({ raw, seen, error }) => {
    raw.send(SHM, 0, [FREE_ID, 4096]);
    expect(error()).toMatchObject({
      code: INVALID_METHOD,
      message: expect.stringContaining('file descriptor expected'),
    });
    expect(seen).toEqual([]);
  }));

test('descriptors nobody asked for are closed with the client', () =>
  scene(({ raw, harness, error }) => {
    const [read, write] = native.pipe();
    for (let index = 0; index < 10; index++) raw.send(SURFACE, 6, [], [read, write]);
    native.close(read);
    native.close(write);
    harness.settle();
    expect(raw.error()).toBeUndefined();
    raw.send(99, 0, []);
    error();
  }));

test('more descriptors than any message could take', () =>
  scene(({ raw, harness, error }) => {
    const [read, write] = native.pipe();
    for (let index = 0; index < 60; index++) {
      raw.sendBytes(
        message(SURFACE, 6, []),
        Array.from({ length: 28 }, () => read),
      );
      harness.settle();
    }
    native.close(read);
    native.close(write);
    error();
  }));

test('a descriptor and bad arguments in one message', () =>
  scene(({ raw, seen, error }) => {
    const [read, write] = native.pipe();
    raw.send(SHM, 0, [SURFACE, 4096], [read]);
    native.close(read);
    native.close(write);
    expect(error()).toMatchObject({ objectId: 1, code: INVALID_METHOD });
    expect(seen).toEqual([]);
  }));

test('descriptors lost because we are out of them: no_memory, not a fault of the client', () =>
  scene(({ raw, harness, seen, error }) => {
    const memory = new OwnedFd(native.memfdCreate('pool', 1));
    const before = native.getNofileLimit();
    raw.send(SHM, 0, [FREE_ID, 4096], [memory.fd]);
    native.setNofileLimit(memory.fd + 1);
    try {
      harness.settle();
    } finally {
      native.setNofileLimit(before.soft);
      memory.close();
    }
    expect(error()).toMatchObject({ objectId: 1, code: NO_MEMORY });
    expect(seen).toEqual([]);
  }));
