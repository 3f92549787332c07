/** Pixel formats of client buffers: which, how big a pixel, translucent or not. */
import { bytesPerPixel, drawableFormats, fourcc, pixmanFormatOf } from '../render/formats.ts';

export const ARGB8888: number = fourcc('AR24');
export const XRGB8888: number = fourcc('XR24');

/** What a buffer's maker has to know of its format. */
export interface PixelFormat {
  /** drm_fourcc.h */
  readonly fourcc: number;
  readonly bytesPerPixel: number;
  readonly opaque: boolean;
}

/** A DRM fourcc we can draw, else undefined. */
export function pixelFormat(drmFormat: number): PixelFormat | undefined {
  const code = pixmanFormatOf(drmFormat);
  const bytes = bytesPerPixel(drmFormat);
  if (code === undefined || bytes === undefined) return undefined;
  // PIXMAN_FORMAT_A
  return { fourcc: drmFormat, bytesPerPixel: bytes, opaque: ((code >> 12) & 0xf) === 0 };
}

/** wl_shm.format: fourccs, but for the two oldest (wayland.xml: wl_shm.format). */
export function shmPixelFormat(shmFormat: number): PixelFormat | undefined {
  if (shmFormat === 0) return pixelFormat(ARGB8888);
  if (shmFormat === 1) return pixelFormat(XRGB8888);
  if (shmFormat === ARGB8888 || shmFormat === XRGB8888) return undefined;
  return pixelFormat(shmFormat);
}

/** What wl_shm.format calls a DRM fourcc. */
export function shmFormatOf(drmFormat: number): number {
  if (drmFormat === ARGB8888) return 0;
  return drmFormat === XRGB8888 ? 1 : drmFormat;
}

/** All of wl_shm.format we can draw, argb8888 and xrgb8888 first. */
export function shmFormats(): number[] {
  const others = drawableFormats.filter((code) => code !== ARGB8888 && code !== XRGB8888);
  return [0, 1, ...others];
}
