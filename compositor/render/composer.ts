/** Paints a scene's damaged part into an output's pixels. */
import type { BufferContent } from '../buffer/buffer-content.ts';
import { Region } from '../surface/region.ts';
import type { Rect } from '../surface/region.ts';
import type { Surface } from '../surface/surface.ts';
import { bytesPerPixel, PIXMAN_X8R8G8B8, pixmanFormatOf, withoutAlpha } from './formats.ts';
import { boxRegion, bufferMap, itemBox, mapRegion, sourceBox } from './output-map.ts';
import { composite, PIXMAN_OP_OVER, PIXMAN_OP_SRC, PixmanImage } from './pixman.ts';
import type { SceneItem } from './scene.ts';
import {
  type Affine,
  chain,
  isPixelExact,
  isWholeTranslation,
  mapBox,
  roundIn,
  translation,
} from './transform.ts';

/** Pixels to draw into. Whoever made it keeps `bytes` alive. */
export interface PixelTarget {
  readonly width: number;
  readonly height: number;
  readonly bytes: ArrayBuffer;
  readonly offsetBytes: number;
  readonly strideBytes: number;
  /** pixman's code (formats.ts). Default: X8R8G8B8, what outputs are made of. */
  readonly pixmanFormat?: number;
}

/** Premultiplied, 16 bits a channel. */
export interface Colour {
  readonly red: number;
  readonly green: number;
  readonly blue: number;
  /** Default: opaque. */
  readonly alpha?: number;
}

/** For targets with an alpha channel. */
export const TRANSPARENT: Colour = { red: 0, green: 0, blue: 0, alpha: 0 };

export interface PaintResult {
  /** Surfaces whose memory was gone while it was read; zeros were drawn. */
  readonly revoked: readonly Surface[];
  /** Pixels written, for statistics. */
  readonly pixels: number;
}

interface Visible {
  readonly item: SceneItem;
  readonly content: BufferContent;
  readonly region: Region;
  /** The part of the region where it hides what is below, in target pixels. */
  readonly opaque: Region;
}

/** Part of what is drawn of a surface: with its alpha, or without where its client says that there is none. */
interface Layer {
  readonly region: Region;
  readonly opaque: boolean;
}

/** `items` bottom to top; only `damage` (target pixels) is written, and nothing below something opaque is read. */
export function paint(
  target: PixelTarget,
  items: readonly SceneItem[],
  map: Affine,
  damage: Region,
  background: Colour,
): PaintResult {
  const visible: Visible[] = [];
  let open = damage;
  for (let index = items.length - 1; index >= 0 && !open.isEmpty; index--) {
    const item = items[index];
    const content = item?.state.content?.content;
    if (!item || !content) continue;
    const box = boxRegion(itemBox(item, map));
    const region = open.intersect(box);
    if (region.isEmpty) continue;
    const opaque = opaquePart(item, content, map);
    visible.push({ item, content, region, opaque: region.intersect(opaque) });
    open = open.subtract(opaque);
  }
  const image = PixmanImage.bits(
    target.pixmanFormat ?? PIXMAN_X8R8G8B8,
    target.width,
    target.height,
    target.bytes,
    target.offsetBytes,
    target.strideBytes,
  );
  const revoked: Surface[] = [];
  let pixels = 0;
  try {
    if (!open.isEmpty) pixels += fill(image, open, background);
    for (let index = visible.length - 1; index >= 0; index--) {
      const part = visible[index];
      if (!part) continue;
      if (!draw(image, part, map)) revoked.push(part.item.surface);
      pixels += area(part.region);
    }
  } finally {
    image.dispose();
  }
  return { revoked, pixels };
}

/** What lies below this part of the item need not be drawn, in target pixels. */
export function opaquePart(item: SceneItem, content: BufferContent, map: Affine): Region {
  const { state } = item;
  if (state.opacity < 1) return Region.empty;
  const whole = roundIn(
    mapBox(map, {
      x1: item.x,
      y1: item.y,
      x2: item.x + state.width,
      y2: item.y + state.height,
    }),
  );
  if (content.opaque) return boxRegion(whole);
  if (state.opaqueRegion.isEmpty) return Region.empty;
  const clipped = state.opaqueRegion.intersect(Region.rect(0, 0, state.width, state.height));
  return mapRegion(clipped, item, map, 'in');
}

