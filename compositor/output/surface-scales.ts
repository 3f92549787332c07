/** What scale a surface should be drawn at: the largest of the outputs it is on. */
import { WlSurface } from '../../protocols/generated/wayland.server.ts';
import type { Surface } from '../surface/surface.ts';
import { Output } from './output.ts';

export type ScaleListener = (scale: number) => void;

/** Tells wl_surface.preferred_buffer_scale and _transform, and fractional scales to whoever listens. */
export class SurfaceScales {
  readonly #told = new Map<Surface, { scale: number; transform: number }>();
  readonly #listeners = new Map<Surface, ScaleListener>();

  /** The surface's outputs or their scales changed. Off all outputs it keeps what it had. */
  update(surface: Surface): void {
    const { resource } = surface;
    let best: Output | undefined;
    for (const output of surface.visibleOn) {
      if (output instanceof Output && output.scale > (best?.scale ?? 0)) best = output;
    }
    if (!resource || !best) return;
    const { scale, wholeScale, transform } = best;
    const told = this.#told.get(surface);
    if (told?.scale === scale && told.transform === transform) return;
    this.#told.set(surface, { scale, transform });
    if (resource.version >= WlSurface.preferredBufferScaleSince) {
      WlSurface.sendPreferredBufferScale(resource, wholeScale);
      WlSurface.sendPreferredBufferTransform(resource, transform);
    }
    this.#listeners.get(surface)?.(scale);
  }

  /** wp_fractional_scale_v1 of a surface; it is told now what is known. Null takes it away. */
  listen(surface: Surface, listener: ScaleListener | null): void {
    if (!listener) {
      this.#listeners.delete(surface);
      return;
    }
    this.#listeners.set(surface, listener);
    const told = this.#told.get(surface);
    if (told) listener(told.scale);
  }

  listensTo(surface: Surface): boolean {
    return this.#listeners.has(surface);
  }

  forget(surface: Surface): void {
    this.#told.delete(surface);
    this.#listeners.delete(surface);
  }
}
