/** A surface the host cannot have as it is, painted into a buffer of ours: its own pixels, nothing of what is above or below. */
import { opaquePart } from '../render/composer.ts';
import { damagedPixels, outputMap } from '../render/output-map.ts';
import type { Affine, Box } from '../render/transform.ts';
import { Region } from '../surface/region.ts';
import type { FrameItem, FrameToShow } from './backend.ts';
import { HostBuffers } from './host-buffers.ts';
import type { HostConnection } from './host-connection.ts';
import type { HostSubsurface } from './host-subsurface.ts';
import { bufferScale, copyBox, type Placement } from './layer-plan.ts';

interface Copied {
  readonly x: number;
  readonly y: number;
  readonly box: Box;
}

export class LayerCopy {
  readonly #buffers: HostBuffers;
  /** What the newest buffer shows; undefined: the host shows something else. */
  #last: Copied | undefined;
  /** No buffer was free. */
  #starved = false;

  /** `wantFrame`: a copy that had no buffer can be made now. */
  constructor(host: HostConnection, wantFrame: () => void) {
    this.#buffers = new HostBuffers(host.shm, 'argb8888', () => {
      if (this.#starved) wantFrame();
    });
  }

  /** Brings `target` up to date; false: nothing of it is on the output, or there was no buffer. SystemError: no memory for one. */
  show(target: HostSubsurface, frame: FrameToShow, item: FrameItem): boolean {
    const { output } = frame;
    const map = outputMap(output);
    const box = copyBox(item, map, output);
    const width = box.x2 - box.x1;
    const height = box.y2 - box.y1;
    if (width <= 0 || height <= 0) return false;
    const damage = this.#damage(item, map, box);
    if (damage.isEmpty) return true;
    const buffer = this.#buffers.next(width, height, damage);
    this.#starved = buffer === null;
    if (!buffer) return false;
    this.#last = { x: item.x, y: item.y, box };
    frame.paintItem(buffer.target, item, box.x1, box.y1, buffer.stale);
    buffer.stale = Region.empty;
    buffer.busy = true;
    target.unsetPoints();
    target.attach(buffer.proxy);
    target.place(placementOf(item, map, box, bufferScale(output)));
    for (const rect of damage.rects())
      target.surface.damageBuffer(rect.x, rect.y, rect.width, rect.height);
    return true;
  }

  /** The host has been given something else. Idempotent. */
  replaced(): void {
    if (!this.#last) return;
    this.#last = undefined;
    this.#starved = false;
    this.#buffers.giveBack();
  }

  dispose(): void {
    this.#buffers.dispose();
  }

  /** In pixels of the buffer. What changes a surface's shape is in its damage (updateDamage); where it is, is not. */
  #damage(item: FrameItem, map: Affine, box: Box): Region {
    const all = Region.rect(0, 0, box.x2 - box.x1, box.y2 - box.y1);
    const last = this.#last;
    const same =
      last?.x === item.x &&
      last.y === item.y &&
      last.box.x1 === box.x1 &&
      last.box.y1 === box.y1 &&
      last.box.x2 === box.x2 &&
      last.box.y2 === box.y2;
    if (!same || this.#starved) return all;
    return damagedPixels(item.damage, item, map).translate(-box.x1, -box.y1).intersect(all);
  }
}

function placementOf(item: FrameItem, map: Affine, box: Box, scale: number): Placement {
  const content = item.state.content?.content;
  const opaque = content ? opaquePart(item, content, map) : Region.empty;
  const rects = opaque
    .translate(-box.x1, -box.y1)
    .intersect(Region.rect(0, 0, box.x2 - box.x1, box.y2 - box.y1))
    .rects()
    .map((rect) => {
      const x = Math.ceil(rect.x / scale);
      const y = Math.ceil(rect.y / scale);
      const width = Math.floor((rect.x + rect.width) / scale) - x;
      const height = Math.floor((rect.y + rect.height) / scale) - y;
      return { x, y, width, height };
    });
  return {
    x: box.x1 / scale,
    y: box.y1 / scale,
    width: (box.x2 - box.x1) / scale,
    height: (box.y2 - box.y1) / scale,
    bufferScale: scale,
    transform: 0,
    source: null,
    scaled: false,
    opaque: Region.fromRects(rects.filter(({ width, height }) => width > 0 && height > 0)),
    factor: 1 / scale,
    offsetX: 0,
    offsetY: 0,
  };
}