function fill(target: PixmanImage, region: Region, colour: Colour): number {
  target.fill(region.rects(), colour.red, colour.green, colour.blue, colour.alpha ?? 0xffff);
  return area(region);
}

/** False: its memory was gone. */
function draw(target: PixmanImage, part: Visible, map: Affine): boolean {
  const { content, item } = part;
  const layers = layersOf(part);
  if (content.solid) {
    const { red, green, blue, alpha } = content.solid;
    for (const layer of layers) {
      const shown = layer.opaque ? 0xffff : alpha >>> 16;
      const image = PixmanImage.solid(red >>> 16, green >>> 16, blue >>> 16, shown);
      drawLayer(target, image, item, layer, null);
      image.dispose();
    }
    return true;
  }
  const format = pixmanFormatOf(content.format);
  const pixelBytes = bytesPerPixel(content.format);
  if (format === undefined || pixelBytes === undefined) return true;
  const toBuffer = bufferMap(item, content, map);
  const exact = isPixelExact(toBuffer);
  const source = exact
    ? { x1: 0, y1: 0, x2: content.width, y2: content.height }
    : sourceBox(item, content);
  const toSource = chain(toBuffer, translation(-source.x1, -source.y1));
  let seen = false;
  const outcome = content.read((pixels) => {
    seen = true;
    for (const layer of layers) {
      const image = PixmanImage.bits(
        layer.opaque ? withoutAlpha(format) : format,
        source.x2 - source.x1,
        source.y2 - source.y1,
        pixels.bytes,
        pixels.offsetBytes + source.y1 * pixels.strideBytes + source.x1 * pixelBytes,
        pixels.strideBytes,
      );
      try {
        drawLayer(target, image, item, layer, toSource);
      } finally {
        image.dispose();
      }
    }
  });
  // What is below was left out for its sake, so something has to be drawn.
  if (!seen && !part.opaque.isEmpty) {
    const black = PixmanImage.solid(0, 0, 0, 0xffff);
    drawLayer(target, black, item, { region: part.opaque, opaque: true }, null);
    black.dispose();
  }
  return outcome === 'ok';
}

/** An opaque region is drawn without looking at its alpha: SDL clears to nothing at all in windows it calls opaque. */
function layersOf({ region, opaque }: Visible): Layer[] {
  if (opaque.isEmpty) return [{ region, opaque: false }];
  const rest = region.subtract(opaque);
  const layers: Layer[] = [{ region: opaque, opaque: true }];
  if (!rest.isEmpty) layers.push({ region: rest, opaque: false });
  return layers;
}

function drawLayer(
  target: PixmanImage,
  image: PixmanImage,
  item: SceneItem,
  layer: Layer,
  toBuffer: Affine | null,
): void {
  const { opacity } = item.state;
  const alpha = Math.round(opacity * 0xffff);
  const mask = opacity < 1 ? PixmanImage.solid(alpha, alpha, alpha, alpha) : null;
  const op = layer.opaque ? PIXMAN_OP_SRC : PIXMAN_OP_OVER;
  let sourceX = 0;
  let sourceY = 0;
  const rects = layer.region.rects();
  const { x, y, width, height } = layer.region.extents;
  if (toBuffer && isWholeTranslation(toBuffer) && isWithin(layer.region.extents, item, toBuffer)) {
    sourceX = toBuffer.x0;
    sourceY = toBuffer.y0;
  } else if (toBuffer) {
    image.setMap(toBuffer, !isPixelExact(toBuffer));
  }
  if (rects.length > 1) target.setClip(rects);
  composite(op, image, mask, target, sourceX + x, sourceY + y, x, y, width, height);
  if (rects.length > 1) target.setClip(null);
  mask?.dispose();
}

/** Whether what is drawn comes from the buffer alone: a crop may be meant for a larger one, which failed. Then its edge goes on. */
function isWithin(
  { x, y, width, height }: Rect,
  { state }: SceneItem,
  { x0, y0 }: Affine,
): boolean {
  const content = state.content?.content;
  if (!content || x + x0 < 0 || y + y0 < 0) return false;
  return x + x0 + width <= content.width && y + y0 + height <= content.height;
}

function area(region: Region): number {
  let pixels = 0;
  for (const { width, height } of region.rects()) pixels += width * height;
  return pixels;
}
