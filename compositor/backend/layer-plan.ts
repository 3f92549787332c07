/**
 * Whether a surface can be a subsurface of the host as it is, and how: position, crop, scale and transform in the host's terms.
 *
 * Everything the host could call an error is judged here, since its error would end us with all our clients: a client that is
 * within its rights, or whose mistake was forgiven, is then copied instead.
 */
import type { BufferContent } from '../buffer/buffer-content.ts';
import type { Output } from '../output/output.ts';
import { itemBox } from '../render/output-map.ts';
import type { SceneItem } from '../render/scene.ts';
import type { Affine, Box } from '../render/transform.ts';
import { scaledBufferSize } from '../surface/geometry.ts';
import { Region, type Rect } from '../surface/region.ts';
import type { SurfaceState, ViewportSource } from '../surface/surface-state.ts';
import type { Transform } from '../surface/transform.ts';

/** Why a surface is copied rather than passed through. */
export type CopyReason =
  | 'opacity'
  | 'blank'
  | 'position off the pixel grid'
  | 'crop off the fixed-point grid'
  | 'size no multiple of the scale'
  | 'crop outside of the buffer'
  | 'format'
  | 'host lacks the protocol'
  | 'memory not sealed'
  | 'being imported'
  | 'import refused'
  | 'too many uses';

/** What the host is told of one subsurface. All of it is in the host's surface coordinates, but for the crop's. */
export interface Placement {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly bufferScale: number;
  readonly transform: Transform;
  /** wp_viewport; null: unset. With a destination always, `width` × `height`. */
  readonly source: ViewportSource | null;
  readonly scaled: boolean;
  readonly opaque: Region;
  /** From surface-local coordinates of the client: times this, less the offset. */
  readonly factor: number;
  readonly offsetX: number;
  readonly offsetY: number;
}

export type LayerPlan =
  | { readonly type: 'pass'; readonly placement: Placement }
  | { readonly type: 'copy'; readonly reason: CopyReason };

/** wl_fixed_t has eight bits after the point. */
const FIXED_ONE = 256;

/** The whole buffer scale of our window in the host: what does not fit into it is told in pixels. */
export function bufferScale(output: Output): number {
  const { scale, width, height } = output.description;
  const fits = Number.isInteger(scale) && width % scale === 0 && height % scale === 0;
  return fits ? scale : 1;
}

/** Host surface coordinates a logical unit of ours. */
export function hostFactor(output: Output): number {
  return output.scale / bufferScale(output);
}

/** How to pass the item through to a host that has an `alphaModifier` or not; its buffer is judged by HostImports. */
export function planLayer(
  item: SceneItem,
  content: BufferContent,
  output: Output,
  { alphaModifier }: { readonly alphaModifier: object | null },
): LayerPlan {
  const { state } = item;
  if (state.opacity < 1 && !alphaModifier) return copy('opacity');
  if (content.blank === true) return copy('blank');
  const factor = hostFactor(output);
  const whole = {
    x: (item.x - output.x) * factor,
    y: (item.y - output.y) * factor,
    width: state.width * factor,
    height: state.height * factor,
  };
  if (!Object.values(whole).every((value) => Number.isInteger(value)))
    return copy('position off the pixel grid');
  const outputScale = bufferScale(output);
  const { width, height } = output.description;
  const bounds = { x: 0, y: 0, width: width / outputScale, height: height / outputScale };
  const visible = intersect(whole, bounds);
  const crop = cropOf(state, content, whole, visible, factor);
  if (typeof crop === 'string') return copy(crop);
  const offsetX = visible.x - whole.x;
  const offsetY = visible.y - whole.y;
  const mapping = { factor, offsetX, offsetY };
  return {
    type: 'pass',
    placement: {
      ...visible,
      bufferScale: state.bufferScale,
      transform: state.bufferTransform,
      ...crop,
      opaque: opaqueOf(state, content, mapping, visible),
      ...mapping,
    },
  };
}

