/** Output pixels as PNG. */
import { createRequire } from 'node:module';
import type * as pngjs from 'pngjs';
import type { PixelTarget } from './composer.ts';

const require = createRequire(import.meta.url);

/** Encodes X8R8G8B8 pixels; the result is a whole PNG file. */
export function encodePng(pixels: PixelTarget): Buffer {
  // Loaded when first needed: most sessions take no screenshot, and all want to start quickly.
  const { PNG } = require('pngjs') as typeof pngjs;
  const { width, height, strideBytes } = pixels;
  const png = new PNG({ width, height, colorType: 2 });
  const source = new Uint8Array(pixels.bytes, pixels.offsetBytes);
  const target = png.data;
  for (let row = 0; row < height; row++) {
    let from = row * strideBytes;
    let to = row * width * 4;
    for (let column = 0; column < width; column++, from += 4, to += 4) {
      target[to] = source[from + 2] ?? 0;
      target[to + 1] = source[from + 1] ?? 0;
      target[to + 2] = source[from] ?? 0;
      target[to + 3] = 255;
    }
  }
  return PNG.sync.write(png, { colorType: 2 });
}
