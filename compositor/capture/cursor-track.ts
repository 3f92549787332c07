/** Where the cursor is on a source: it enters, moves and leaves (ext-image-copy-capture-v1.xml: cursor session). */
import type { FrameListener } from '../output/output-list.ts';
import { mapPoint } from '../render/transform.ts';
import { type Cursor, CursorRole } from '../seat/cursor.ts';
import type { Seat } from '../seat/seat.ts';
import type { CaptureSource } from './capture-source.ts';
import { cursorMap } from './cursor-source.ts';

/** All in pixels of the source's image, the hot spot in those of the cursor's. */
export interface CursorTrackListener {
  entered(): void;
  left(): void;
  moved(x: number, y: number): void;
  hotspotMoved(x: number, y: number): void;
}

/** What it needs of the desktop. */
export interface CursorTrackHost {
  readonly seat: Seat;
  readonly cursor: Cursor;
  addFrameListener(listener: FrameListener): () => void;
}

interface Place {
  readonly x: number;
  readonly y: number;
}

export class CursorTrack {
  readonly #host: CursorTrackHost;
  readonly #source: CaptureSource;
  readonly #listener: CursorTrackListener;
  readonly #unlisten: readonly (() => void)[];
  #position: Place | null = null;
  #hotspot: Place | null = null;

  /** Takes the source. Tells at once where the cursor is. */
  constructor(host: CursorTrackHost, source: CaptureSource, listener: CursorTrackListener) {
    this.#host = host;
    this.#source = source;
    this.#listener = listener;
    source.listen({ resized: () => this.#update(), stopped: () => this.#update() });
    this.#unlisten = [
      host.cursor.onChanged(() => this.#update()),
      // Windows move below a pointer that rests.
      host.addFrameListener({ latched: () => this.#update() }),
    ];
    this.#update();
  }

  dispose(): void {
    for (const unlisten of this.#unlisten) unlisten();
    this.#source.dispose();
  }

  #update(): void {
    const hotspot = this.#hotspotInside();
    if (!hotspot) {
      if (this.#position) this.#listener.left();
      this.#position = null;
      this.#hotspot = null;
      return;
    }
    const { pointer } = this.#host.seat;
    const at = this.#source.locate(pointer.x, pointer.y);
    const position = { x: Math.floor(at.x), y: Math.floor(at.y) };
    if (!this.#position) this.#listener.entered();
    if (!samePlace(this.#position, position)) this.#listener.moved(position.x, position.y);
    if (!samePlace(this.#hotspot, hotspot)) this.#listener.hotspotMoved(hotspot.x, hotspot.y);
    this.#position = position;
    this.#hotspot = hotspot;
  }

  /** The hot spot in the cursor's image; null when no part of the image is on the source. */
  #hotspotInside(): Place | null {
    const { cursor } = this.#host;
    const root = cursor.root();
    const role = root?.surface.role;
    const source = this.#source;
    if (!root || !(role instanceof CursorRole) || source.stopped || !source.hasPointer) return null;
    const { width, height } = root.surface.current;
    const corner = source.locate(root.x, root.y);
    const opposite = source.locate(root.x + width, root.y + height);
    const inside =
      Math.min(corner.x, opposite.x) < source.size.width &&
      Math.min(corner.y, opposite.y) < source.size.height &&
      Math.max(corner.x, opposite.x) > 0 &&
      Math.max(corner.y, opposite.y) > 0;
    if (!inside) return null;
    const { scale, transform } = source;
    const pixels = (length: number): number => Math.ceil(length * scale);
    const map = cursorMap({ scale, transform, width: pixels(width), height: pixels(height) });
    const { x, y } = mapPoint(map, role.hotspotX, role.hotspotY);
    return { x: Math.round(x), y: Math.round(y) };
  }
}

function samePlace(a: Place | null, b: Place): boolean {
  return a !== null && a.x === b.x && a.y === b.y;
}
