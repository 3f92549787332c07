/** A buffer of one colour. */
import type { BufferContent, PixelView, SolidColor } from './buffer-content.ts';
import { ARGB8888 } from './format.ts';

const FULL = 0xffff_ffff;
const TO_8_BIT = 24;

/** wp_single_pixel_buffer_manager_v1.create_u32_rgba_buffer: channels are premultiplied u32. */
export class SolidContent implements BufferContent {
  readonly kind = 'solid';
  readonly width = 1;
  readonly height = 1;
  readonly format: number = ARGB8888;
  readonly sizeBytes = 0;
  readonly solid: SolidColor;
  readonly opaque: boolean;

  constructor(color: SolidColor) {
    this.solid = color;
    this.opaque = color.alpha === FULL;
  }

  read(use: (pixels: PixelView) => void): 'ok' | 'revoked' {
    const { red, green, blue, alpha } = this.solid;
    const pixel = Uint8Array.of(
      blue >>> TO_8_BIT,
      green >>> TO_8_BIT,
      red >>> TO_8_BIT,
      alpha >>> TO_8_BIT,
    );
    use({ bytes: pixel.buffer, offsetBytes: 0, strideBytes: pixel.byteLength });
    return 'ok';
  }
}
