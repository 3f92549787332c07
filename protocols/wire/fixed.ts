/** wl_fixed_t: signed 24.8 numbers, doubles to everybody but the wire. */

const ONE = 256;
const MAX = 0x7fff_ffff;
const MIN = -0x8000_0000;

/** 24.8 to double, exact. `raw` is the signed word. */
export function fixedToDouble(raw: number): number {
  return raw / ONE;
}

/** Double to 24.8, to the nearest; saturates at the ends of the range, NaN becomes 0. */
export function doubleToFixed(value: number): number {
  const scaled = Math.round(value * ONE);
  if (scaled >= MAX) return MAX;
  if (scaled <= MIN) return MIN;
  return scaled | 0;
}
