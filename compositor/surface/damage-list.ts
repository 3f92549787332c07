/** Damage as clients send it, before it becomes a region: bounded, whatever they send. */
import type { Rect } from './region.ts';

/** More rectangles than this become their bounding box: too much is drawn then, never too little. */
export const MAX_DAMAGE_RECTS = 64;

/** The list with a rectangle more, perhaps the same list; empty rectangles are ignored. Null: no damage. */
export function addDamage(rects: Rect[] | null, rect: Rect): Rect[] | null {
  if (rect.width <= 0 || rect.height <= 0) return rects;
  if (rects === null) return [rect];
  rects.push(rect);
  return rects.length > MAX_DAMAGE_RECTS ? [boundingBox(rects)] : rects;
}

function boundingBox(rects: readonly Rect[]): Rect {
  let left = Infinity;
  let top = Infinity;
  let right = -Infinity;
  let bottom = -Infinity;
  for (const { x, y, width, height } of rects) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x + width);
    bottom = Math.max(bottom, y + height);
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}
