/** Where a popup goes: xdg_positioner's rules as a function (xdg-shell.xml: xdg_positioner). */

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Anchors and gravities as xdg-shell numbers them: 0 none, 1 top, 2 bottom, 3 left, 4 right, 5 top left, 6 bottom left, 7 top right, 8 bottom right. */
export type Edge = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** Bits of xdg_positioner.constraint_adjustment. */
export const SLIDE_X = 1;
export const SLIDE_Y = 2;
export const FLIP_X = 4;
export const FLIP_Y = 8;
export const RESIZE_X = 16;
export const RESIZE_Y = 32;

/** A finished set of rules; coordinates are relative to the parent's window geometry. */
export interface PositionerRules {
  readonly width: number;
  readonly height: number;
  readonly anchorRect: Rectangle;
  readonly anchor: Edge;
  readonly gravity: Edge;
  readonly constraintAdjustment: number;
  readonly offsetX: number;
  readonly offsetY: number;
  readonly reactive: boolean;
  /** set_parent_size and set_parent_configure: what the parent is about to be, see {@link futureParent}. */
  readonly parentWidth?: number;
  readonly parentHeight?: number;
  readonly parentConfigure?: number;
}

/** -1 towards left/top, 0 middle, 1 towards right/bottom. */
type Side = -1 | 0 | 1;

interface Axis {
  readonly start: number;
  readonly size: number;
}

interface AxisRules {
  readonly anchorStart: number;
  readonly anchorSize: number;
  readonly anchor: Side;
  readonly gravity: Side;
  readonly offset: number;
  readonly size: number;
  readonly slide: boolean;
  readonly flip: boolean;
  readonly resize: boolean;
}

/**
 * The popup's rectangle relative to the parent's window geometry. `bounds` (same coordinates) is where it should fit;
 * null leaves it where the rules say. Per axis: flip, then slide, then resize, as far as allowed.
 */
export function placePopup(rules: PositionerRules, bounds: Rectangle | null): Rectangle {
  const { anchorRect, constraintAdjustment: allowed } = rules;
  const horizontal = placeAxis(
    {
      anchorStart: anchorRect.x,
      anchorSize: anchorRect.width,
      anchor: horizontalSide(rules.anchor),
      gravity: horizontalSide(rules.gravity),
      offset: rules.offsetX,
      size: rules.width,
      slide: (allowed & SLIDE_X) !== 0,
      flip: (allowed & FLIP_X) !== 0,
      resize: (allowed & RESIZE_X) !== 0,
    },
    bounds && { start: bounds.x, size: bounds.width },
  );
  const vertical = placeAxis(
    {
      anchorStart: anchorRect.y,
      anchorSize: anchorRect.height,
      anchor: verticalSide(rules.anchor),
      gravity: verticalSide(rules.gravity),
      offset: rules.offsetY,
      size: rules.height,
      slide: (allowed & SLIDE_Y) !== 0,
      flip: (allowed & FLIP_Y) !== 0,
      resize: (allowed & RESIZE_Y) !== 0,
    },
    bounds && { start: bounds.y, size: bounds.height },
  );
  return { x: horizontal.start, y: vertical.start, width: horizontal.size, height: vertical.size };
}

function placeAxis(rules: AxisRules, bounds: Axis | null): Axis {
  const placed = unconstrained(rules);
  if (!bounds || fits(placed, bounds)) return placed;
  if (rules.flip) {
    const flipped = unconstrained({
      ...rules,
      anchor: opposite(rules.anchor),
      gravity: opposite(rules.gravity),
      offset: -rules.offset,
    });
    if (fits(flipped, bounds)) return flipped;
  }
  let axis = placed;
  if (rules.slide) {
    axis = slide(axis, rules.gravity, bounds);
    if (fits(axis, bounds)) return axis;
  }
  return rules.resize ? shrink(axis, bounds) : axis;
}

function unconstrained(rules: AxisRules): Axis {
  const { anchorStart, anchorSize, anchor, gravity, offset, size } = rules;
  let anchorPoint = anchorStart + Math.floor(anchorSize / 2);
  if (anchor < 0) anchorPoint = anchorStart;
  else if (anchor > 0) anchorPoint = anchorStart + anchorSize;
  let start = anchorPoint - Math.floor(size / 2);
  if (gravity < 0) start = anchorPoint - size;
  else if (gravity > 0) start = anchorPoint;
  return { start: start + offset, size };
}

/** Towards the gravity until the far edge is in, then back until the near edge is (xdg-shell.xml: slide_x). */
function slide(axis: Axis, gravity: Side, bounds: Axis): Axis {
  const lowest = bounds.start;
  const highest = bounds.start + bounds.size - axis.size;
  let { start } = axis;
  if (gravity < 0) {
    if (start > highest) start = Math.max(highest, lowest);
    if (start < lowest) start = Math.min(lowest, Math.max(highest, lowest));
  } else {
    // Larger than the bounds: the near edge wins, so that the beginning of the popup can be read.
    start = Math.max(Math.min(start, highest), lowest);
  }
  return { start, size: axis.size };
}

function shrink(axis: Axis, bounds: Axis): Axis {
  const start = Math.max(axis.start, bounds.start);
  const end = Math.min(axis.start + axis.size, bounds.start + bounds.size);
  return end - start >= 1 ? { start, size: end - start } : axis;
}

function fits(axis: Axis, bounds: Axis): boolean {
  return axis.start >= bounds.start && axis.start + axis.size <= bounds.start + bounds.size;
}

function opposite(side: Side): Side {
  if (side === 0) return 0;
  return side === 1 ? -1 : 1;
}

function horizontalSide(edge: Edge): Side {
  if (edge === 3 || edge === 5 || edge === 6) return -1;
  return edge === 4 || edge === 7 || edge === 8 ? 1 : 0;
}

function verticalSide(edge: Edge): Side {
  if (edge === 1 || edge === 5 || edge === 7) return -1;
  return edge === 2 || edge === 6 || edge === 8 ? 1 : 0;
}
