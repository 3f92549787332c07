/** An output as a source of images: all it shows, in the pixels of its mode. */
import type { Output } from '../output/output.ts';
import type { Colour } from '../render/composer.ts';
import { BACKGROUND } from '../output/repaint.ts';
import { outputMap } from '../render/output-map.ts';
import { flattenScene, type SceneRoot } from '../render/scene.ts';
import { type Affine, mapPoint } from '../render/transform.ts';
import type { Transform } from '../surface/transform.ts';
import { OPAQUE_FORMATS } from './capture-source.ts';
import type { CaptureListener, CaptureSize, CaptureSource, CaptureView } from './capture-source.ts';

/** Everything shown in the global space, bottom to top, the cursor last. */
export type SceneRoots = (options: { readonly cursor: boolean }) => Iterable<SceneRoot>;

export class OutputSource implements CaptureSource {
  readonly formats: readonly number[] = OPAQUE_FORMATS;
  readonly background: Colour = BACKGROUND;
  readonly output: Output;
  readonly #roots: SceneRoots;
  readonly #unlisten: () => void;
  #listener: CaptureListener | undefined;
  #map: Affine;
  #stopped: boolean;

  constructor(output: Output, roots: SceneRoots) {
    this.output = output;
    this.#roots = roots;
    this.#map = outputMap(output);
    this.#stopped = output.removed;
    const unchange = output.onChanged((_, before) => {
      this.#map = outputMap(output);
      const { width, height } = output.description;
      if (before.width !== width || before.height !== height) this.#listener?.resized();
    });
    const unremove = output.onRemoved(() => {
      this.#stopped = true;
      this.#listener?.stopped();
    });
    this.#unlisten = () => {
      unchange();
      unremove();
    };
  }

  get size(): CaptureSize {
    const { width, height } = this.output.description;
    return { width, height };
  }

  get scale(): number {
    return this.output.scale;
  }

  get transform(): Transform {
    return this.output.transform;
  }

  /** Wherever it is: the image's edges decide. */
  get hasPointer(): boolean {
    return true;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  view(options: { readonly cursor: boolean }): CaptureView {
    return { items: flattenScene(this.#roots(options)), map: this.#map };
  }

  locate(x: number, y: number): { readonly x: number; readonly y: number } {
    return mapPoint(this.#map, x, y);
  }

  listen(listener: CaptureListener): void {
    this.#listener = listener;
  }

  dispose(): void {
    this.#listener = undefined;
    this.#unlisten();
  }
}
