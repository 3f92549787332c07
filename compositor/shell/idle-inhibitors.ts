/** Surfaces that want the screen they are seen on kept awake (idle-inhibit-unstable-v1.xml). */
import type { SurfaceOutput } from '../surface/surface-output.ts';
import type { Surface } from '../surface/surface.ts';

/** We blank no screen ourselves: a backend in whose hands that is asks {@link inhibits}. */
export class IdleInhibitors {
  /** How many inhibitors each has. */
  readonly #surfaces = new Map<Surface, number>();
  readonly #listeners = new Set<() => void>();

  /** One inhibitor more. Returns its end, which may be told twice; that of the surface ends it too. */
  add(surface: Surface): () => void {
    this.#count(surface, 1);
    let ended = false;
    const end = (): void => {
      if (ended) return;
      ended = true;
      this.#count(surface, -1);
    };
    surface.onDestroyed(end);
    return end;
  }

  /** Whether a surface with an inhibitor is seen there; it may be the neighbour's tomorrow: asked with each frame. */
  inhibits(output: SurfaceOutput): boolean {
    for (const surface of this.#surfaces.keys()) if (surface.visibleOn.has(output)) return true;
    return false;
  }

  /** Inhibitors came or went. Returns the remover. */
  onChanged(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #count(surface: Surface, change: 1 | -1): void {
    const count = (this.#surfaces.get(surface) ?? 0) + change;
    if (count > 0) this.#surfaces.set(surface, count);
    else this.#surfaces.delete(surface);
    for (const listener of this.#listeners) listener();
  }
}
