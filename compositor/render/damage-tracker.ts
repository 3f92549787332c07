/** What changed on one output since its last frame, by comparing scenes and collecting the damage of surfaces. */
import { Region } from '../surface/region.ts';
import type { SurfaceState } from '../surface/surface-state.ts';
import type { Surface } from '../surface/surface.ts';
import { boxRegion, damagedPixels, itemBox } from './output-map.ts';
import type { SceneItem } from './scene.ts';
import type { Affine, Box } from './transform.ts';

interface Tracked {
  box: Box;
  state: SurfaceState;
  order: number;
  /** Surface-local damage since the last frame. */
  damage: Region;
  /** Surface-local damage of the last frame against the one before. */
  readonly frameDamage: Region;
}

/** One output's memory of its last frame. */
export class DamageTracker {
  #tracked = new Map<Surface, Tracked>();
  #map: Affine | undefined;
  #extra: Region = Region.empty;
  #changed = false;

  /** Whether the last frame differs from the one before in anything, be it seen or not: a buffer replaced without damage. */
  get changed(): boolean {
    return this.#changed;
  }

  /** Surface-local damage of a surface in the last frame, without what moving and reshaping damaged. */
  damageOf(surface: Surface): Region {
    return this.#tracked.get(surface)?.frameDamage ?? Region.empty;
  }

  /** Surfaces of the last frame, bottom to top. */
  get surfaces(): Iterable<Surface> {
    return this.#tracked.keys();
  }

  shows(surface: Surface): boolean {
    return this.#tracked.has(surface);
  }

  /** An applied update's damage, surface-local. */
  add(surface: Surface, damage: Region): void {
    const tracked = this.#tracked.get(surface);
    if (tracked) tracked.damage = tracked.damage.union(damage);
  }

  /** The last frame was not shown: what its surfaces damaged belongs to the next one. */
  notShown(): void {
    for (const tracked of this.#tracked.values()) {
      tracked.damage = tracked.damage.union(tracked.frameDamage);
    }
  }

  /** These output pixels are to be drawn anew whatever changes. */
  addPixels(pixels: Region): void {
    this.#extra = this.#extra.union(pixels);
  }

  /** Takes the next frame's items (bottom to top, those on this output) and gives what differs, in output pixels within `bounds`. */
  update(items: readonly SceneItem[], map: Affine, bounds: Region): Region {
    const before = this.#tracked;
    const after = new Map<Surface, Tracked>();
    let damage = this.#map === map ? this.#extra : bounds;
    this.#extra = Region.empty;
    this.#map = map;
    let highest = -1;
    this.#changed = items.length !== before.size || !damage.isEmpty;
    items.forEach((item, order) => {
      const box = itemBox(item, map);
      const last = before.get(item.surface);
      after.set(item.surface, {
        box,
        state: item.state,
        order,
        damage: Region.empty,
        frameDamage: last?.damage ?? Region.empty,
      });
      if (last?.state !== item.state || last.order !== order || !sameBox(last.box, box)) {
        this.#changed = true;
      }
      if (!last) {
        damage = damage.union(boxRegion(box));
        return;
      }
      const restacked = last.order < highest;
      highest = Math.max(highest, last.order);
      if (restacked || !sameBox(last.box, box) || looksDifferent(last.state, item.state)) {
        damage = damage.union(boxRegion(last.box)).union(boxRegion(box));
      } else if (!last.damage.isEmpty) {
        damage = damage.union(damagedPixels(last.damage, item, map));
      }
    });
    for (const [surface, last] of before) {
      if (!after.has(surface)) damage = damage.union(boxRegion(last.box));
    }
    this.#tracked = after;
    return damage.intersect(bounds);
  }
}

function sameBox(a: Box, b: Box): boolean {
  return a.x1 === b.x1 && a.y1 === b.y1 && a.x2 === b.x2 && a.y2 === b.y2;
}

/** State that changes pixels without damage. */
function looksDifferent(a: SurfaceState, b: SurfaceState): boolean {
  if (a === b) return false;
  return (
    a.bufferTransform !== b.bufferTransform ||
    a.opacity !== b.opacity ||
    a.bufferScale !== b.bufferScale ||
    !sameSource(a.viewport.source, b.viewport.source)
  );
}

type Source = SurfaceState['viewport']['source'];

function sameSource(a: Source, b: Source): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  return a.x === b.x && a.y === b.y && a.width === b.width && a.height === b.height;
}
