/** What can be captured: an output, a window, the cursor, each as a list of surfaces and a map to the pixels of the image. */
import type { Output } from '../output/output.ts';
import type { Colour } from '../render/composer.ts';
import { fourcc } from '../render/formats.ts';
import type { SceneItem } from '../render/scene.ts';
import type { Affine } from '../render/transform.ts';
import type { Transform } from '../surface/transform.ts';

export interface CaptureSize {
  readonly width: number;
  readonly height: number;
}

/** What is to be seen at the moment. */
export interface CaptureView {
  /** Bottom to top, in coordinates of the source's own. */
  readonly items: readonly SceneItem[];
  /** From those coordinates to pixels of the image; the same object as long as it is the same map. */
  readonly map: Affine;
}

export interface CaptureListener {
  /** The image has another size from now on. */
  resized(): void;
  /** There is nothing to capture any more. Called once. */
  stopped(): void;
}

/** Each session has its own, and disposes it. */
export interface CaptureSource {
  /** DRM fourccs a buffer for it may have, the best first. */
  readonly formats: readonly number[];
  readonly background: Colour;
  /** Pixels of the image. */
  readonly size: CaptureSize;
  /** Pixels of the image per logical pixel. */
  readonly scale: number;
  /** What was done to the image, as wl_output.transform says it. */
  readonly transform: Transform;
  /** Whose frames the image follows; null: nobody's, it is shown nowhere. */
  readonly output: Output | null;
  readonly stopped: boolean;
  /** Whether the pointer is on it, as far as other windows may be between. */
  readonly hasPointer: boolean;
  view(options: { readonly cursor: boolean }): CaptureView;
  /** Where a global point is in the image, in pixels. */
  locate(x: number, y: number): { readonly x: number; readonly y: number };
  /** One listener; replaces the one before. */
  listen(listener: CaptureListener): void;
  /** Idempotent. */
  dispose(): void;
}

/** Formats of images without a translucent pixel. */
export const OPAQUE_FORMATS: readonly number[] = ['XR24', 'AR24', 'XB24', 'AB24'].map(fourcc);
/** Formats of images that may be seen through. */
export const TRANSLUCENT_FORMATS: readonly number[] = ['AR24', 'AB24'].map(fourcc);
