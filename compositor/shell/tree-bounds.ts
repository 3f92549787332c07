/** The smallest rectangle around a surface and its subsurfaces. */
import { flattenTree, type SceneItem } from '../render/scene.ts';
import type { Surface } from '../surface/surface.ts';
import type { Rectangle } from './positioner.ts';

/** Looking at so many surfaces takes as long as a usual request. */
const SURFACES_OF_A_REQUEST = 4;

/** Surface-local; 0 × 0 without content. It costs the client as many requests as the tree is large. */
export function treeBounds(surface: Surface): Rectangle {
  const { children, width, height } = surface.current;
  if (children.length <= 1) return { x: 0, y: 0, width, height };
  const items: SceneItem[] = [];
  flattenTree({ surface, x: 0, y: 0 }, items);
  surface.client.charge(items.length / SURFACES_OF_A_REQUEST);
  let left = 0;
  let top = 0;
  let right = width;
  let bottom = height;
  for (const { x, y, state } of items) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x + state.width);
    bottom = Math.max(bottom, y + state.height);
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}
