/** A window as a source of images: its geometry (no shadows) with popups as far as they lie on it, wherever it is, shown or not. */
import type { Output } from '../output/output.ts';
import { type Colour, TRANSPARENT } from '../render/composer.ts';
import { flattenScene, type SceneRoot } from '../render/scene.ts';
import { type Affine, mapPoint, scaling } from '../render/transform.ts';
import type { Cursor } from '../seat/cursor.ts';
import type { Seat } from '../seat/seat.ts';
import type { Shell } from '../shell/shell.ts';
import type { Toplevel } from '../shell/toplevel.ts';
import type { Transform } from '../surface/transform.ts';
import { TRANSLUCENT_FORMATS } from './capture-source.ts';
import type { CaptureListener, CaptureSize, CaptureSource, CaptureView } from './capture-source.ts';

export interface ToplevelSourceOptions {
  readonly toplevel: Toplevel;
  readonly shell: Shell;
  readonly seat: Seat;
  readonly cursor: Cursor;
}

export class ToplevelSource implements CaptureSource {
  readonly formats: readonly number[] = TRANSLUCENT_FORMATS;
  readonly background: Colour = TRANSPARENT;
  readonly transform: Transform = 0;
  readonly #options: ToplevelSourceOptions;
  readonly #unlisten: () => void;
  #listener: CaptureListener | undefined;
  #size: CaptureSize;
  #scale: number;
  #map: Affine;
  #stopped = false;

  constructor(options: ToplevelSourceOptions) {
    this.#options = options;
    const { toplevel, shell } = options;
    this.#scale = this.#wantedScale();
    this.#map = scaling(this.#scale, this.#scale);
    this.#size = this.#wantedSize();
    this.#stopped = !toplevel.mapped;
    const unlisten = toplevel.surface.onApplied(() => this.#measure());
    const unwatch = shell.addWindowListener({
      unmapped: (unmapped) => {
        if (unmapped !== toplevel || this.#stopped) return;
        this.#stopped = true;
        this.#listener?.stopped();
      },
    });
    this.#unlisten = () => {
      unlisten();
      unwatch();
    };
  }

  get size(): CaptureSize {
    return this.#size;
  }

  get scale(): number {
    return this.#scale;
  }

  /** Null for a minimised window: it is in nobody's frames. */
  get output(): Output | null {
    const { toplevel, shell } = this.#options;
    return toplevel.minimized ? null : shell.outputOf(toplevel);
  }

  get hasPointer(): boolean {
    const { toplevel, shell, seat } = this.#options;
    const { focus } = seat.pointer;
    return focus !== null && shell.windowOf(focus) === toplevel;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  view({ cursor }: { readonly cursor: boolean }): CaptureView {
    this.#measure();
    return { items: flattenScene(this.#roots(cursor)), map: this.#map };
  }

  locate(x: number, y: number): { readonly x: number; readonly y: number } {
    const { toplevel } = this.#options;
    return mapPoint(this.#map, x - toplevel.x, y - toplevel.y);
  }

  listen(listener: CaptureListener): void {
    this.#listener = listener;
  }

  dispose(): void {
    this.#listener = undefined;
    this.#unlisten();
  }

  /** Relative to the window, so that moving it changes nothing. */
  *#roots(withCursor: boolean): Iterable<SceneRoot> {
    const { toplevel, shell, cursor } = this.#options;
    const image = withCursor && this.hasPointer ? cursor.root() : null;
    const roots = image ? [...shell.rootsOf(toplevel), image] : shell.rootsOf(toplevel);
    for (const { surface, x, y } of roots) {
      yield { surface, x: x - toplevel.x, y: y - toplevel.y };
    }
  }

  #measure(): void {
    if (this.#stopped || !this.#options.toplevel.mapped) return;
    const scale = this.#wantedScale();
    if (scale !== this.#scale) {
      this.#scale = scale;
      this.#map = scaling(scale, scale);
    }
    const { width, height } = this.#wantedSize();
    if (width === this.#size.width && height === this.#size.height) return;
    this.#size = { width, height };
    this.#listener?.resized();
  }

  #wantedScale(): number {
    const { toplevel, shell } = this.#options;
    return shell.outputOf(toplevel)?.scale ?? 1;
  }

  #wantedSize(): CaptureSize {
    const { width, height } = this.#options.toplevel.geometry;
    const pixels = (length: number): number => Math.max(1, Math.ceil(length * this.#scale));
    return { width: pixels(width), height: pixels(height) };
  }
}
