/** wl_subsurface: a surface's place in its parent, and whether its updates wait for the parent's. */
import type { SurfaceRole } from './surface-role.ts';
import type { SurfaceChild } from './surface-state.ts';
import type { Surface } from './surface.ts';

export type SubsurfaceMode = 'sync' | 'desync';

/** Links two surfaces until either goes or the wl_subsurface is destroyed. */
export class Subsurface implements SurfaceRole {
  readonly name = 'wl_subsurface';
  readonly surface: Surface;
  mode: SubsurfaceMode = 'sync';
  #parent: Surface | null;

  /** Placed on top of the parent's stack, from the parent's next commit on. */
  constructor(surface: Surface, parent: Surface) {
    this.surface = surface;
    this.#parent = parent;
    surface.setRole(this);
    surface.subsurface = this;
    restack(parent, [...parent.stacking, { surface, x: 0, y: 0 }]);
  }

  /** Null once the parent is destroyed. */
  get parent(): Surface | null {
    return this.#parent;
  }

  /** Pending until the parent's commit. */
  setPosition(x: number, y: number): void {
    const parent = this.#parent;
    if (!parent) return;
    restack(
      parent,
      parent.stacking.map((child) => (child.surface === this.surface ? { ...child, x, y } : child)),
    );
  }

  /** Next above or below `reference`, a sibling or the parent. False when it is neither. */
  place(reference: Surface, where: 'above' | 'below'): boolean {
    const parent = this.#parent;
    if (!parent) return true;
    const own = parent.stacking.find(({ surface }) => surface === this.surface);
    const others = parent.stacking.filter(({ surface }) => surface !== this.surface);
    const index = others.findIndex(({ surface }) => surface === reference);
    if (!own || index < 0) return false;
    others.splice(where === 'above' ? index + 1 : index, 0, own);
    restack(parent, others);
    return true;
  }

  /** The wl_subsurface is destroyed: off the screen at once. */
  destroy(): void {
    this.#unlink();
    this.surface.subsurface = null;
    this.surface.clearRole(this);
  }

  surfaceDestroyed(): void {
    this.#unlink();
  }

  parentDestroyed(): void {
    this.#parent = null;
  }

  #unlink(): void {
    const parent = this.#parent;
    this.#parent = null;
    if (parent && !parent.destroyed) parent.removeChild(this.surface);
  }
}

/** Stacking and positions are the parent's double-buffered state. */
function restack(parent: Surface, stacking: readonly SurfaceChild[]): void {
  parent.stacking = stacking;
  parent.pending.children = stacking;
}
