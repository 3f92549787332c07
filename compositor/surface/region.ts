/** Sets of pixels as rectangles: wl_region, damage, opaque and input regions. */
import { combineBands, sameSpans } from './bands.ts';
import type { Band, SetOperation } from './bands.ts';

/** A rectangle; empty when width or height is 0. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * An immutable set of pixels, kept y-x banded: bands do not overlap, neighbours with equal spans are merged, so equal sets have
 * equal representations. Coordinates are integers.
 *
 * Nearly all sets are one rectangle: those have no bands, their extents say it all.
 */
export class Region {
  static #empty: Region | undefined;
  readonly #left: number;
  readonly #top: number;
  readonly #right: number;
  readonly #bottom: number;
  /** Null: the set is its extents. */
  readonly #bands: readonly Band[] | null;

  private constructor(
    left: number,
    top: number,
    right: number,
    bottom: number,
    bands: readonly Band[] | null,
  ) {
    this.#left = left;
    this.#top = top;
    this.#right = right;
    this.#bottom = bottom;
    this.#bands = bands;
  }

  /** Made on first use: a static initialiser that names its own class is compiled to one that runs too early. */
  static get empty(): Region {
    return (Region.#empty ??= new Region(0, 0, 0, 0, null));
  }

  static rect(x: number, y: number, width: number, height: number): Region {
    if (width <= 0 || height <= 0) return Region.empty;
    return new Region(x, y, x + width, y + height, null);
  }

  static fromRects(rects: Iterable<Rect>): Region {
    let region = Region.empty;
    for (const rect of rects) {
      region = region.union(Region.rect(rect.x, rect.y, rect.width, rect.height));
    }
    return region;
  }

  get isEmpty(): boolean {
    return this.#right === this.#left;
  }

  /** Length of {@link Region.rects}. */
  get rectCount(): number {
    if (this.#bands === null) return this.isEmpty ? 0 : 1;
    let edges = 0;
    for (const { spans } of this.#bands) edges += spans.length;
    return edges / 2;
  }

  /** The smallest rectangle around it; zero-sized when empty. */
  get extents(): Rect {
    return {
      x: this.#left,
      y: this.#top,
      width: this.#right - this.#left,
      height: this.#bottom - this.#top,
    };
  }

  /** Disjoint rectangles, top to bottom, then left to right. */
  rects(): Rect[] {
    if (this.#bands === null) return this.isEmpty ? [] : [this.extents];
    const rects: Rect[] = [];
    for (const { top, bottom, spans } of this.#bands) {
      for (let index = 0; index + 1 < spans.length; index += 2) {
        const left = spans[index] ?? 0;
        const right = spans[index + 1] ?? 0;
        rects.push({ x: left, y: top, width: right - left, height: bottom - top });
      }
    }
    return rects;
  }

  contains(x: number, y: number): boolean {
    const within = x >= this.#left && x < this.#right && y >= this.#top && y < this.#bottom;
    if (!within || this.#bands === null) return within;
    for (const { top, bottom, spans } of this.#bands) {
      if (y < top) return false;
      if (y < bottom) return covers(spans, x);
    }
    return false;
  }

  /** Whether every pixel of the rectangle is in the set; an empty one is. */
  containsRect({ x, y, width, height }: Rect): boolean {
    return width <= 0 || height <= 0 || this.#containsBox(x, y, x + width, y + height);
  }

  union(other: Region): Region {
    if (other.isEmpty) return this;
    if (this.isEmpty || other.#covers(this)) return other;
    if (this.#containsBox(other.#left, other.#top, other.#right, other.#bottom)) return this;
    return this.#combine(other, 'union');
  }

  intersect(other: Region): Region {
    if (this.#misses(other)) return Region.empty;
    if (this.#covers(other)) return other;
    if (other.#covers(this)) return this;
    if (this.#bands === null && other.#bands === null) {
      const left = Math.max(this.#left, other.#left);
      const top = Math.max(this.#top, other.#top);
      const right = Math.min(this.#right, other.#right);
      const bottom = Math.min(this.#bottom, other.#bottom);
      return new Region(left, top, right, bottom, null);
    }
    return this.#combine(other, 'intersect');
  }

  subtract(other: Region): Region {
    if (this.#misses(other)) return this;
    if (other.#covers(this)) return Region.empty;
    return this.#combine(other, 'subtract');
  }

  translate(dx: number, dy: number): Region {
    if ((dx === 0 && dy === 0) || this.isEmpty) return this;
    const bands = this.#bands?.map(({ top, bottom, spans }) => ({
      top: top + dy,
      bottom: bottom + dy,
      spans: spans.map((edge) => edge + dx),
    }));
    return new Region(
      this.#left + dx,
      this.#top + dy,
      this.#right + dx,
      this.#bottom + dy,
      bands ?? null,
    );
  }

  equals(other: Region): boolean {
    if (this === other) return true;
    const sameExtents =
      this.#left === other.#left &&
      this.#top === other.#top &&
      this.#right === other.#right &&
      this.#bottom === other.#bottom;
    return sameExtents && sameBands(this.#bands, other.#bands);
  }

  /** Whether this is a rectangle around all of the other. */
  #covers(other: Region): boolean {
    return (
      this.#bands === null &&
      this.#left <= other.#left &&
      this.#right >= other.#right &&
      this.#top <= other.#top &&
      this.#bottom >= other.#bottom
    );
  }

  /** Whether this has every pixel of a box that is not empty. */
  #containsBox(left: number, top: number, right: number, bottom: number): boolean {
    const within =
      this.#left <= left && this.#right >= right && this.#top <= top && this.#bottom >= bottom;
    if (!within || this.#bands === null) return within;
    // The first row not found yet.
    let row = top;
    for (const band of this.#bands) {
      if (band.bottom <= row) continue;
      if (band.top > row || !coversSpan(band.spans, left, right)) return false;
      row = band.bottom;
      if (row >= bottom) return true;
    }
    return false;
  }

  /** Whether the two are apart, seen from their extents. So is whatever is empty. */
  #misses(other: Region): boolean {
    return (
      this.#left >= other.#right ||
      this.#right <= other.#left ||
      this.#top >= other.#bottom ||
      this.#bottom <= other.#top ||
      this.isEmpty ||
      other.isEmpty
    );
  }

  #combine(other: Region, operation: SetOperation): Region {
    const bands = combineBands(this.#asBands(), other.#asBands(), operation);
    const first = bands[0];
    const last = bands[bands.length - 1];
    if (!first || !last) return Region.empty;
    let left = Infinity;
    let right = -Infinity;
    for (const { spans } of bands) {
      left = Math.min(left, spans[0] ?? left);
      right = Math.max(right, spans[spans.length - 1] ?? right);
    }
    const single = bands.length === 1 && first.spans.length === 2;
    return new Region(left, first.top, right, last.bottom, single ? null : bands);
  }

  #asBands(): readonly Band[] {
    if (this.#bands !== null) return this.#bands;
    if (this.isEmpty) return [];
    return [{ top: this.#top, bottom: this.#bottom, spans: [this.#left, this.#right] }];
  }
}

function covers(spans: readonly number[], x: number): boolean {
  for (let index = 0; index + 1 < spans.length; index += 2) {
    if (x >= (spans[index] ?? Infinity) && x < (spans[index + 1] ?? -Infinity)) return true;
  }
  return false;
}

function coversSpan(spans: readonly number[], left: number, right: number): boolean {
  for (let index = 0; index + 1 < spans.length; index += 2) {
    if (left < (spans[index + 1] ?? -Infinity)) {
      return left >= (spans[index] ?? Infinity) && right <= (spans[index + 1] ?? -Infinity);
    }
  }
  return false;
}

function sameBands(a: readonly Band[] | null, b: readonly Band[] | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.length === b.length &&
    a.every((band, index) => {
      const twin = b[index];
      return (
        twin !== undefined &&
        band.top === twin.top &&
        band.bottom === twin.bottom &&
        sameSpans(band.spans, twin.spans)
      );
    })
  );
}
