/** wl_output.transform arithmetic: how a buffer's pixels lie on the surface. */
import type { Rect } from './region.ts';

/** wl_output.transform: 0 normal, 1 90°, 2 180°, 3 270° counter-clockwise, 4 to 7 the same, flipped first. */
export type Transform = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

export function isTransform(value: number): value is Transform {
  return Number.isInteger(value) && value >= 0 && value <= 7;
}

/** Whether width and height change places. */
export function swapsAxes(transform: Transform): boolean {
  return (transform & 1) === 1;
}

/** The transform that undoes `transform`: flipped ones undo themselves. */
export function invertTransform(transform: Transform): Transform {
  if (transform === 1) return 3;
  if (transform === 3) return 1;
  return transform;
}

/** Where a rectangle inside a `width` × `height` area lands when the area is transformed. */
export function transformRect(
  rect: Rect,
  transform: Transform,
  width: number,
  height: number,
): Rect {
  const right = width - rect.x - rect.width;
  const bottom = height - rect.y - rect.height;
  const swapped = swapsAxes(transform);
  const size = {
    width: swapped ? rect.height : rect.width,
    height: swapped ? rect.width : rect.height,
  };
  switch (transform) {
    case 0:
      return { x: rect.x, y: rect.y, ...size };
    case 1:
      return { x: rect.y, y: right, ...size };
    case 2:
      return { x: right, y: bottom, ...size };
    case 3:
      return { x: bottom, y: rect.x, ...size };
    case 4:
      return { x: right, y: rect.y, ...size };
    case 5:
      return { x: rect.y, y: rect.x, ...size };
    case 6:
      return { x: rect.x, y: bottom, ...size };
    case 7:
      return { x: bottom, y: right, ...size };
  }
}
