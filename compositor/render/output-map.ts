/** Global logical coordinates to an output's pixels, and a surface's place in them. */
import type { Output } from '../output/output.ts';
import { Region } from '../surface/region.ts';
import { isPixelForPixel, scaledBufferSize } from '../surface/geometry.ts';
import type { BufferContent } from '../buffer/buffer-content.ts';
import type { SceneItem } from './scene.ts';
import {
  type Affine,
  type Box,
  IDENTITY,
  invert,
  isPixelExact,
  mapBox,
  roundIn,
  roundOut,
  scaling,
  chain,
  transformOf,
  translation,
} from './transform.ts';

/** From the global space to the pixels of the output's mode. */
export function outputMap(output: Output): Affine {
  const { width, height, scale, transform, x, y } = output.description;
  const turned = (transform & 1) === 1;
  const logical = chain(translation(-x, -y), scaling(scale, scale));
  return chain(logical, transformOf(transform, turned ? height : width, turned ? width : height));
}

/** The item's rectangle in output pixels, grown to whole ones. */
export function itemBox(item: SceneItem, map: Affine): Box {
  return roundOut(
    mapBox(map, {
      x1: item.x,
      y1: item.y,
      x2: item.x + item.state.width,
      y2: item.y + item.state.height,
    }),
  );
}

/** A surface-local region of the item as output pixels, grown or shrunk to whole ones. For damage see {@link damagedPixels}. */
export function mapRegion(
  region: Region,
  item: { readonly x: number; readonly y: number },
  map: Affine,
  round: 'out' | 'in',
): Region {
  let mapped = Region.empty;
  const whole = round === 'out' ? roundOut : roundIn;
  for (const rect of region.rects()) {
    const x = item.x + rect.x;
    const y = item.y + rect.y;
    mapped = mapped.union(
      boxRegion(whole(mapBox(map, { x1: x, y1: y, x2: x + rect.width, y2: y + rect.height }))),
    );
  }
  return mapped;
}

/**
 * Output pixels that look different for a surface-local damage of the item. Where pixels do not fall on pixels they are mixed of
 * neighbours in the buffer, so the damage reaches half a pixel of the buffer further.
 */
export function damagedPixels(damage: Region, item: SceneItem, map: Affine): Region {
  const content = item.state.content?.content;
  const toBuffer = content && !content.solid ? bufferMap(item, content, map) : IDENTITY;
  if (isPixelExact(toBuffer)) return mapRegion(damage, item, map, 'out');
  const { xx, xy, yx, yy } = invert(toBuffer);
  const reachX = (Math.abs(xx) + Math.abs(xy)) / 2;
  const reachY = (Math.abs(yx) + Math.abs(yy)) / 2;
  let pixels = Region.empty;
  for (const { x, y, width, height } of damage.rects()) {
    const [left, top] = [item.x + x, item.y + y];
    const box = mapBox(map, { x1: left, y1: top, x2: left + width, y2: top + height });
    const reached = {
      x1: box.x1 - reachX,
      y1: box.y1 - reachY,
      x2: box.x2 + reachX,
      y2: box.y2 + reachY,
    };
    pixels = pixels.union(boxRegion(roundOut(reached)));
  }
  return pixels.intersect(boxRegion(itemBox(item, map)));
}

export function boxRegion(box: Box): Region {
  return Region.rect(box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1);
}

/** From output pixels to the pixels of the item's buffer: what pixman wants as a source's transform. */
export function bufferMap(item: SceneItem, content: BufferContent, map: Affine): Affine {
  return chain(invert(chain(translation(item.x, item.y), map)), surfaceToBuffer(item, content));
}

/**
 * The pixels of the buffer the surface is made of (viewporter.xml: what a crop leaves of it), grown to whole ones. Filters must not look
 * further: what is around them may be garbage, and changes unseen. Of a crop that was meant for a larger buffer: all pixels.
 */
export function sourceBox(item: SceneItem, content: BufferContent): Box {
  const { width, height } = content;
  const whole = { x1: 0, y1: 0, x2: width, y2: height };
  const { state } = item;
  if (state.viewport.source === null) return whole;
  const surface = { x1: 0, y1: 0, x2: state.width, y2: state.height };
  const box = roundOut(mapBox(surfaceToBuffer(item, content), surface));
  const inside = box.x1 >= 0 && box.y1 >= 0 && box.x2 <= width && box.y2 <= height;
  return inside ? box : whole;
}

function surfaceToBuffer(item: SceneItem, content: BufferContent): Affine {
  const { state } = item;
  const { bufferScale, bufferTransform, viewport } = state;
  if (isPixelForPixel(state)) return IDENTITY;
  const size = scaledBufferSize({
    bufferWidth: content.width,
    bufferHeight: content.height,
    scale: bufferScale,
    transform: bufferTransform,
    viewport,
  });
  const source = viewport.source ?? { x: 0, y: 0, width: size.width, height: size.height };
  const cropped = chain(
    scaling(source.width / state.width, source.height / state.height),
    translation(source.x, source.y),
  );
  const scaled = chain(cropped, scaling(bufferScale, bufferScale));
  return chain(
    scaled,
    transformOf(bufferTransform, size.width * bufferScale, size.height * bufferScale),
  );
}
