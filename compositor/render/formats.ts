/** DRM fourccs we can draw, and what pixman calls them (drm_fourcc.h, pixman.h). */

const TYPE_ARGB = 2;
const TYPE_ABGR = 3;
const TYPE_BGRA = 8;
const TYPE_RGBA = 9;

/** PIXMAN_FORMAT(bpp, type, a, r, g, b). */
function pixmanFormat(
  bitsPerPixel: number,
  type: number,
  alpha: number,
  red: number,
  green: number,
  blue: number,
): number {
  return (bitsPerPixel << 24) | (type << 16) | (alpha << 12) | (red << 8) | (green << 4) | blue;
}

/** Where {@link pixmanFormat} keeps the number of alpha bits. */
const ALPHA_BITS = 0xf000;

/** fourcc of four characters, little endian. */
export function fourcc(code: string): number {
  return (
    code.charCodeAt(0) |
    (code.charCodeAt(1) << 8) |
    (code.charCodeAt(2) << 16) |
    (code.charCodeAt(3) << 24)
  );
}

/** What the renderer draws into. */
export const PIXMAN_X8R8G8B8: number = pixmanFormat(32, TYPE_ARGB, 0, 8, 8, 8);

const FORMATS: ReadonlyMap<number, number> = new Map([
  [fourcc('AR24'), pixmanFormat(32, TYPE_ARGB, 8, 8, 8, 8)],
  [fourcc('XR24'), pixmanFormat(32, TYPE_ARGB, 0, 8, 8, 8)],
  [fourcc('AB24'), pixmanFormat(32, TYPE_ABGR, 8, 8, 8, 8)],
  [fourcc('XB24'), pixmanFormat(32, TYPE_ABGR, 0, 8, 8, 8)],
  [fourcc('BA24'), pixmanFormat(32, TYPE_BGRA, 8, 8, 8, 8)],
  [fourcc('BX24'), pixmanFormat(32, TYPE_BGRA, 0, 8, 8, 8)],
  [fourcc('RA24'), pixmanFormat(32, TYPE_RGBA, 8, 8, 8, 8)],
  [fourcc('RX24'), pixmanFormat(32, TYPE_RGBA, 0, 8, 8, 8)],
  [fourcc('AR30'), pixmanFormat(32, TYPE_ARGB, 2, 10, 10, 10)],
  [fourcc('XR30'), pixmanFormat(32, TYPE_ARGB, 0, 10, 10, 10)],
  [fourcc('AB30'), pixmanFormat(32, TYPE_ABGR, 2, 10, 10, 10)],
  [fourcc('XB30'), pixmanFormat(32, TYPE_ABGR, 0, 10, 10, 10)],
  [fourcc('RG24'), pixmanFormat(24, TYPE_ARGB, 0, 8, 8, 8)],
  [fourcc('BG24'), pixmanFormat(24, TYPE_ABGR, 0, 8, 8, 8)],
  [fourcc('RG16'), pixmanFormat(16, TYPE_ARGB, 0, 5, 6, 5)],
  [fourcc('BG16'), pixmanFormat(16, TYPE_ABGR, 0, 5, 6, 5)],
  [fourcc('AR15'), pixmanFormat(16, TYPE_ARGB, 1, 5, 5, 5)],
  [fourcc('XR15'), pixmanFormat(16, TYPE_ARGB, 0, 5, 5, 5)],
  [fourcc('AB15'), pixmanFormat(16, TYPE_ABGR, 1, 5, 5, 5)],
  [fourcc('XB15'), pixmanFormat(16, TYPE_ABGR, 0, 5, 5, 5)],
  [fourcc('AR12'), pixmanFormat(16, TYPE_ARGB, 4, 4, 4, 4)],
  [fourcc('XR12'), pixmanFormat(16, TYPE_ARGB, 0, 4, 4, 4)],
  [fourcc('AB12'), pixmanFormat(16, TYPE_ABGR, 4, 4, 4, 4)],
  [fourcc('XB12'), pixmanFormat(16, TYPE_ABGR, 0, 4, 4, 4)],
]);

/** pixman's code for a DRM fourcc, or undefined when we cannot draw it. */
export function pixmanFormatOf(drmFormat: number): number | undefined {
  return FORMATS.get(drmFormat);
}

/** The pixman code of the same layout whose alpha bits mean nothing. */
export function withoutAlpha(pixmanCode: number): number {
  return pixmanCode & ~ALPHA_BITS;
}

/** Every fourcc we can draw. */
export const drawableFormats: readonly number[] = [...FORMATS.keys()];

/** Bytes of one pixel of a drawable format. */
export function bytesPerPixel(drmFormat: number): number | undefined {
  const format = FORMATS.get(drmFormat);
  return format === undefined ? undefined : (format >>> 24) / 8;
}
