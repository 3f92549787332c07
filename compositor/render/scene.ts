/** What is on screen as a flat list, bottom to top: windows, popups, cursors, each with its subsurface tree. */
import type { SurfaceChild, SurfaceState } from '../surface/surface-state.ts';
import type { Surface } from '../surface/surface.ts';

/** A surface tree's place in the global space (logical pixels). */
export interface SceneRoot {
  readonly surface: Surface;
  readonly x: number;
  readonly y: number;
}

/** One surface with content, at its global place. */
export interface SceneItem {
  readonly surface: Surface;
  readonly state: SurfaceState;
  readonly x: number;
  readonly y: number;
}

interface Level {
  readonly owner: Surface;
  readonly children: readonly SurfaceChild[];
  readonly x: number;
  readonly y: number;
  index: number;
}

/** Subsurfaces without content hide their own subsurfaces too (wayland.xml: wl_subsurface). */
export function flattenScene(roots: Iterable<SceneRoot>): SceneItem[] {
  const items: SceneItem[] = [];
  for (const root of roots) flattenTree(root, items);
  return items;
}

/** Adds one tree, bottom to top. Iterative: a client chooses the depth. */
export function flattenTree(root: SceneRoot, items: SceneItem[]): void {
  const { surface } = root;
  const { current } = surface;
  if (!current.content) return;
  if (current.children.length === 1) {
    items.push({ surface, state: current, x: root.x, y: root.y });
    return;
  }
  const stack: Level[] = [
    { owner: surface, children: current.children, x: root.x, y: root.y, index: 0 },
  ];
  for (let level = stack[0]; level; level = stack[stack.length - 1]) {
    const child = level.children[level.index++];
    if (!child) {
      stack.pop();
      continue;
    }
    const x = level.x + child.x;
    const y = level.y + child.y;
    const state = child.surface.current;
    if (child.surface === level.owner) {
      items.push({ surface: child.surface, state, x: level.x, y: level.y });
    } else if (state.content) {
      stack.push({ owner: child.surface, children: state.children, x, y, index: 0 });
    }
  }
}
