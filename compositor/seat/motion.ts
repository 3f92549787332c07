/** How pointers move, and what may keep them from it. */
import type { Region } from '../surface/region.ts';
import type { Surface } from '../surface/surface.ts';

/** Decides whether and where the pointer may move (pointer-constraints-unstable-v1.xml). */
export interface MotionConstraint {
  readonly kind: 'lock' | 'confine';
  /** Where a confined pointer may be, in the global space. */
  readonly area: Region;
  filter(
    from: { readonly x: number; readonly y: number },
    to: { readonly x: number; readonly y: number },
  ): { readonly x: number; readonly y: number };
  /** The backend cannot keep it up for now. One that holds only once ends. */
  suspend(): void;
  /** The backend can again. */
  resume(): void;
}

/** How far a device moved (relative-pointer-unstable-v1.xml: relative_motion). */
export interface RelativeMotion {
  /** Microseconds; of the clock of input events, but it does not wrap soon. */
  readonly timeUs: number;
  readonly dx: number;
  readonly dy: number;
  /** In the device's own units. */
  readonly dxUnaccelerated: number;
  readonly dyUnaccelerated: number;
}

export type RelativeListener = (surface: Surface, motion: RelativeMotion) => void;
export type ConstraintListener = (constraint: MotionConstraint | undefined) => void;

const US_PER_MS = 1000;

/** Of a device that does not tell what it was before acceleration. */
export function plainMotion(timeMs: number, dx: number, dy: number): RelativeMotion {
  return { timeUs: timeMs * US_PER_MS, dx, dy, dxUnaccelerated: dx, dyUnaccelerated: dy };
}
