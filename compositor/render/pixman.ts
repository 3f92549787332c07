/** pixman images by handle: the only place that knows the binding's pixman functions. */
import { native } from '../../native/binding.ts';
import type { Rect } from '../surface/region.ts';
import { isWholeTranslation, type Affine } from './transform.ts';

/** pixman_op_t */
export const PIXMAN_OP_SRC = 1;
export const PIXMAN_OP_OVER = 3;
const REPEAT_PAD = 2;
/** What pixman wants of offsets and strides. */
const ALIGNMENT_BYTES = 4;
const FIXED_ONE = 65_536;

/** libpixman cannot be loaded: the compositor cannot draw. */
export class PixmanMissingError extends Error {
  readonly code = 'SYNCLINE_PIXMAN_MISSING';

  constructor() {
    super('cannot compose: libpixman-1.so.0 is not installed (Debian: apt install libpixman-1-0)');
    this.name = 'PixmanMissingError';
  }
}

/** Throws {@link PixmanMissingError} when the library is not there. Loads it once. */
export function requirePixman(): void {
  if (!native.pixmanAvailable()) throw new PixmanMissingError();
}

/** Pixels or a colour to draw from or into. Dispose it before its memory goes. */
export class PixmanImage {
  readonly handle: number;
  #live = true;

  private constructor(handle: number) {
    this.handle = handle;
  }

  /** Reads or writes `bytes` in place, or a copy of them when pixman cannot take their alignment. Throws when they are too few. */
  static bits(
    format: number,
    width: number,
    height: number,
    bytes: ArrayBuffer,
    offsetBytes: number,
    strideBytes: number,
  ): PixmanImage {
    const aligned = offsetBytes % ALIGNMENT_BYTES === 0 && strideBytes % ALIGNMENT_BYTES === 0;
    const source = aligned
      ? { bytes, offsetBytes, strideBytes }
      : alignedCopy(bytes, offsetBytes, strideBytes, height);
    return new PixmanImage(
      native.pixmanCreateBits(
        format,
        width,
        height,
        source.bytes,
        source.offsetBytes,
        source.strideBytes,
      ),
    );
  }

  /** Premultiplied, 16 bits a channel. */
  static solid(red: number, green: number, blue: number, alpha: number): PixmanImage {
    return new PixmanImage(native.pixmanCreateSolid(red, green, blue, alpha));
  }

  /** Maps target pixels to this image's; `smooth` interpolates between pixels. The edge pixels go on outside. */
  setMap(map: Affine, smooth: boolean): void {
    if (isWholeTranslation(map) && map.x0 === 0 && map.y0 === 0) return;
    native.pixmanSetTransform(
      this.handle,
      Int32Array.of(
        toFixed(map.xx),
        toFixed(map.xy),
        toFixed(map.x0),
        toFixed(map.yx),
        toFixed(map.yy),
        toFixed(map.y0),
        0,
        0,
        FIXED_ONE,
      ),
    );
    native.pixmanSetFilter(this.handle, smooth);
    native.pixmanSetRepeat(this.handle, REPEAT_PAD);
  }

  /** As a target: only these rectangles are written; null takes the limit away. */
  setClip(rects: readonly Rect[] | null): void {
    native.pixmanSetClip(this.handle, rects && boxesOf(rects));
  }

  /** As a target: sets the rectangles to a premultiplied colour of 16 bits a channel. */
  fill(rects: readonly Rect[], red: number, green: number, blue: number, alpha: number): void {
    native.pixmanFill(PIXMAN_OP_SRC, this.handle, red, green, blue, alpha, boxesOf(rects));
  }

  dispose(): void {
    if (!this.#live) return;
    this.#live = false;
    native.pixmanDestroy(this.handle);
  }
}

/** Draws `source` (from sx, sy) on `target` (at x, y); `mask` multiplies alpha. */
export function composite(
  op: number,
  source: PixmanImage,
  mask: PixmanImage | null,
  target: PixmanImage,
  sx: number,
  sy: number,
  x: number,
  y: number,
  width: number,
  height: number,
): void {
  native.pixmanComposite(
    op,
    source.handle,
    mask?.handle ?? 0,
    target.handle,
    sx,
    sy,
    0,
    0,
    x,
    y,
    width,
    height,
  );
}

function toFixed(value: number): number {
  return Math.round(value * FIXED_ONE);
}

function boxesOf(rects: readonly Rect[]): Int32Array {
  const boxes = new Int32Array(4 * rects.length);
  rects.forEach(({ x, y, width, height }, index) => {
    boxes.set([x, y, x + width, y + height], 4 * index);
  });
  return boxes;
}

/** wl_shm allows any offset and stride. The last row may be shorter than the stride. */
function alignedCopy(
  bytes: ArrayBuffer,
  offsetBytes: number,
  strideBytes: number,
  height: number,
): { bytes: ArrayBuffer; offsetBytes: number; strideBytes: number } {
  const alignedStride = Math.ceil(strideBytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
  const copy = new Uint8Array(alignedStride * height);
  for (let row = 0; row < height; row++) {
    const start = offsetBytes + row * strideBytes;
    const length = Math.min(strideBytes, bytes.byteLength - start);
    copy.set(new Uint8Array(bytes, start, length), row * alignedStride);
  }
  return { bytes: copy.buffer, offsetBytes: 0, strideBytes: alignedStride };
}
