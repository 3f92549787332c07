import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Edge,
  FLIP_X,
  FLIP_Y,
  placePopup,
  type PositionerRules,
  RESIZE_X,
  RESIZE_Y,
  SLIDE_X,
  SLIDE_Y,
} from '../../../compositor/shell/positioner.ts';

const RULES: PositionerRules = {
  width: 20,
  height: 10,
  anchorRect: { x: 100, y: 50, width: 40, height: 30 },
  anchor: 0,
  gravity: 0,
  constraintAdjustment: 0,
  offsetX: 0,
  offsetY: 0,
  reactive: false,
};

test.each<[anchor: Edge, gravity: Edge, x: number, y: number]>([
  [0, 0, 110, 60],
  [1, 0, 110, 45],
  [2, 2, 110, 80],
  [3, 3, 80, 60],
  [4, 4, 140, 60],
  [5, 5, 80, 40],
  [6, 8, 100, 80],
  [7, 8, 140, 50],
  [8, 5, 120, 70],
])('anchor %i with gravity %i puts it at %i,%i', (anchor, gravity, x, y) => {
  expect(placePopup({ ...RULES, anchor, gravity }, null)).toEqual({ x, y, width: 20, height: 10 });
});

test('the offset moves it', () => {
  expect(placePopup({ ...RULES, offsetX: -3, offsetY: 7 }, null)).toMatchObject({ x: 107, y: 67 });
});

const BOUNDS = { x: 0, y: 0, width: 150, height: 85 };

test('without adjustment it may hang out', () => {
  expect(placePopup({ ...RULES, anchor: 8, gravity: 8 }, BOUNDS)).toMatchObject({ x: 140, y: 80 });
});

test('flip puts it on the other side, with the offset turned', () => {
  const rules = {
    ...RULES,
    anchor: 8,
    gravity: 8,
    offsetX: 5,
    constraintAdjustment: FLIP_X | FLIP_Y,
  } as const;
  expect(placePopup(rules, BOUNDS)).toMatchObject({ x: 75, y: 40 });
});

test('a flip that does not fit either is not done', () => {
  const rules = {
    ...RULES,
    anchor: 4,
    gravity: 4,
    width: 120,
    constraintAdjustment: FLIP_X,
  } as const;
  expect(placePopup(rules, BOUNDS)).toMatchObject({ x: 140 });
});

test('slide moves it just in', () => {
  const rules = {
    ...RULES,
    anchor: 8,
    gravity: 8,
    constraintAdjustment: SLIDE_X | SLIDE_Y,
  } as const;
  expect(placePopup(rules, BOUNDS)).toMatchObject({ x: 130, y: 75 });
});

test('a popup larger than the bounds slides to its beginning', () => {
  const rules = { ...RULES, width: 400, gravity: 4, constraintAdjustment: SLIDE_X } as const;
  expect(placePopup(rules, BOUNDS)).toMatchObject({ x: 0, width: 400 });
});

test('resize cuts it off at the bounds', () => {
  const rules = {
    ...RULES,
    anchor: 8,
    gravity: 8,
    constraintAdjustment: RESIZE_X | RESIZE_Y,
  } as const;
  expect(placePopup(rules, BOUNDS)).toEqual({ x: 140, y: 80, width: 10, height: 5 });
});

test('with every adjustment allowed it always fits, when the bounds are met at all', () => {
  const edge = fc.integer({ min: 0, max: 8 }) as fc.Arbitrary<Edge>;
  const small = fc.integer({ min: 1, max: 300 });
  const place = fc.integer({ min: 0, max: 140 });
  fc.assert(
    fc.property(edge, edge, small, small, place, place, (anchor, gravity, width, height, x, y) => {
      const rules = {
        ...RULES,
        anchor,
        gravity,
        width,
        height,
        anchorRect: { x, y: Math.min(y, 80), width: 1, height: 1 },
        constraintAdjustment: SLIDE_X | SLIDE_Y | FLIP_X | FLIP_Y | RESIZE_X | RESIZE_Y,
      };
      const placed = placePopup(rules, BOUNDS);
      expect(placed.x).toBeGreaterThanOrEqual(0);
      expect(placed.y).toBeGreaterThanOrEqual(0);
      expect(placed.x + placed.width).toBeLessThanOrEqual(150);
      expect(placed.y + placed.height).toBeLessThanOrEqual(85);
      expect(placed.width).toBeGreaterThan(0);
      expect(placed.height).toBeGreaterThan(0);
    }),
    { seed: 1, numRuns: 1000 },
  );
});
