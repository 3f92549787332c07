/** Ids a client may not use: for new objects, for globals, and of objects that are gone. */
import { expect, test } from 'vitest';
import { WlBuffer, WlCompositor, WlSurface } from '../../../protocols/generated/wayland.server.ts';
import {
  DISPLAY,
  REGISTRY,
  COMPOSITOR,
  SURFACE,
  FREE_ID,
  INVALID_OBJECT,
  INVALID_METHOD,
  NO_MEMORY,
  scene,
  serveCompositor,
} from './bad-input-scene.ts';
import { withHarness } from './harness.ts';

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
