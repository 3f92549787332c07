/** The surfaces of one output as subsurfaces of its window in the host, stacked as ours are. */
import type { WlSurfaceProxy } from '../../protocols/generated/wayland.client.ts';
import type { Surface } from '../surface/surface.ts';
import type { FrameToShow } from './backend.ts';
import { HostLayer, type LayerParts } from './host-layer.ts';

export class HostScene {
  readonly #parts: LayerParts;
  readonly #window: WlSurfaceProxy;
  readonly #wantFrame: () => void;
  readonly #layers = new Map<Surface, HostLayer>();
  /** Bottom to top, as the host has them. */
  #order: HostLayer[] = [];

  /** `window`: the surface below all of them. `wantFrame`: something could not be shown before and now can. */
  constructor(parts: LayerParts, window: WlSurfaceProxy, wantFrame: () => void) {
    this.#parts = parts;
    this.#window = window;
    this.#wantFrame = wantFrame;
  }

  /** The surface nothing of ours covers. */
  get top(): WlSurfaceProxy | undefined {
    return this.#order.at(-1)?.target.surface;
  }

  /** Tells the host what is new of all of them; {@link commit} is next. */
  update(frame: FrameToShow): void {
    const wanted = new Set(frame.items.map(({ surface }) => surface));
    for (const [surface, layer] of this.#layers) {
      if (wanted.has(surface)) continue;
      this.#layers.delete(surface);
      this.#order = this.#order.filter((other) => other !== layer);
      layer.dispose();
    }
    const order = frame.items.map((item) => {
      const layer = this.#layers.get(item.surface) ?? this.#add(item.surface);
      layer.show(frame, item);
      return layer;
    });
    this.#stack(order);
  }

  /** In effect with the window's next commit. The top one is committed in any case. */
  commit(): void {
    const top = this.#order.at(-1);
    for (const layer of this.#order) layer.commit(layer === top);
  }

  /** Takes all of them off the screen. */
  clear(): void {
    for (const layer of this.#layers.values()) layer.dispose();
    this.#layers.clear();
    this.#order = [];
  }

  #add(surface: Surface): HostLayer {
    const layer = new HostLayer(this.#parts, this.#window, this.#wantFrame);
    this.#layers.set(surface, layer);
    this.#order.push(layer);
    return layer;
  }

  #stack(order: HostLayer[]): void {
    if (order.every((layer, index) => this.#order[index] === layer)) return;
    let below = this.#window;
    for (const { target } of order) {
      target.subsurface.placeAbove(below);
      below = target.surface;
    }
    this.#order = order;
  }
}
