/** Points on a timeline: u64 in the kernel, bigint here, two u32 on the wire. */
import type { Point } from '../devices/syncobj-device.ts';

/** The highest point a timeline can have. */
export const MAX_POINT: Point = 0xffff_ffff_ffff_ffffn;

/** A point from the two halves that requests carry (linux-drm-syncobj-v1.xml: set_acquire_point `point_hi`, `point_lo`). */
export function pointFromHalves(high: number, low: number): Point {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

/** The two halves of a point, for the wire. */
export function pointToHalves(point: Point): { readonly high: number; readonly low: number } {
  return { high: Number(point >> 32n), low: Number(point & 0xffff_ffffn) };
}

/** Anything that belongs to one point of a timeline. */
export interface AtPoint {
  readonly point: Point;
}

/**
 * Inserts keeping ascending order of points. Clients nearly always come in ascending order, so the search starts at the end:
 * O(1) then, O(n) at worst.
 */
export function insertByPoint<T extends AtPoint>(sorted: T[], item: T): void {
  let index = sorted.length;
  while (index > 0 && sorted[index - 1]!.point > item.point) index--;
  if (index === sorted.length) sorted.push(item);
  else sorted.splice(index, 0, item);
}

/** Removes `item` itself (not an equal point). Returns whether it was there. O(log n) to find. */
export function removeByPoint<T extends AtPoint>(sorted: T[], item: T): boolean {
  for (let index = lowerBound(sorted, item.point); index < sorted.length; index++) {
    const candidate = sorted[index]!;
    if (candidate === item) {
      if (index === 0) sorted.shift();
      else sorted.splice(index, 1);
      return true;
    }
    if (candidate.point !== item.point) return false;
  }
  return false;
}

/** Whether anything is at `point` exactly. O(log n). */
export function hasPoint<T extends AtPoint>(sorted: readonly T[], point: Point): boolean {
  return sorted[lowerBound(sorted, point)]?.point === point;
}

/** Takes out everything at or below `reached`. Returns how many that were. */
export function dropReached(sorted: AtPoint[], reached: Point): number {
  let count = 0;
  while (count < sorted.length && sorted[count]!.point <= reached) count++;
  if (count === 1) sorted.shift();
  else if (count > 1) sorted.splice(0, count);
  return count;
}

/** Index of the first item at or above `point`. */
function lowerBound<T extends AtPoint>(sorted: readonly T[], point: Point): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]!.point < point) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Those at or below `reached`, of a list sorted by point. A copy: what is done with one may change the list. */
export function upTo<T extends AtPoint>(sorted: readonly T[], reached: Point): T[] {
  let count = 0;
  while (count < sorted.length && sorted[count]!.point <= reached) count++;
  return count === 0 ? [] : sorted.slice(0, count);
}
