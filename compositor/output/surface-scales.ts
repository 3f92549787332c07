/** What scale a surface should be drawn at: the largest of the outputs it is on. */
import { WlSurface } from '../../protocols/generated/wayland.server.ts';
import type { Surface } from '../surface/surface.ts';
import { Output } from './output.ts';

export type ScaleListener = (scale: number) => void;

interface Told {
  readonly scale: number;
  readonly wholeScale: number;
  readonly transform: number;
}

const DEFAULT_SCALE: Told = { scale: 1, wholeScale: 1, transform: 0 };

/** Tells wl_surface.preferred_buffer_scale and _transform, and fractional scales to whoever listens. */
export class SurfaceScales {
  readonly #told = new Map<Surface, Told>();
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
    // Before the first event scale 1 and no transform are preferred (wayland.xml): then there is nothing to tell. Clients with an
    // older libwayland that bind whatever version is offered depend on it.
    const told = this.#told.get(surface) ?? DEFAULT_SCALE;
    this.#told.set(surface, { scale, wholeScale, transform });
    if (resource.version >= WlSurface.preferredBufferScaleSince) {
      if (told.wholeScale !== wholeScale) WlSurface.sendPreferredBufferScale(resource, wholeScale);
      if (told.transform !== transform) {
        WlSurface.sendPreferredBufferTransform(resource, transform);
      }
    }
    if (told.scale !== scale) this.#listeners.get(surface)?.(scale);
  }

  /** wp_fractional_scale_v1 of a surface; it is told now what is known. Null takes it away. */
  listen(surface: Surface, listener: ScaleListener | null): void {
    if (!listener) {
      this.#listeners.delete(surface);
      return;
    }
    this.#listeners.set(surface, listener);
    listener((this.#told.get(surface) ?? DEFAULT_SCALE).scale);
  }

  listensTo(surface: Surface): boolean {
    return this.#listeners.has(surface);
  }

  forget(surface: Surface): void {
    this.#told.delete(surface);
    this.#listeners.delete(surface);
  }
}
