/** Paints a scene's damaged part into an output's pixels. */
import type { BufferContent } from '../buffer/buffer-content.ts';
import { Region } from '../surface/region.ts';
import type { Surface } from '../surface/surface.ts';
import { PIXMAN_X8R8G8B8, pixmanFormatOf } from './formats.ts';
import { boxRegion, bufferMap, itemBox, mapRegion } from './output-map.ts';
import { composite, PIXMAN_OP_OVER, PIXMAN_OP_SRC, PixmanImage } from './pixman.ts';
import type { SceneItem } from './scene.ts';
import { type Affine, isPixelExact, isWholeTranslation, mapBox, roundIn } from './transform.ts';

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
    visible.push({ item, content, region });
    open = open.subtract(opaquePart(item, content, map));
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
  if (content.solid) {
    const { red, green, blue, alpha } = content.solid;
    const image = PixmanImage.solid(red >>> 16, green >>> 16, blue >>> 16, alpha >>> 16);
    drawImage(target, image, part, null);
    image.dispose();
    return true;
  }
  const format = pixmanFormatOf(content.format);
  if (format === undefined) return true;
  const toBuffer = bufferMap(item, content, map);
  let seen = false;
  const outcome = content.read((pixels) => {
    seen = true;
    const image = PixmanImage.bits(
      format,
      content.width,
      content.height,
      pixels.bytes,
      pixels.offsetBytes,
      pixels.strideBytes,
    );
    try {
      drawImage(target, image, part, toBuffer);
    } finally {
      image.dispose();
    }
  });
  // What is below was left out for its sake, so something has to be drawn.
  if (!seen && content.opaque) {
    const black = PixmanImage.solid(0, 0, 0, 0xffff);
    drawImage(target, black, part, null);
    black.dispose();
  }
  return outcome === 'ok';
}

function drawImage(
  target: PixmanImage,
  image: PixmanImage,
  part: Visible,
  toBuffer: Affine | null,
): void {
  const { opacity } = part.item.state;
  const alpha = Math.round(opacity * 0xffff);
  const mask = opacity < 1 ? PixmanImage.solid(alpha, alpha, alpha, alpha) : null;
  const op = part.content.opaque && !mask ? PIXMAN_OP_SRC : PIXMAN_OP_OVER;
  let sourceX = 0;
  let sourceY = 0;
  if (toBuffer && isWholeTranslation(toBuffer)) {
    sourceX = toBuffer.x0;
    sourceY = toBuffer.y0;
  } else if (toBuffer) {
    image.setMap(toBuffer, !isPixelExact(toBuffer));
  }
  const rects = part.region.rects();
  const { x, y, width, height } = part.region.extents;
  if (rects.length > 1) target.setClip(rects);
  composite(op, image, mask, target, sourceX + x, sourceY + y, x, y, width, height);
  if (rects.length > 1) target.setClip(null);
  mask?.dispose();
}

function area(region: Region): number {
  let pixels = 0;
  for (const { width, height } of region.rects()) pixels += width * height;
  return pixels;
}