/** Where a copy of the item lies in the output's pixels: whole host coordinates, within the output. Empty: nowhere. */
export function copyBox(item: SceneItem, map: Affine, output: Output): Box {
  const scale = bufferScale(output);
  const box = itemBox(item, map);
  const { width, height } = output.description;
  return {
    x1: Math.max(0, Math.floor(box.x1 / scale) * scale),
    y1: Math.max(0, Math.floor(box.y1 / scale) * scale),
    x2: Math.min(width, Math.ceil(box.x2 / scale) * scale),
    y2: Math.min(height, Math.ceil(box.y2 / scale) * scale),
  };
}

/** A surface-local region in the coordinates of the placed subsurface, clipped to it. */
export function scaleRegion(
  region: Region,
  { factor, offsetX, offsetY }: Pick<Placement, 'factor' | 'offsetX' | 'offsetY'>,
  size: { readonly width: number; readonly height: number },
  round: 'in' | 'out',
): Region {
  const [low, high] = round === 'out' ? [Math.floor, Math.ceil] : [Math.ceil, Math.floor];
  let scaled = Region.empty;
  for (const rect of region.rects()) {
    const x = Math.max(0, low(rect.x * factor - offsetX));
    const y = Math.max(0, low(rect.y * factor - offsetY));
    const right = Math.min(size.width, high((rect.x + rect.width) * factor - offsetX));
    const bottom = Math.min(size.height, high((rect.y + rect.height) * factor - offsetY));
    if (right > x && bottom > y) scaled = scaled.union(Region.rect(x, y, right - x, bottom - y));
  }
  return scaled;
}

/** Hosts need not look at the format, nor at the multiplier. */
function opaqueOf(
  state: SurfaceState,
  content: BufferContent,
  mapping: Pick<Placement, 'factor' | 'offsetX' | 'offsetY'>,
  visible: Rect,
): Region {
  if (state.opacity < 1) return Region.empty;
  if (content.opaque) return Region.rect(0, 0, visible.width, visible.height);
  return scaleRegion(clipTo(state.opaqueRegion, state), mapping, visible, 'in');
}

/** What wp_viewport is told, or why it cannot be. */
function cropOf(
  state: SurfaceState,
  content: BufferContent,
  whole: Rect,
  visible: Rect,
  factor: number,
): { source: ViewportSource | null; scaled: boolean } | CopyReason {
  const { bufferScale: scale, bufferTransform: transform, viewport } = state;
  // wl_surface.error invalid_size, from version 6 on.
  if (content.width % scale !== 0 || content.height % scale !== 0)
    return 'size no multiple of the scale';
  const size = scaledBufferSize({
    bufferWidth: content.width,
    bufferHeight: content.height,
    scale,
    transform,
    viewport,
  });
  const { source } = viewport;
  // A buffer whose fence failed leaves the crop that was meant for it with the one before.
  if (source && (source.x + source.width > size.width || source.y + source.height > size.height))
    return 'crop outside of the buffer';
  const cut = visible.width !== whole.width || visible.height !== whole.height;
  if (!cut) {
    return { source, scaled: source !== null || viewport.destination !== null || factor !== 1 };
  }
  const base = source ?? { x: 0, y: 0, ...size };
  const perX = base.width / whole.width;
  const perY = base.height / whole.height;
  const part = {
    x: base.x + (visible.x - whole.x) * perX,
    y: base.y + (visible.y - whole.y) * perY,
    width: visible.width * perX,
    height: visible.height * perY,
  };
  const exact = Object.values(part).every((value) => Number.isInteger(value * FIXED_ONE));
  return exact ? { source: part, scaled: true } : 'crop off the fixed-point grid';
}

function copy(reason: CopyReason): LayerPlan {
  return { type: 'copy', reason };
}

function clipTo(region: Region, { width, height }: SurfaceState): Region {
  return region.isEmpty ? region : region.intersect(Region.rect(0, 0, width, height));
}

function intersect(rect: Rect, bounds: Rect): Rect {
  const x = Math.max(rect.x, bounds.x);
  const y = Math.max(rect.y, bounds.y);
  return {
    x,
    y,
    width: Math.min(rect.x + rect.width, bounds.x + bounds.width) - x,
    height: Math.min(rect.y + rect.height, bounds.y + bounds.height) - y,
  };
}
