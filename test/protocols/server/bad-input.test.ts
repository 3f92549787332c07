/** What a broken or hostile client sends: its own connection ends with the right error, nothing is left, others do not notice. */
import { expect, test } from 'vitest';
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import {
  WlBuffer,
  WlCompositor,
  WlSeat,
  WlShm,
  WlSurface,
} from '../../../protocols/generated/wayland.server.ts';
import type {
  WlCompositorResource,
  WlShmResource,
} from '../../../protocols/generated/wayland.server.ts';
import { ProtocolError } from '../../../protocols/server/protocol-error.ts';
import type { Resource } from '../../../protocols/server/resource.ts';
import { message, withHarness, word } from './harness.ts';
import type { Harness, RawClient, RawError } from './harness.ts';

const DISPLAY = 1;
const REGISTRY = 2;
const COMPOSITOR = 3;
const SHM = 4;
const SURFACE = 5;
const FREE_ID = 6;
const INVALID_OBJECT = 0;
const INVALID_METHOD = 1;
const NO_MEMORY = 2;
const IMPLEMENTATION = 3;

interface Scene {
  readonly harness: Harness;
  readonly raw: RawClient;
  /** Requests the handlers saw. */
  readonly seen: string[];
  /** Settles, checks the bystander and that the client is cut and freed; the error it got. */
  error(): RawError | undefined;
}

/** A client with a compositor (v4), shm and surface, and a bystander whose round trips go on. */
function scene(body: (scene: Scene) => void, shmVersion = 1): Promise<void> {
  return withHarness((harness) => {
    const seen: string[] = [];
    harness.display.createGlobal(WlCompositor, 4, (resource) => serveCompositor(resource, seen));
    harness.display.createGlobal(WlShm, 2, (resource) => serveShm(resource, seen));
    const bystander = harness.client();
    const { raw, client } = harness.raw();
    raw.send(DISPLAY, 1, [REGISTRY]);
    raw.send(REGISTRY, 0, [1, 'wl_compositor', 4, COMPOSITOR]);
    raw.send(REGISTRY, 0, [2, 'wl_shm', shmVersion, SHM]);
    raw.send(COMPOSITOR, 0, [SURFACE]);
    harness.settle();
    expect(raw.error()).toBeUndefined();
    expect(client.objectCount).toBe(5);
    let freed = 0;
    for (const resource of client.resources()) resource.addDestroyListener(() => freed++);
    body({
      harness,
      raw,
      seen,
      error: () => {
        harness.settle();
        const error = raw.error();
        expect(raw.closed).toBe(true);
        expect(client.alive).toBe(false);
        expect(freed).toBe(5);
        expect(harness.display.clients.size).toBe(1);
        let answered = false;
        bystander.sync(() => (answered = true));
        harness.settle();
        expect(answered).toBe(true);
        return error;
      },
    });
  });
}

function serveCompositor(resource: WlCompositorResource, seen: string[]): void {
  resource.handler = {
    createSurface: (_compositor, surface) => {
      surface.handler = {
        destroy: () => void seen.push('destroy'),
        attach: (_surface, buffer) => void seen.push(`attach ${buffer?.id}`),
        damage: () => void seen.push('damage'),
        frame: () => {
          throw new Error('bug of ours');
        },
        setOpaqueRegion: (from) => {
          throw new ProtocolError(from, 7, 'not this one');
        },
        setInputRegion: () => {
          throw Object.assign(new Error('out'), { code: 'EMFILE', errno: 24, syscall: 'dup' });
        },
        commit: () => void seen.push('commit'),
        setBufferTransform: () => undefined,
        setBufferScale: (from, scale) => {
          from.client.postError(from, 0, `scale ${scale}`);
          from.client.postError(from, 1, 'a second one');
        },
        damageBuffer: () => void seen.push('damageBuffer'),
        offset: () => void seen.push('offset'),
        getRelease: () => undefined,
      };
    },
    createRegion: () => undefined,
    release: () => undefined,
  };
}

function serveShm(resource: WlShmResource, seen: string[]): void {
  resource.handler = {
    createPool: (_shm, _pool, fd, size) => {
      fd.close();
      seen.push(`pool ${size}`);
    },
    release: () => void seen.push('release'),
  };
}

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

test.each([
  ['zero', 0],
  ['in use', SURFACE],
  ['the display', DISPLAY],
  ['not the next one', FREE_ID + 1],
  ['the last of the client range', 0xfeff_ffff],
  ['of the server', 0xff00_0000],
])('a new object with an id that is %s', (_what, id) =>
  scene(({ raw, error }) => {
    raw.send(COMPOSITOR, 0, [id]);
    expect(error()).toMatchObject({ objectId: 1, code: INVALID_METHOD });
  }),
);

test('a binding without an id', () =>
  scene(({ raw, error }) => {
    raw.send(REGISTRY, 0, [1, 'wl_compositor', 1, 0]);
    expect(error()).toMatchObject({ objectId: REGISTRY, code: INVALID_OBJECT });
  }));

test('a binding with an id that is in use', () =>
  scene(({ raw, error }) => {
    raw.send(REGISTRY, 0, [1, 'wl_compositor', 1, SURFACE]);
    expect(error()).toMatchObject({ objectId: 1, code: INVALID_METHOD });
  }));

