/** What a client is told when the handler of its request throws. */
import { expect, test } from 'vitest';
import { WlSeat } from '../../../protocols/generated/wayland.server.ts';
import { ProtocolError } from '../../../protocols/server/protocol-error.ts';
import type { Resource } from '../../../protocols/server/resource.ts';
import {
  DISPLAY,
  REGISTRY,
  SURFACE,
  FREE_ID,
  NO_MEMORY,
  IMPLEMENTATION,
  scene,
} from './bad-input-scene.ts';
import { message, withHarness } from './harness.ts';

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
