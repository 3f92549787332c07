/** pixman as the addon offers it: composition in software (pixman.h). Loaded at run time. */

/**
 * Images are numbers, valid until {@link PixmanBinding.pixmanDestroy}; an unknown one throws RangeError.
 * Without libpixman-1.so.0 every function but `pixmanAvailable`, `pixmanDestroy` and `pixmanLiveImages` throws a SystemError
 * of dlopen that names the Debian package.
 * Colours have 16 bits a channel (0 to 65535), premultiplied. Coordinates beyond ±2^24 throw RangeError.
 */
export interface PixmanBinding {
  pixmanAvailable(): boolean;
  /**
   * An image over `buffer[offsetBytes, offsetBytes + strideBytes * height)`, which must lie inside it and start at, and have a
   * stride of, a multiple of 4; sides are 1 to 32767; else RangeError. Keeps the ArrayBuffer alive; when its memory is taken
   * away (unmap, transfer), drawing from or on the image throws RangeError. `format`: a pixman_format_code_t without
   * palette or planes, such as 0x20028888 (a8r8g8b8).
   */
  pixmanCreateBits(
    format: number,
    width: number,
    height: number,
    buffer: ArrayBuffer,
    offsetBytes: number,
    strideBytes: number,
  ): number;
  /** An endless image of one colour. It can only be a source or mask. */
  pixmanCreateSolid(red: number, green: number, blue: number, alpha: number): number;
  /** `matrix`: 9 numbers of 16.16 fixed point, row by row, from destination to source pixels. */
  pixmanSetTransform(image: number, matrix: Int32Array): void;
  /** Bilinear, or else the nearest pixel. */
  pixmanSetFilter(image: number, bilinear: boolean): void;
  /** 0 none, 1 normal, 2 pad, 3 reflect. */
  pixmanSetRepeat(image: number, repeat: number): void;
  /** Boxes of x1, y1, x2, y2; none = nothing is drawn. Null takes the clip away. */
  pixmanSetClip(image: number, boxes: Int32Array | null): void;
  /** `operator`: 0 clear, 1 src, 3 over … 13 saturate. `mask` may be 0. An empty size draws nothing. */
  pixmanComposite(
    operator: number,
    source: number,
    mask: number,
    destination: number,
    sourceX: number,
    sourceY: number,
    maskX: number,
    maskY: number,
    destinationX: number,
    destinationY: number,
    width: number,
    height: number,
  ): void;
  /** Fills boxes of x1, y1, x2, y2. */
  pixmanFill(
    operator: number,
    destination: number,
    red: number,
    green: number,
    blue: number,
    alpha: number,
    boxes: Int32Array,
  ): void;
  /** Idempotent. */
  pixmanDestroy(image: number): void;
  pixmanLiveImages(): number;
}