test.each([
  ['unknown', [9, 'wl_compositor', 1], 'invalid global wl_compositor (9)'],
  ['of another interface', [1, 'wl_shm', 1], 'invalid interface for global 1'],
  ['newer than announced', [1, 'wl_compositor', 5], 'have 4, wanted 5'],
  ['of version 0', [1, 'wl_compositor', 0], 'have 4, wanted 0'],
  ['of version 2^31', [1, 'wl_compositor', 0x8000_0000], 'have 4, wanted 2147483648'],
] as const)('binding a global that is %s', (_what, [name, type, version], text) =>
  scene(({ raw, error }) => {
    raw.send(REGISTRY, 0, [name, type, version, FREE_ID]);
    const got = error();
    expect(got).toMatchObject({ objectId: REGISTRY, code: INVALID_OBJECT });
    expect(got?.message).toContain(text);
  }),
);

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

test('a ProtocolError of a handler: its object and its code', () =>
  scene(({ raw, error }) => {
    raw.send(SURFACE, 4, [0]);
    expect(error()).toEqual({ objectId: SURFACE, code: 7, message: 'not this one' });
  }));

test('the first error wins, and nothing is dispatched after it', () =>
  scene(({ raw, seen, error }) => {
    raw.sendBytes(
      Buffer.concat([message(SURFACE, 8, [-3]), message(SURFACE, 6, []), message(99, 0, [])]),
    );
    expect(error()).toEqual({ objectId: SURFACE, code: 0, message: 'scale -3' });
    expect(raw.received.filter(({ id, opcode }) => id === 1 && opcode === 0)).toHaveLength(1);
    expect(seen).toEqual([]);
  }));

test('a handler with a bug costs that client its connection and is logged', () =>
  scene(({ raw, harness, error }) => {
    raw.send(SURFACE, 3, [FREE_ID]);
    expect(error()).toMatchObject({ objectId: 1, code: IMPLEMENTATION });
    expect(harness.logged).toContainEqual({
      level: 'error',
      text: expect.stringContaining('wl_surface@5.frame failed'),
    });
  }));

test('a handler out of descriptors: no_memory', () =>
  scene(({ raw, error }) => {
    raw.send(SURFACE, 5, [0]);
    expect(error()).toMatchObject({ objectId: 1, code: NO_MEMORY });
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

test('half a message and then the end', () =>
  scene(({ raw, harness }) => {
    raw.sendBytes(message(SURFACE, 2, [1, 2, 3, 4]).subarray(0, 10));
    harness.settle();
    native.shutdown(raw.socket.fd);
    harness.settle();
    expect(harness.display.clients.size).toBe(1);
  }));

test('an error for the object of another client goes to that client, this one goes on', () =>
  withHarness((harness) => {
    let victim: Resource | undefined;
    harness.display.createGlobal(WlSeat, 1, (seat) => {
      victim ??= seat;
      seat.handler = {
        getPointer: () => {
          throw new ProtocolError(victim!, 5, 'across');
        },
        getKeyboard: () => undefined,
        getTouch: () => undefined,
        release: () => undefined,
      };
    });
    const first = harness.raw();
    const second = harness.raw();
    for (const { raw } of [first, second]) {
      raw.send(DISPLAY, 1, [REGISTRY]);
      raw.send(REGISTRY, 0, [1, 'wl_seat', 1, 3]);
      harness.settle();
    }
    second.raw.sendBytes(Buffer.concat([message(3, 0, [4]), message(DISPLAY, 0, [5])]));
    harness.settle();
    expect(first.raw.error()).toEqual({ objectId: 3, code: 5, message: 'across' });
    expect(second.raw.error()).toBeUndefined();
    expect(second.raw.read().some(({ id }) => id === 5)).toBe(true);
    expect(second.client.alive).toBe(true);
  }));

test('a client beyond its limit of objects gets no_memory', () =>
  withHarness(
    (harness) => {
      harness.display.createGlobal(WlCompositor, 4, (resource) => serveCompositor(resource, []));
      const { raw } = harness.raw();
      raw.send(DISPLAY, 1, [REGISTRY]);
      raw.send(REGISTRY, 0, [1, 'wl_compositor', 4, COMPOSITOR]);
      for (let id = 4; id < 200; id++) raw.send(COMPOSITOR, 0, [id]);
      harness.settle();
      expect(raw.error()).toMatchObject({ objectId: 1, code: NO_MEMORY });
    },
    { limits: { maxObjects: 100 } },
  ));

test('requests to a server-side object that is gone are ignored until its destructor', () =>
  withHarness((harness) => {
    const { raw, client } = harness.raw();
    const surface = client.createResource(WlSurface, 1, 0);
    expect(surface.id).toBe(0xff00_0000);
    const buffer = client.createResource(WlBuffer, 1, 0);
    surface.destroy();
    raw.send(surface.id, 3, [2]);
    harness.settle();
    // Still taken: the client does not know that it is gone.
    const next = client.createResource(WlBuffer, 1, 0);
    expect(next.id).toBe(buffer.id + 1);
    expect(client.resource(surface.id)).toBeUndefined();
    expect(client.resource(2)).toBeDefined();
    raw.send(surface.id, 0, []);
    raw.send(buffer.id, 0, []);
    harness.settle();
    expect(raw.error()).toBeUndefined();
    expect(buffer.alive).toBe(false);
    const again = [
      client.createResource(WlBuffer, 1, 0).id,
      client.createResource(WlBuffer, 1, 0).id,
    ];
    expect(new Set(again)).toEqual(new Set([surface.id, buffer.id]));
    raw.send(next.id + 1, 0, []);
    harness.settle();
    expect(raw.error()).toMatchObject({ code: INVALID_OBJECT });
  }));
