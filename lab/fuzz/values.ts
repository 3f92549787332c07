/** Values that tend to break things, and values that tend to be right. */
import { FD_KINDS, type FdKind } from './input.ts';
import type { Random } from '../random.ts';

const EDGES: readonly number[] = [
  0, 1, -1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 64, 100, 255, 256, 257, 1000, 1024, 4096, 65_535, 65_536,
  0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0xfeff_ffff, 0xff00_0000, 0xff00_0001,
  // XRGB8888, ARGB8888, NV12 as DRM writes them; BTN_LEFT.
  0x3432_5258, 0x3432_5241, 0x3231_564e, 0x110,
];

const TEXTS: readonly string[] = [
  '',
  'a',
  'text/plain',
  'wl_surface',
  'wl_shm',
  'nobody',
  'ünïcödé ✓',
  '%s%n%x',
  'x'.repeat(200),
  'y'.repeat(4000),
];

/** A small plausible number, an edge, or anything. */
export function someWord(random: Random): number {
  const kind = random.next();
  if (kind < 0.5) return random.between(0, 64);
  if (kind < 0.85) return random.pick(EDGES);
  return random.between(0, 0xffff_ffff);
}

/** Short ones mostly: what does not fit into a message ends the session. */
export function someText(random: Random): string {
  return random.chance(0.7) ? random.pick(TEXTS.slice(0, 4)) : random.pick(TEXTS);
}

/** Hexadecimal bytes. */
export function someBytes(random: Random, maxBytes: number): string {
  const length = random.between(0, maxBytes);
  let bytes = '';
  for (let index = 0; index < length; index++) {
    bytes += random.between(0, 255).toString(16).padStart(2, '0');
  }
  return bytes;
}

export function someFd(random: Random): FdKind {
  return random.chance(0.6) ? 'memfd' : random.pick(FD_KINDS);
}
