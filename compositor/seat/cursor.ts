/** The pointer's image: a client's surface with the cursor role, drawn above everything. */
import type { WpCursorShapeDeviceV1Shape } from '../../protocols/generated/cursor-shape-v1.interfaces.ts';
import type { SceneRoot } from '../render/scene.ts';
import type { SurfaceRole } from '../surface/surface-role.ts';
import type { AppliedUpdate } from '../surface/surface-state.ts';
import type { Surface } from '../surface/surface.ts';
import type { Pointer } from './pointer.ts';

export const CURSOR_ROLE = 'wl_pointer-cursor';

/** wl_pointer.set_cursor's role: its hot spot moves against wl_surface.offset. */
export class CursorRole implements SurfaceRole {
  readonly name: string = CURSOR_ROLE;
  hotspotX: number;
  hotspotY: number;

  constructor(hotspotX: number, hotspotY: number) {
    this.hotspotX = hotspotX;
    this.hotspotY = hotspotY;
  }

  applied(update: AppliedUpdate): void {
    this.hotspotX -= update.offsetX;
    this.hotspotY -= update.offsetY;
  }
}

/** Which image is shown; it lasts as long as its client has the pointer. */
export class Cursor {
  readonly #pointer: Pointer;
  readonly #changed = new Set<() => void>();
  #surface: Surface | null = null;
  /** A wp_cursor_shape_device_v1.shape, when the client named one instead. */
  #shape: WpCursorShapeDeviceV1Shape | null = null;

  constructor(pointer: Pointer) {
    this.#pointer = pointer;
    pointer.onFocus((focus, previous) => {
      if (focus?.client !== previous?.client) this.reset();
    });
    pointer.onMoved(() => {
      if (this.#surface) this.#notify();
    });
  }

  get surface(): Surface | null {
    return this.#surface;
  }

  get shape(): WpCursorShapeDeviceV1Shape | null {
    return this.#shape;
  }

  onChanged(listener: () => void): () => void {
    this.#changed.add(listener);
    return () => this.#changed.delete(listener);
  }

  /** Null hides the cursor. The surface has the {@link CursorRole}. */
  setSurface(surface: Surface | null): void {
    this.#surface = surface;
    this.#shape = null;
    surface?.onDestroyed(() => {
      if (this.#surface === surface) this.reset();
    });
    this.#notify();
  }

  setShape(shape: WpCursorShapeDeviceV1Shape): void {
    this.#surface = null;
    this.#shape = shape;
    this.#notify();
  }

  reset(): void {
    this.#surface = null;
    this.#shape = null;
    this.#notify();
  }

  /** Where to draw it, null when nothing is to be drawn. */
  root(): SceneRoot | null {
    const surface = this.#surface;
    if (!surface?.mapped || !(surface.role instanceof CursorRole)) return null;
    return {
      surface,
      x: Math.round(this.#pointer.x) - surface.role.hotspotX,
      y: Math.round(this.#pointer.y) - surface.role.hotspotY,
    };
  }

  #notify(): void {
    for (const listener of this.#changed) listener();
  }
}
