/** The y-x banded form of a set of pixels, and the set operations on it. */

/** One horizontal band: rows [top, bottom) share the same spans, a flat list of [left, right) pairs, ascending and disjoint. */
export interface Band {
  readonly top: number;
  readonly bottom: number;
  readonly spans: readonly number[];
}

export type SetOperation = 'union' | 'intersect' | 'subtract';

/**
 * Sweeps both from top to bottom; within each stretch of rows both have constant spans. Bands ascend and do not overlap, in the
 * arguments as in the result, where neighbours with equal spans are merged.
 */
export function combineBands(
  a: readonly Band[],
  b: readonly Band[],
  operation: SetOperation,
): Band[] {
  const bands: Band[] = [];
  let row = -Infinity;
  for (let indexA = 0, indexB = 0; indexA < a.length || indexB < b.length;) {
    const bandA = a[indexA];
    const bandB = b[indexB];
    const topA = bandA ? Math.max(bandA.top, row) : Infinity;
    const topB = bandB ? Math.max(bandB.top, row) : Infinity;
    const top = Math.min(topA, topB);
    const endA = bandA ? (topA === top ? bandA.bottom : bandA.top) : Infinity;
    const endB = bandB ? (topB === top ? bandB.bottom : bandB.top) : Infinity;
    const bottom = Math.min(endA, endB);
    const spansA = bandA && topA === top ? bandA.spans : NO_SPANS;
    const spansB = bandB && topB === top ? bandB.spans : NO_SPANS;
    append(bands, top, bottom, combineSpans(spansA, spansB, operation));
    row = bottom;
    if (bandA && bandA.bottom <= row) indexA++;
    if (bandB && bandB.bottom <= row) indexB++;
  }
  return bands;
}

export function sameSpans(a: readonly number[], b: readonly number[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}

const NO_SPANS: readonly number[] = [];

function append(bands: Band[], top: number, bottom: number, spans: readonly number[]): void {
  if (spans.length === 0) return;
  const last = bands[bands.length - 1];
  if (last && last.bottom === top && sameSpans(last.spans, spans)) {
    bands[bands.length - 1] = { top: last.top, bottom, spans: last.spans };
  } else {
    bands.push({ top, bottom, spans });
  }
}

function combineSpans(
  a: readonly number[],
  b: readonly number[],
  operation: SetOperation,
): readonly number[] {
  if (b.length === 0) return operation === 'intersect' ? NO_SPANS : a;
  if (a.length === 0) return operation === 'union' ? b : NO_SPANS;
  const result: number[] = [];
  let indexA = 0;
  let indexB = 0;
  let inside = false;
  while (indexA < a.length || indexB < b.length) {
    const x = Math.min(a[indexA] ?? Infinity, b[indexB] ?? Infinity);
    if (a[indexA] === x) indexA++;
    if (b[indexB] === x) indexB++;
    // An odd number of edges passed: inside a span.
    const now = keeps((indexA & 1) === 1, (indexB & 1) === 1, operation);
    if (now !== inside) result.push(x);
    inside = now;
  }
  return result;
}

function keeps(inA: boolean, inB: boolean, operation: SetOperation): boolean {
  if (operation === 'union') return inA || inB;
  return operation === 'intersect' ? inA && inB : inA && !inB;
}
