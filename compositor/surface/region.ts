/** Sets of pixels as rectangles: wl_region, damage, opaque and input regions. */

/** A rectangle; empty when width or height is 0. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** One horizontal band: rows [top, bottom) share the same spans, a flat list of [left, right) pairs, ascending and disjoint. */
interface Band {
  readonly top: number;
  readonly bottom: number;
  readonly spans: readonly number[];
}

/**
 * An immutable set of pixels, kept y-x banded: bands do not overlap, neighbours with equal spans are merged, so equal sets have
 * equal representations. Coordinates are integers.
 */
export class Region {
  static #empty: Region | undefined;
  readonly #bands: readonly Band[];

  private constructor(bands: readonly Band[]) {
    this.#bands = bands;
  }

  /** Made on first use: a static initialiser that names its own class is compiled to one that runs too early. */
  static get empty(): Region {
    Region.#empty ??= new Region([]);
    return Region.#empty;
  }

  static rect(x: number, y: number, width: number, height: number): Region {
    if (width <= 0 || height <= 0) return Region.empty;
    return new Region([{ top: y, bottom: y + height, spans: [x, x + width] }]);
  }

  static fromRects(rects: Iterable<Rect>): Region {
    let region = Region.empty;
    for (const rect of rects) {
      region = region.union(Region.rect(rect.x, rect.y, rect.width, rect.height));
    }
    return region;
  }

  get isEmpty(): boolean {
    return this.#bands.length === 0;
  }

  /** Length of {@link Region.rects}. */
  get rectCount(): number {
    let edges = 0;
    for (const { spans } of this.#bands) edges += spans.length;
    return edges / 2;
  }

  /** The smallest rectangle around it; zero-sized when empty. */
  get extents(): Rect {
    const first = this.#bands[0];
    const last = this.#bands[this.#bands.length - 1];
    if (!first || !last) return { x: 0, y: 0, width: 0, height: 0 };
    let left = Infinity;
    let right = -Infinity;
    for (const { spans } of this.#bands) {
      left = Math.min(left, spans[0] ?? left);
      right = Math.max(right, spans[spans.length - 1] ?? right);
    }
    return { x: left, y: first.top, width: right - left, height: last.bottom - first.top };
  }

  /** Disjoint rectangles, top to bottom, then left to right. */
  rects(): Rect[] {
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
    for (const { top, bottom, spans } of this.#bands) {
      if (y < top) return false;
      if (y < bottom) return covers(spans, x);
    }
    return false;
  }

  /** Whether every pixel of the rectangle is in the set. */
  containsRect(rect: Rect): boolean {
    return Region.rect(rect.x, rect.y, rect.width, rect.height).subtract(this).isEmpty;
  }

  union(other: Region): Region {
    if (other.isEmpty) return this;
    if (this.isEmpty || other.#coversRectangle(this)) return other;
    if (this.#coversRectangle(other)) return this;
    return this.#combine(other, (inA, inB) => inA || inB);
  }

  intersect(other: Region): Region {
    if (this.isEmpty || other.isEmpty) return Region.empty;
    if (this.#coversRectangle(other)) return other;
    if (other.#coversRectangle(this)) return this;
    return this.#combine(other, (inA, inB) => inA && inB);
  }

  subtract(other: Region): Region {
    if (this.isEmpty || other.isEmpty) return this;
    if (other.#coversRectangle(this)) return Region.empty;
    return this.#combine(other, (inA, inB) => inA && !inB);
  }

  translate(dx: number, dy: number): Region {
    if (dx === 0 && dy === 0) return this;
    return new Region(
      this.#bands.map(({ top, bottom, spans }) => ({
        top: top + dy,
        bottom: bottom + dy,
        spans: spans.map((edge) => edge + dx),
      })),
    );
  }

  equals(other: Region): boolean {
    return (
      this === other ||
      (this.#bands.length === other.#bands.length &&
        this.#bands.every((band, index) => {
          const twin = other.#bands[index];
          return (
            twin !== undefined &&
            band.top === twin.top &&
            band.bottom === twin.bottom &&
            sameSpans(band.spans, twin.spans)
          );
        }))
    );
  }

  /**
   * Whether both are a single rectangle and this one covers the other: so nearly always with the damage of a window that draws the
   * same place again, and then there is nothing to be made.
   */
  #coversRectangle(other: Region): boolean {
    const [mine] = this.#bands;
    const [theirs] = other.#bands;
    if (!mine || !theirs || this.#bands.length > 1 || other.#bands.length > 1) return false;
    if (mine.spans.length > 2 || theirs.spans.length > 2) return false;
    return (
      mine.top <= theirs.top &&
      mine.bottom >= theirs.bottom &&
      (mine.spans[0] ?? Infinity) <= (theirs.spans[0] ?? -Infinity) &&
      (mine.spans[1] ?? -Infinity) >= (theirs.spans[1] ?? Infinity)
    );
  }

  /** Sweeps both from top to bottom; within each stretch of rows both have constant spans. */
  #combine(other: Region, keep: (inA: boolean, inB: boolean) => boolean): Region {
    const edges = [...rowEdges(this.#bands), ...rowEdges(other.#bands)].sort((a, b) => a - b);
    const bands: Band[] = [];
    let a = 0;
    let b = 0;
    for (let index = 0; index + 1 < edges.length; index++) {
      const top = edges[index] ?? 0;
      const bottom = edges[index + 1] ?? 0;
      if (top === bottom) continue;
      while ((this.#bands[a]?.bottom ?? Infinity) <= top) a++;
      while ((other.#bands[b]?.bottom ?? Infinity) <= top) b++;
      const spans = combineSpans(spansAt(this.#bands[a], top), spansAt(other.#bands[b], top), keep);
      if (spans.length > 0) append(bands, { top, bottom, spans });
    }
    return bands.length === 0 ? Region.empty : new Region(bands);
  }
}

const NO_SPANS: readonly number[] = [];

function spansAt(band: Band | undefined, row: number): readonly number[] {
  return band && band.top <= row ? band.spans : NO_SPANS;
}

function rowEdges(bands: readonly Band[]): number[] {
  return bands.flatMap(({ top, bottom }) => [top, bottom]);
}

function append(bands: Band[], band: Band): void {
  const last = bands[bands.length - 1];
  if (last && last.bottom === band.top && sameSpans(last.spans, band.spans)) {
    bands[bands.length - 1] = { top: last.top, bottom: band.bottom, spans: last.spans };
  } else {
    bands.push(band);
  }
}

function combineSpans(
  a: readonly number[],
  b: readonly number[],
  keep: (inA: boolean, inB: boolean) => boolean,
): number[] {
  const result: number[] = [];
  let indexA = 0;
  let indexB = 0;
  let inside = false;
  while (indexA < a.length || indexB < b.length) {
    const x = Math.min(a[indexA] ?? Infinity, b[indexB] ?? Infinity);
    while (a[indexA] === x) indexA++;
    while (b[indexB] === x) indexB++;
    // An odd number of edges passed: inside a span.
    const now = keep(indexA % 2 === 1, indexB % 2 === 1);
    if (now !== inside) result.push(x);
    inside = now;
  }
  return result;
}

function covers(spans: readonly number[], x: number): boolean {
  for (let index = 0; index + 1 < spans.length; index += 2) {
    if (x >= (spans[index] ?? Infinity) && x < (spans[index + 1] ?? -Infinity)) return true;
  }
  return false;
}

function sameSpans(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((edge, index) => edge === b[index]);
}
