/** A locked or confined pointer on one surface (pointer-constraints-unstable-v1.xml). */
import { Region } from '../surface/region.ts';
import type { Surface } from '../surface/surface.ts';
import type { MotionConstraint } from './motion.ts';
import type { Seat } from './seat.ts';

type Point = { readonly x: number; readonly y: number };

export interface ConstraintListener {
  activated(): void;
  deactivated(): void;
}

/** Inactive until its surface has the pointer, within its region, and its window the keyboard; a oneshot one is active once. */
export class PointerConstraint implements MotionConstraint {
  readonly surface: Surface;
  readonly kind: 'lock' | 'confine';
  readonly #seat: Seat;
  readonly #persistent: boolean;
  readonly #listener: ConstraintListener;
  /** Surface-local; null: all of it that takes input. Applied with the surface's next update. */
  #region: Region | null;
  #active = false;
  /** Would be active, if the backend could keep it up. */
  #suspended = false;
  #spent = false;
  #hint: Point | null = null;

  constructor(options: {
    readonly seat: Seat;
    readonly surface: Surface;
    readonly kind: 'lock' | 'confine';
    readonly persistent: boolean;
    readonly region: Region | null;
    readonly listener: ConstraintListener;
  }) {
    this.#seat = options.seat;
    this.surface = options.surface;
    this.kind = options.kind;
    this.#persistent = options.persistent;
    this.#region = options.region;
    this.#listener = options.listener;
  }

  get active(): boolean {
    return this.#active;
  }

  get area(): Region {
    const place = this.#seat.place(this.surface);
    return place ? this.#effective().translate(place.x, place.y) : Region.empty;
  }

  setRegion(region: Region | null): void {
    this.#region = region;
    const { pointer } = this.#seat;
    if (pointer.constraint !== this || this.kind === 'lock') return;
    pointer.constraint = this;
    if (!this.#active) return;
    const { x, y } = this.#seat.pointer.local;
    const inside = nearest(this.#effective(), x, y);
    if (inside.x !== x || inside.y !== y) this.#warp(inside);
  }

  setHint(x: number, y: number): void {
    this.#hint = { x, y };
  }

  /** The pointer entered, moved or left, or the window became active: begins or ends the constraint. */
  update(): void {
    const { pointer } = this.#seat;
    const here = pointer.focus === this.surface && this.#hasKeyboard;
    if (!here) this.deactivate();
    if (this.#active || this.#suspended || this.#spent || !here) return;
    const { x, y } = pointer.local;
    if (!this.#effective().contains(Math.floor(x), Math.floor(y))) return;
    this.#active = true;
    pointer.constraint = this;
    this.#listener.activated();
  }

  /** Whoever switches to another window gets the pointer back. */
  get #hasKeyboard(): boolean {
    const { focus } = this.#seat.keyboard;
    return focus !== null && rootOf(focus) === rootOf(this.surface);
  }

  /** Ends it; a locked pointer goes where the client showed it. */
  deactivate(): void {
    if (!this.#active && !this.#suspended) return;
    const told = this.#active;
    this.#active = false;
    this.#suspended = false;
    this.#spent = !this.#persistent;
    this.#letGo();
    if (told) this.#listener.deactivated();
  }

  suspend(): void {
    if (!this.#active) return;
    if (!this.#persistent) return this.deactivate();
    this.#active = false;
    this.#suspended = true;
    this.#listener.deactivated();
  }

  resume(): void {
    if (!this.#suspended) return;
    this.#suspended = false;
    this.update();
    if (!this.#active) this.#letGo();
  }

  /** The object was destroyed. */
  dispose(): void {
    const wasActive = this.#active;
    this.#active = false;
    this.#suspended = false;
    this.#spent = true;
    if (wasActive && this.#hint && this.kind === 'lock') this.#goTo(this.#hint);
    // After that, for a backend whose pointer is to go there too.
    this.#letGo();
  }

  filter(from: Point, to: Point): Point {
    if (!this.#active) return to;
    if (this.kind === 'lock') return from;
    const { local } = this.#seat.pointer;
    const inside = nearest(this.#effective(), local.x + to.x - from.x, local.y + to.y - from.y);
    return { x: from.x + inside.x - local.x, y: from.y + inside.y - local.y };
  }

  /** Another one may have begun meanwhile. */
  #letGo(): void {
    const { pointer } = this.#seat;
    if (pointer.constraint === this) pointer.constraint = undefined;
  }

  #goTo(hint: Point): void {
    const { width, height } = this.surface.current;
    if (hint.x >= 0 && hint.y >= 0 && hint.x < width && hint.y < height) this.#warp(hint);
  }

  #warp(local: Point): void {
    const place = this.#seat.place(this.surface);
    if (place) this.#seat.pointer.warp(place.x + local.x, place.y + local.y);
  }

  #effective(): Region {
    const { width, height, inputRegion } = this.surface.current;
    let region = Region.rect(0, 0, width, height);
    if (inputRegion) region = region.intersect(inputRegion.region);
    return this.#region ? region.intersect(this.#region) : region;
  }
}

/** The last pixel at the right and bottom edges is as far as one gets, as other compositors have it. */
const EDGE = 1;

/** The surface a tree of subsurfaces hangs on. */
function rootOf(surface: Surface): Surface {
  let root = surface;
  for (let link = root.subsurface?.parent; link; link = root.subsurface?.parent) root = link;
  return root;
}

function nearest(region: Region, x: number, y: number): Point {
  let best: Point = { x, y };
  let bestDistance = Infinity;
  for (const rect of region.rects()) {
    const inside = {
      x: Math.max(Math.min(x, rect.x + rect.width - EDGE), rect.x),
      y: Math.max(Math.min(y, rect.y + rect.height - EDGE), rect.y),
    };
    const distance = Math.hypot(inside.x - x, inside.y - y);
    if (distance < bestDistance) {
      best = inside;
      bestDistance = distance;
    }
  }
  return best;
}
