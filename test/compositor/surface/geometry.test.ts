/** Buffer pixels to surface coordinates. */
import { expect, test } from 'vitest';
import {
  bufferDamageToSurface,
  surfaceSize,
  type BufferGeometry,
} from '../../../compositor/surface/geometry.ts';
import { mapBox, transformOf } from '../../../compositor/render/transform.ts';
import {
  invertTransform,
  transformRect,
  type Transform,
} from '../../../compositor/surface/transform.ts';

const PLAIN: BufferGeometry = {
  bufferWidth: 40,
  bufferHeight: 20,
  scale: 1,
  transform: 0,
  viewport: { source: null, destination: null },
};

test('size follows scale, transform and viewport', () => {
  expect(surfaceSize(PLAIN)).toEqual({ width: 40, height: 20 });
  expect(surfaceSize({ ...PLAIN, scale: 2 })).toEqual({ width: 20, height: 10 });
  expect(surfaceSize({ ...PLAIN, scale: 2, transform: 1 })).toEqual({ width: 10, height: 20 });
  const source = { x: 1, y: 1, width: 8, height: 4 };
  expect(surfaceSize({ ...PLAIN, viewport: { source, destination: null } })).toEqual({
    width: 8,
    height: 4,
  });
  const destination = { width: 100, height: 50 };
  expect(surfaceSize({ ...PLAIN, viewport: { source, destination } })).toEqual(destination);
  expect(surfaceSize({ ...PLAIN, bufferWidth: 0, bufferHeight: 0 })).toEqual({
    width: 0,
    height: 0,
  });
});

test('each transform is undone by its inverse', () => {
  const rect = { x: 3, y: 5, width: 7, height: 2 };
  for (let transform = 0; transform < 8; transform++) {
    const there = transform as Transform;
    const turned = transformRect(rect, there, 40, 20);
    const [width, height] = transform % 2 === 0 ? [40, 20] : [20, 40];
    expect(transformRect(turned, invertTransform(there), width, height)).toEqual(rect);
  }
});

test('buffer damage lands on the right surface pixels, grown to whole ones and clipped', () => {
  const scaled = bufferDamageToSurface([{ x: 3, y: 3, width: 2, height: 2 }], {
    ...PLAIN,
    scale: 2,
  });
  expect(scaled.rects()).toEqual([{ x: 1, y: 1, width: 2, height: 2 }]);
  // Content turned by 90 degrees counter-clockwise by the client: the buffer's left edge is the surface's top.
  const turned = bufferDamageToSurface([{ x: 0, y: 0, width: 1, height: 1 }], {
    ...PLAIN,
    transform: 1,
  });
  expect(turned.rects()).toEqual([{ x: 19, y: 0, width: 1, height: 1 }]);
  const everything = { x: -5, y: -5, width: 0x7fff_ffff, height: 0x7fff_ffff };
  expect(bufferDamageToSurface([everything], PLAIN).rects()).toEqual([
    { x: 0, y: 0, width: 40, height: 20 },
  ]);
  const viewport = {
    source: { x: 10, y: 0, width: 10, height: 20 },
    destination: { width: 20, height: 40 },
  };
  const zoomed = bufferDamageToSurface([{ x: 11, y: 1, width: 1, height: 1 }], {
    ...PLAIN,
    viewport,
  });
  expect(zoomed.rects()).toEqual([{ x: 2, y: 2, width: 2, height: 2 }]);
});

test.each([0, 1, 2, 3, 4, 5, 6, 7] as const)(
  'with transform %i damage lies where the damaged pixels are drawn',
  (transform) => {
    const [width, height] = transform % 2 === 0 ? [64, 80] : [80, 64];
    const toBuffer = transformOf(transform, width, height);
    const { x1, y1, x2, y2 } = mapBox(toBuffer, { x1: 1, y1: 28, x2: 3, y2: 36 });
    const damage = { x: x1, y: y1, width: x2 - x1, height: y2 - y1 };
    const geometry = { ...PLAIN, bufferWidth: 64, bufferHeight: 80, transform };
    const seen = bufferDamageToSurface([damage], geometry);
    expect(seen.rects()).toEqual([{ x: 1, y: 28, width: 2, height: 8 }]);
  },
);
