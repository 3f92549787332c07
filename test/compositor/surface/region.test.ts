/** Region against a naive set of pixels. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Region, type Rect } from '../../../compositor/surface/region.ts';

const SIDE = 12;

const rect = fc.record({
  x: fc.integer({ min: 0, max: SIDE - 1 }),
  y: fc.integer({ min: 0, max: SIDE - 1 }),
  width: fc.integer({ min: 0, max: 6 }),
  height: fc.integer({ min: 0, max: 6 }),
});
const operation = fc.record({
  kind: fc.constantFrom('union', 'subtract', 'intersect'),
  rects: fc.array(rect, { maxLength: 3 }),
});

function pixelsOf(rects: readonly Rect[]): Set<string> {
  const pixels = new Set<string>();
  for (const { x, y, width, height } of rects) {
    for (let row = y; row < y + height; row++) {
      for (let column = x; column < x + width; column++) pixels.add(`${column},${row}`);
    }
  }
  return pixels;
}

function combine(kind: string, a: Set<string>, b: Set<string>): Set<string> {
  if (kind === 'union') return new Set([...a, ...b]);
  return new Set([...a].filter((pixel) => b.has(pixel) === (kind === 'intersect')));
}

test('any sequence of operations equals the same on sets of pixels', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 8 }), rect, (operations, probe) => {
      let region = Region.empty;
      let model = new Set<string>();
      for (const { kind, rects } of operations) {
        const other = Region.fromRects(rects);
        if (kind === 'union') region = region.union(other);
        else if (kind === 'subtract') region = region.subtract(other);
        else region = region.intersect(other);
        model = combine(kind, model, pixelsOf(rects));
      }
      const rects = region.rects();
      expect(pixelsOf(rects)).toEqual(model);
      // Disjoint: as many pixels as their areas say.
      expect(rects.reduce((area, { width, height }) => area + width * height, 0)).toBe(model.size);
      expect(region.isEmpty).toBe(model.size === 0);
      expect(region.containsRect(probe)).toBe(
        [...pixelsOf([probe])].every((pixel) => model.has(pixel)),
      );
      for (let x = -1; x <= 2 * SIDE; x++) {
        expect(region.contains(x, 5)).toBe(model.has(`${x},5`));
      }
    }),
    { seed: 1, numRuns: 1000 },
  );
});

test('equal sets of pixels are equal regions, however they came about', () => {
  const whole = Region.rect(0, 0, 10, 10);
  const parts = Region.fromRects([
    { x: 0, y: 0, width: 5, height: 10 },
    { x: 5, y: 5, width: 5, height: 5 },
    { x: 5, y: 0, width: 5, height: 5 },
  ]);
  expect(parts.equals(whole)).toBe(true);
  expect(parts.rects()).toEqual([{ x: 0, y: 0, width: 10, height: 10 }]);
  expect(parts.translate(3, -2).translate(-3, 2).equals(whole)).toBe(true);
  expect(whole.subtract(Region.rect(4, 4, 1, 1)).equals(whole)).toBe(false);
});

test('extents and containsRect', () => {
  const region = Region.rect(2, 3, 4, 5).union(Region.rect(10, 1, 1, 1));
  expect(region.extents).toEqual({ x: 2, y: 1, width: 9, height: 7 });
  expect(region.containsRect({ x: 2, y: 3, width: 4, height: 5 })).toBe(true);
  expect(region.containsRect({ x: 2, y: 3, width: 5, height: 5 })).toBe(false);
  const stairs = Region.rect(0, 0, 4, 4).union(Region.rect(2, 4, 4, 4));
  expect(stairs.containsRect({ x: 2, y: 1, width: 2, height: 6 })).toBe(true);
  expect(stairs.containsRect({ x: 1, y: 1, width: 3, height: 6 })).toBe(false);
  expect(stairs.containsRect({ x: 0, y: 0, width: 0, height: 9 })).toBe(true);
  expect(Region.empty.extents).toEqual({ x: 0, y: 0, width: 0, height: 0 });
});
