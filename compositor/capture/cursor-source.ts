/** The cursor's image as a source of its own, at the scale and transform of the source it moves over. */
import type { Output } from '../output/output.ts';
import { type Colour, TRANSPARENT } from '../render/composer.ts';
import { flattenScene } from '../render/scene.ts';
import { type Affine, chain, IDENTITY, scaling, transformOf } from '../render/transform.ts';
import type { Cursor } from '../seat/cursor.ts';
import type { Surface } from '../surface/surface.ts';
import type { Transform } from '../surface/transform.ts';
import { TRANSLUCENT_FORMATS } from './capture-source.ts';
import type { CaptureListener, CaptureSize, CaptureSource, CaptureView } from './capture-source.ts';

/** From the cursor's surface to the pixels of its image, which are `width` × `height` before the transform. */
export function cursorMap(image: {
  readonly scale: number;
  readonly transform: Transform;
  readonly width: number;
  readonly height: number;
}): Affine {
  const { scale, transform, width, height } = image;
  return chain(scaling(scale, scale), transformOf(transform, width, height));
}

/** Without an image: nothing, in one transparent pixel. */
const NO_IMAGE: CaptureSize = { width: 1, height: 1 };

export class CursorSource implements CaptureSource {
  readonly formats: readonly number[] = TRANSLUCENT_FORMATS;
  readonly background: Colour = TRANSPARENT;
  readonly #cursor: Cursor;
  readonly #over: CaptureSource;
  readonly #unlisten: () => void;
  #unlistenSurface: (() => void) | undefined;
  #followed: Surface | null = null;
  #listener: CaptureListener | undefined;
  #map: Affine = IDENTITY;
  #mapKey = '';
  #size: CaptureSize = NO_IMAGE;

  /** Takes `over`. */
  constructor(cursor: Cursor, over: CaptureSource) {
    this.#cursor = cursor;
    this.#over = over;
    over.listen({ resized: () => undefined, stopped: () => this.#listener?.stopped() });
    this.#unlisten = cursor.onChanged(() => this.#follow());
    this.#follow();
  }

  get size(): CaptureSize {
    return this.#size;
  }

  get scale(): number {
    return this.#over.scale;
  }

  get transform(): Transform {
    return this.#over.transform;
  }

  get output(): Output | null {
    return this.#over.output;
  }

  get hasPointer(): boolean {
    return this.#over.hasPointer;
  }

  get stopped(): boolean {
    return this.#over.stopped;
  }

  view(): CaptureView {
    this.#measure();
    const { surface } = this.#cursor;
    return {
      items: surface?.mapped ? flattenScene([{ surface, x: 0, y: 0 }]) : [],
      map: this.#map,
    };
  }

  locate(x: number, y: number): { readonly x: number; readonly y: number } {
    return this.#over.locate(x, y);
  }

  listen(listener: CaptureListener): void {
    this.#listener = listener;
  }

  dispose(): void {
    this.#listener = undefined;
    this.#unlistenSurface?.();
    this.#unlisten();
    this.#over.dispose();
  }

  /** Another surface may be the image now. */
  #follow(): void {
    const { surface } = this.#cursor;
    if (surface !== this.#followed) {
      this.#unlistenSurface?.();
      this.#unlistenSurface = surface?.onApplied(() => this.#measure());
      this.#followed = surface;
    }
    this.#measure();
  }

  #measure(): void {
    const { scale, transform } = this.#over;
    const { surface } = this.#cursor;
    const state = surface?.mapped ? surface.current : null;
    const width = state ? Math.ceil(state.width * scale) : NO_IMAGE.width;
    const height = state ? Math.ceil(state.height * scale) : NO_IMAGE.height;
    const key = `${scale} ${transform} ${width}x${height}`;
    if (key === this.#mapKey) return;
    this.#mapKey = key;
    this.#map = cursorMap({ scale, transform, width, height });
    const turned = (transform & 1) === 1;
    const size = turned ? { width: height, height: width } : { width, height };
    const resized = size.width !== this.#size.width || size.height !== this.#size.height;
    this.#size = size;
    if (resized) this.#listener?.resized();
  }
}
