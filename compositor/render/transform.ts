/** Affine maps between surface, output and buffer pixels (wayland.xml: wl_output.transform, wl_surface.set_buffer_transform). */

/** x' = xx·x + xy·y + x0, y' = yx·x + yy·y + y0. */
export interface Affine {
  readonly xx: number;
  readonly xy: number;
  readonly x0: number;
  readonly yx: number;
  readonly yy: number;
  readonly y0: number;
}

/** Half-open box of numbers: x1 ≤ x < x2. */
export interface Box {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

export const IDENTITY: Affine = { xx: 1, xy: 0, x0: 0, yx: 0, yy: 1, y0: 0 };

/** First `first`, then `second`. */
export function chain(first: Affine, second: Affine): Affine {
  return {
    xx: second.xx * first.xx + second.xy * first.yx,
    xy: second.xx * first.xy + second.xy * first.yy,
    x0: second.xx * first.x0 + second.xy * first.y0 + second.x0,
    yx: second.yx * first.xx + second.yy * first.yx,
    yy: second.yx * first.xy + second.yy * first.yy,
    y0: second.yx * first.x0 + second.yy * first.y0 + second.y0,
  };
}

export function scaling(x: number, y: number): Affine {
  return { xx: x, xy: 0, x0: 0, yx: 0, yy: y, y0: 0 };
}

export function translation(x: number, y: number): Affine {
  return { xx: 1, xy: 0, x0: x, yx: 0, yy: 1, y0: y };
}

/** Throws when the map flattens the plane; none of ours does. */
export function invert(map: Affine): Affine {
  const determinant = map.xx * map.yy - map.xy * map.yx;
  if (determinant === 0) throw new RangeError('singular transform');
  return {
    xx: map.yy / determinant,
    xy: -map.xy / determinant,
    x0: (map.xy * map.y0 - map.yy * map.x0) / determinant,
    yx: -map.yx / determinant,
    yy: map.xx / determinant,
    y0: (map.yx * map.x0 - map.xx * map.y0) / determinant,
  };
}

/**
 * From content of `width` × `height` to the buffer it was drawn into with wl_output.transform `transform`:
 * 1…3 turn counter-clockwise by 90° each, 4…7 flip about the vertical axis first.
 */
export function transformOf(transform: number, width: number, height: number): Affine {
  switch (transform) {
    case 1:
      return { xx: 0, xy: 1, x0: 0, yx: -1, yy: 0, y0: width };
    case 2:
      return { xx: -1, xy: 0, x0: width, yx: 0, yy: -1, y0: height };
    case 3:
      return { xx: 0, xy: -1, x0: height, yx: 1, yy: 0, y0: 0 };
    case 4:
      return { xx: -1, xy: 0, x0: width, yx: 0, yy: 1, y0: 0 };
    case 5:
      return { xx: 0, xy: 1, x0: 0, yx: 1, yy: 0, y0: 0 };
    case 6:
      return { xx: 1, xy: 0, x0: 0, yx: 0, yy: -1, y0: height };
    case 7:
      return { xx: 0, xy: -1, x0: height, yx: -1, yy: 0, y0: width };
    default:
      return IDENTITY;
  }
}

/** The box's image; exact for our maps, which turn by multiples of 90°. */
export function mapBox(map: Affine, box: Box): Box {
  const ax = map.xx * box.x1 + map.xy * box.y1 + map.x0;
  const ay = map.yx * box.x1 + map.yy * box.y1 + map.y0;
  const bx = map.xx * box.x2 + map.xy * box.y2 + map.x0;
  const by = map.yx * box.x2 + map.yy * box.y2 + map.y0;
  return {
    x1: Math.min(ax, bx),
    y1: Math.min(ay, by),
    x2: Math.max(ax, bx),
    y2: Math.max(ay, by),
  };
}

export function mapPoint(map: Affine, x: number, y: number): { x: number; y: number } {
  return { x: map.xx * x + map.xy * y + map.x0, y: map.yx * x + map.yy * y + map.y0 };
}

/** Smallest whole box around it; a hair over a whole number (rounding of fractional scales) does not count. */
export function roundOut(box: Box): Box {
  const hair = 1e-4;
  return {
    x1: Math.floor(box.x1 + hair),
    y1: Math.floor(box.y1 + hair),
    x2: Math.ceil(box.x2 - hair),
    y2: Math.ceil(box.y2 - hair),
  };
}

/** Largest whole box inside it: for opaque regions, which must not claim half a pixel. */
export function roundIn(box: Box): Box {
  const hair = 1e-4;
  return {
    x1: Math.ceil(box.x1 - hair),
    y1: Math.ceil(box.y1 - hair),
    x2: Math.floor(box.x2 + hair),
    y2: Math.floor(box.y2 + hair),
  };
}

/** Whether pixels fall on pixels: no filter needed. */
export function isPixelExact(map: Affine): boolean {
  const turns =
    (Math.abs(map.xx) === 1 && map.xy === 0 && map.yx === 0 && Math.abs(map.yy) === 1) ||
    (map.xx === 0 && Math.abs(map.xy) === 1 && Math.abs(map.yx) === 1 && map.yy === 0);
  return turns && Number.isInteger(map.x0) && Number.isInteger(map.y0);
}

/** A whole translation: the cheapest case. */
export function isWholeTranslation(map: Affine): boolean {
  return map.xx === 1 && map.yy === 1 && isPixelExact(map);
}
