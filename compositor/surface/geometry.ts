/** From buffer pixels to surface-local coordinates and back: scale, transform, viewport. */
import { Region } from './region.ts';
import type { Rect } from './region.ts';
import type { SurfaceState, Viewport } from './surface-state.ts';
import { invertTransform, swapsAxes, transformRect } from './transform.ts';
import type { Transform } from './transform.ts';

/** All that decides a surface's size. Buffer size 0 × 0: no buffer. */
export interface BufferGeometry {
  readonly bufferWidth: number;
  readonly bufferHeight: number;
  readonly scale: number;
  readonly transform: Transform;
  readonly viewport: Viewport;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The buffer's size in surface coordinates before the viewport: the space set_source speaks of. May be fractional. */
export function scaledBufferSize(geometry: BufferGeometry): Size {
  const { bufferWidth, bufferHeight, scale } = geometry;
  const swapped = swapsAxes(geometry.transform);
  return {
    width: (swapped ? bufferHeight : bufferWidth) / scale,
    height: (swapped ? bufferWidth : bufferHeight) / scale,
  };
}

/** Surface-local size (viewporter.xml: wp_viewport). 0 × 0 without a buffer. */
export function surfaceSize(geometry: BufferGeometry): Size {
  if (geometry.bufferWidth === 0) return { width: 0, height: 0 };
  const { source, destination } = geometry.viewport;
  if (destination) return destination;
  const size = source ?? scaledBufferSize(geometry);
  return { width: Math.floor(size.width), height: Math.floor(size.height) };
}

/** Whether every surface pixel is the buffer pixel at the same place. */
export function isPixelForPixel(
  state: Pick<SurfaceState, 'bufferScale' | 'bufferTransform' | 'viewport'>,
): boolean {
  const { source, destination } = state.viewport;
  const resized = source !== null || destination !== null;
  return state.bufferScale === 1 && state.bufferTransform === 0 && !resized;
}

/** Damage in buffer coordinates as a surface-local region, grown to whole pixels, clipped to the surface. */
export function bufferDamageToSurface(rects: readonly Rect[], geometry: BufferGeometry): Region {
  const { bufferWidth, bufferHeight, scale, transform, viewport } = geometry;
  const size = surfaceSize(geometry);
  const scaled = scaledBufferSize(geometry);
  const source = viewport.source ?? { x: 0, y: 0, width: scaled.width, height: scaled.height };
  const scaleX = size.width / source.width;
  const scaleY = size.height / source.height;
  const mapped: Rect[] = [];
  for (const rect of rects) {
    const clipped = clip(rect, bufferWidth, bufferHeight);
    if (!clipped) continue;
    const turned = transformRect(clipped, invertTransform(transform), bufferWidth, bufferHeight);
    const left = Math.floor((turned.x / scale - source.x) * scaleX);
    const top = Math.floor((turned.y / scale - source.y) * scaleY);
    const right = Math.ceil(((turned.x + turned.width) / scale - source.x) * scaleX);
    const bottom = Math.ceil(((turned.y + turned.height) / scale - source.y) * scaleY);
    mapped.push({ x: left, y: top, width: right - left, height: bottom - top });
  }
  return clipRegion(mapped, size);
}

/** Rectangles as a region clipped to 0, 0, `size`: clients damage up to INT32_MAX. */
export function clipRegion(rects: readonly Rect[], size: Size): Region {
  let region = Region.empty;
  for (const { x, y, width, height } of rects) {
    const left = Math.max(x, 0);
    const top = Math.max(y, 0);
    const right = Math.min(x + width, size.width);
    const bottom = Math.min(y + height, size.height);
    region = region.union(Region.rect(left, top, right - left, bottom - top));
  }
  return region;
}

function clip(rect: Rect, width: number, height: number): Rect | undefined {
  const left = Math.max(rect.x, 0);
  const top = Math.max(rect.y, 0);
  const right = Math.min(rect.x + rect.width, width);
  const bottom = Math.min(rect.y + rect.height, height);
  if (right <= left || bottom <= top) return undefined;
  return { x: left, y: top, width: right - left, height: bottom - top };
}
