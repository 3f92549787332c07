/** What a wl_buffer holds, as the renderer and the nested backend see it. */

/** Pixels, valid during the call of {@link BufferContent.read} or write only. Neither offset nor stride need be aligned. */
export interface PixelView {
  readonly bytes: ArrayBuffer;
  readonly offsetBytes: number;
  readonly strideBytes: number;
}

/** A premultiplied colour, each channel a full-range u32 (single-pixel-buffer-v1.xml: create_u32_rgba_buffer). */
export interface SolidColor {
  readonly red: number;
  readonly green: number;
  readonly blue: number;
  readonly alpha: number;
}

/** Where a wl_shm buffer lies in its pool's file. `fd` is borrowed, for the moment. */
export interface SharedMemory {
  readonly fd: number;
  readonly offsetBytes: number;
  readonly strideBytes: number;
  /** Whether it may be mapped writable. */
  readonly writable: boolean;
}

/** The one plane of a linear dma-buf. `fd` is borrowed and lives as long as the content. */
export interface DmabufPlane {
  readonly fd: number;
  readonly offsetBytes: number;
  readonly strideBytes: number;
  /** DRM format modifier, 0n = linear. */
  readonly modifier: bigint;
}

/**
 * Storage of a buffer. It outlives its wl_buffer object while somebody holds a {@link BufferUse}.
 *
 * `read` gives the pixels to `use`, synchronously, at most once per call. "revoked": the memory behind it is gone (truncated pool,
 * vanished device); what `use` saw, if it was called, is zeros in part. Never throws for the client's doing.
 */
export interface BufferContent {
  readonly kind: 'shm' | 'dmabuf' | 'solid';
  /** Pixels. A solid colour is 1 × 1. */
  readonly width: number;
  readonly height: number;
  /** DRM fourcc (drm_fourcc.h), never wl_shm's 0 and 1. */
  readonly format: number;
  /** No pixel is translucent, by format or by colour. */
  readonly opaque: boolean;
  /** Memory it keeps alive, for accounting; buffers of one shm pool count their own rectangle. */
  readonly sizeBytes: number;
  /** Only of kind "solid". */
  readonly solid?: SolidColor;
  /** Only of kind "dmabuf". */
  readonly plane?: DmabufPlane;
  /** Only of kind "shm", and only while the pool's descriptor is kept. */
  readonly shared?: SharedMemory | undefined;
  /** Its memory must not be shown as it is any more: see LostBufferPolicy "blank". */
  readonly blank?: boolean;
  read(use: (pixels: PixelView) => void): 'ok' | 'revoked';
  /**
   * Gives the pixels to `use` to be overwritten (captures), as {@link BufferContent.read} does. "read-only": the client does not let
   * us, `use` was not called. Missing: nobody can write to it. Fences are the caller's business.
   */
  write?(use: (pixels: PixelView) => void): 'ok' | 'revoked' | 'read-only';
}
