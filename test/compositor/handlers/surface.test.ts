/** wl_surface and wl_region: error codes, regions, offsets, size rules. */
import { expect, test } from 'vitest';
import {
  WlSurfaceError,
  type WlOutputTransform,
} from '../../../protocols/generated/wayland.interfaces.ts';
import {
  WlCompositorProxy,
  type WlSurfaceProxy,
} from '../../../protocols/generated/wayland.client.ts';
import type { Region } from '../../../compositor/surface/region.ts';
import type { TestClient } from '../../support/compositor-client.ts';
import { withCompositor } from '../../support/compositor-fixture.ts';

/** A value the XML does not list: that is the point. */
const transform = (value: number): WlOutputTransform => value as WlOutputTransform;

const WRONG_REQUESTS: readonly [
  name: string,
  code: number,
  make: (surface: WlSurfaceProxy, client: TestClient) => void,
][] = [
  ['scale 0', WlSurfaceError.invalidScale, (surface) => surface.setBufferScale(0)],
  ['a negative scale', WlSurfaceError.invalidScale, (surface) => surface.setBufferScale(-1)],
  [
    'transform 8',
    WlSurfaceError.invalidTransform,
    (surface) => surface.setBufferTransform(transform(8)),
  ],
  [
    'transform -1',
    WlSurfaceError.invalidTransform,
    (surface) => surface.setBufferTransform(transform(-1)),
  ],
  ['attach with an offset', WlSurfaceError.invalidOffset, (surface) => surface.attach(null, 1, 0)],
  [
    'a buffer that is no multiple of the scale',
    WlSurfaceError.invalidSize,
    (surface, client) => {
      surface.attach(client.shmBuffer(5, 4).proxy, 0, 0);
      surface.setBufferScale(2);
      surface.commit();
    },
  ],
  [
    'get_release without a buffer',
    WlSurfaceError.noBuffer,
    (surface) => {
      surface.getRelease();
      surface.commit();
    },
  ],
];

test.each(WRONG_REQUESTS)('wl_surface with %s', (_name, code, make) => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const surface = client.compositor.createSurface();
    make(surface, client);
    expect(client.settle()).toEqual({ interface: 'wl_surface', object: surface.id, code });
  });
});

test('before version 5 attach moves', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const proxy = client.bind(WlCompositorProxy, 4).createSurface();
    const offsets: number[][] = [];
    client.settle();
    const [surface] = fixture.core.surfaces;
    surface?.onApplied(({ offsetX, offsetY }) => offsets.push([offsetX, offsetY]));
    proxy.attach(client.shmBuffer().proxy, 3, -4);
    proxy.commit();
    proxy.commit();
    expect(client.settle()).toBeUndefined();
    expect(offsets).toEqual([
      [3, -4],
      [0, 0],
    ]);
  });
});

test('regions are taken by value when they are set, and apply with the commit', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const { proxy, surface } = client.createSurface();
    const region = client.compositor.createRegion();
    region.add(0, 0, 10, 10);
    region.subtract(0, 0, 5, 10);
    proxy.setOpaqueRegion(region);
    proxy.setInputRegion(region);
    region.add(100, 100, 1, 1);
    region.destroy();
    client.settle();
    expect(surface.current.inputRegion).toBeNull();
    proxy.commit();
    client.settle();
    const right = [{ x: 5, y: 0, width: 5, height: 10 }];
    expect(surface.current.opaqueRegion.rects()).toEqual(right);
    expect(surface.current.inputRegion?.region.rects()).toEqual(right);
    proxy.setOpaqueRegion(null);
    proxy.setInputRegion(null);
    proxy.commit();
    client.settle();
    expect(surface.current.opaqueRegion.isEmpty).toBe(true);
    expect(surface.current.inputRegion).toBeNull();
  });
});

test('an opaque region of very many parts hints at nothing; an input region counts as it is', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const { proxy, surface } = client.createSurface();
    const region = client.compositor.createRegion();
    let row = 0;
    for (const [rects, told] of [
      [64, 64],
      [65, 0],
    ] as const) {
      for (; row < rects; row++) region.add(0, 2 * row, 1, 1);
      proxy.setOpaqueRegion(region);
      proxy.setInputRegion(region);
      proxy.commit();
      client.settle();
      expect(surface.current.opaqueRegion.rectCount).toBe(told);
      expect(surface.current.inputRegion?.region.rectCount).toBe(rects);
    }
  });
});

test('damage: of the surface and of the buffer together; all of it when the size changes; none without content', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const { proxy, surface } = client.createSurface();
    const areas: number[] = [];
    surface.onApplied(({ damage }) => {
      areas.push(damage.rects().reduce((area, { width, height }) => area + width * height, 0));
    });
    proxy.damage(0, 0, 100, 100);
    proxy.commit();
    proxy.attach(client.shmBuffer(8, 8).proxy, 0, 0);
    proxy.commit();
    proxy.attach(client.shmBuffer(8, 8).proxy, 0, 0);
    proxy.damage(0, 0, 2, 2);
    proxy.damageBuffer(6, 6, 0x7fff_ffff, 0x7fff_ffff);
    proxy.commit();
    proxy.attach(client.shmBuffer(4, 4).proxy, 0, 0);
    proxy.commit();
    proxy.commit();
    client.settle();
    expect(areas).toEqual([0, 64, 8, 16, 0]);
  });
});

test('a frame callback of a destroyed surface is destroyed with it', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const { proxy } = client.createSurface();
    const before = client.client.objectCount;
    proxy.frame();
    proxy.attach(client.shmBuffer().proxy, 0, 0);
    proxy.commit();
    proxy.frame();
    client.settle();
    proxy.destroy();
    client.settle();
    // The surface is gone, the buffer came, the callbacks are gone (the shm global was bound meanwhile).
    expect(client.client.objectCount).toBe(before - 1 + 2);
    expect(client.error).toBeUndefined();
  });
});

test('more damage than one can use becomes its bounding box; nothing damaged is lost', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const { proxy, surface } = client.createSurface();
    proxy.attach(client.shmBuffer(400, 2).proxy, 0, 0);
    proxy.commit();
    client.settle();
    const damages: Region[] = [];
    surface.onApplied(({ damage }) => damages.push(damage));
    for (let x = 0; x < 200; x++) proxy.damage(2 * x, 0, 1, 1);
    proxy.commit();
    client.settle();
    const [damage] = damages;
    expect(damage?.rectCount).toBeLessThan(100);
    for (let x = 0; x < 200; x++) expect(damage?.contains(2 * x, 0)).toBe(true);
    expect(damage?.contains(0, 1)).toBe(false);
  });
});

test('a region of thousands of rectangles is no_memory, for that client alone', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const bystander = fixture.connect();
    const region = client.compositor.createRegion();
    for (let x = 0; x < 1025; x++) region.add(2 * x, 0, 1, 1);
    expect(client.settle()).toMatchObject({ interface: 'wl_display', code: 2 });
    expect(bystander.error).toBeUndefined();
  });
});
