/** Which surface is under a point. */
import type { SceneItem, SceneRoot } from '../render/scene.ts';
import { flattenTree } from '../render/scene.ts';
import type { Surface } from '../surface/surface.ts';

/** A surface and the point in its own coordinates. */
export interface Hit {
  readonly surface: Surface;
  readonly x: number;
  readonly y: number;
}

/** The topmost surface that takes input at the global point; `roots` top to bottom. */
export function hitTest(rootsFromTop: Iterable<SceneRoot>, x: number, y: number): Hit | null {
  const items: SceneItem[] = [];
  for (const root of rootsFromTop) {
    items.length = 0;
    flattenTree(root, items);
    for (let index = items.length - 1; index >= 0; index--) {
      const item = items[index];
      if (item && takesInput(item, x - item.x, y - item.y)) {
        return { surface: item.surface, x: x - item.x, y: y - item.y };
      }
    }
  }
  return null;
}

/** Where a surface of the scene is; null when it is not shown. */
export function placeOf(
  roots: Iterable<SceneRoot>,
  surface: Surface,
): { readonly x: number; readonly y: number } | null {
  const items: SceneItem[] = [];
  for (const root of roots) {
    items.length = 0;
    flattenTree(root, items);
    for (const item of items) if (item.surface === surface) return { x: item.x, y: item.y };
  }
  return null;
}

function takesInput({ state }: SceneItem, x: number, y: number): boolean {
  if (x < 0 || y < 0 || x >= state.width || y >= state.height) return false;
  const { inputRegion } = state;
  return inputRegion === null || inputRegion.region.contains(Math.floor(x), Math.floor(y));
}
