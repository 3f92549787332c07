/** What is on a screenshot. */
import { PNG } from 'pngjs';
import type { Rectangle } from './apps-control.ts';

export class Picture {
  readonly width: number;
  readonly height: number;
  /** 0xRRGGBB, row by row. */
  readonly pixels: Uint32Array;

  constructor(source: Buffer | { width: number; height: number; pixels: Uint32Array }) {
    if ('pixels' in source) {
      this.width = source.width;
      this.height = source.height;
      this.pixels = source.pixels;
      return;
    }
    const { width, height, data } = PNG.sync.read(source);
    this.width = width;
    this.height = height;
    this.pixels = new Uint32Array(width * height);
    for (let index = 0; index < this.pixels.length; index++) {
      this.pixels[index] = data.readUIntBE(4 * index, 3);
    }
  }

  /** The part of `rectangle` that is on it. */
  crop(rectangle: Rectangle): Picture {
    const left = Math.max(0, Math.round(rectangle.x));
    const top = Math.max(0, Math.round(rectangle.y));
    const width = Math.min(this.width, Math.round(rectangle.x + rectangle.width)) - left;
    const height = Math.min(this.height, Math.round(rectangle.y + rectangle.height)) - top;
    if (width <= 0 || height <= 0) return new Picture({ width: 0, height: 0, pixels: NO_PIXELS });
    const pixels = new Uint32Array(width * height);
    for (let row = 0; row < height; row++) {
      const start = (top + row) * this.width + left;
      pixels.set(this.pixels.subarray(start, start + width), row * width);
    }
    return new Picture({ width, height, pixels });
  }

  at(x: number, y: number): number {
    return this.pixels[y * this.width + x] ?? -1;
  }

  /** How many different colours it has. */
  get colours(): number {
    return new Set(this.pixels).size;
  }

  /** The part of it, 0 to 1, that has this colour, give or take what blending in another order makes of it. */
  share(colour: number): number {
    if (this.pixels.length === 0) return 0;
    let count = 0;
    for (const pixel of this.pixels) if (isNear(pixel, colour)) count++;
    return count / this.pixels.length;
  }

  /** How many pixels differ from those of one of the same size. */
  differences(other: Picture): number {
    let count = 0;
    for (let index = 0; index < this.pixels.length; index++) {
      if (this.pixels[index] !== other.pixels[index]) count++;
    }
    return count;
  }
}

/** Levels of a channel by which a colour may be off. */
const TOLERANCE = 2;

function isNear(a: number, b: number): boolean {
  if (a === b) return true;
  for (const shift of [0, 8, 16]) {
    if (Math.abs(((a >> shift) & 0xff) - ((b >> shift) & 0xff)) > TOLERANCE) return false;
  }
  return true;
}

const NO_PIXELS = new Uint32Array();
