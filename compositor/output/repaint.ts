/** One output's cycle: damage → latch → compose → show → frame callbacks and presentation feedback. */
import { WpPresentationFeedbackKind } from '../../protocols/generated/presentation-time.interfaces.ts';
import type { Backend, Presentation, FrameItem } from '../backend/backend.ts';
import { ARGB8888 } from '../buffer/format.ts';
import type { Scheduler } from '../commit/scheduler.ts';
import type { CompositorLog } from '../log.ts';
import { type Colour, paint, type PixelTarget, TRANSPARENT } from '../render/composer.ts';
import { DamageTracker } from '../render/damage-tracker.ts';
import { pixmanFormatOf } from '../render/formats.ts';
import { itemBox, outputMap } from '../render/output-map.ts';
import { flattenScene, type SceneItem, type SceneRoot } from '../render/scene.ts';
import { type Affine, chain, translation } from '../render/transform.ts';
import { Region } from '../surface/region.ts';
import type { SurfaceFrame } from '../surface/surface-frame.ts';
import type { AppliedUpdate } from '../surface/surface-state.ts';
import type { Surface } from '../surface/surface.ts';
import type { FrameClockListener } from './frame-clock.ts';
import type { Output } from './output.ts';

export interface RepaintOptions {
  readonly output: Output;
  readonly backend: Backend;
  readonly scheduler: Scheduler;
  readonly log: CompositorLog;
  readonly nowNs: () => bigint;
  /** Everything shown, bottom to top. */
  readonly roots: () => Iterable<SceneRoot>;
  /** Before each frame: what follows from a changed scene (pointer focus). */
  readonly beforeFrame: () => void;
  /** A surface came on or went off this output. */
  readonly visibility: (surface: Surface, output: Output, visible: boolean) => void;
}

/** A plain snapshot of one output's work. */
export interface RepaintStats {
  /** Frames shown, with or without new pixels. */
  readonly frames: number;
  readonly paintedFrames: number;
  readonly paintedPixels: number;
}

const BYTES_PER_PIXEL = 4;
const NO_FLAGS = 0;
/** Of one surface alone: what is below is to be seen through it. */
const LAYER_FORMAT = pixmanFormatOf(ARGB8888) ?? 0;
/** A backend that never tells of a frame does not make us keep all of them. */
const MAX_UNSEEN_FRAMES = 16;
/** What is where no surface is. */
export const BACKGROUND: Colour = { red: 0x2020, green: 0x2525, blue: 0x2c2c };

export class Repaint implements FrameClockListener {
  readonly #options: RepaintOptions;
  readonly #tracker = new DamageTracker();
  #map: Affine;
  #bounds: Region;
  #items: SceneItem[] = [];
  #inFlight: readonly SurfaceFrame[] = [];
  /** Frames of which a backend will tell when they were seen, oldest first. */
  readonly #unseen = new Set<readonly SurfaceFrame[]>();
  /** The newest content update painted of each surface. */
  readonly #painted = new WeakMap<Surface, number>();
  #frames = 0;
  #paintedFrames = 0;
  #paintedPixels = 0;

  constructor(options: RepaintOptions) {
    this.#options = options;
    this.#map = outputMap(options.output);
    this.#bounds = boundsOf(options.output);
  }

  get stats(): RepaintStats {
    return {
      frames: this.#frames,
      paintedFrames: this.#paintedFrames,
      paintedPixels: this.#paintedPixels,
    };
  }

  /** The output's mode, scale, transform or place changed. */
  outputChanged(): void {
    this.#map = outputMap(this.#options.output);
    this.#bounds = boundsOf(this.#options.output);
    this.damageAll();
  }

  damageAll(): void {
    this.#tracker.addPixels(this.#bounds);
    this.#options.output.clock.schedule();
  }

  applied({ surface, damage }: AppliedUpdate): void {
    if (!damage.isEmpty) this.#tracker.add(surface, damage);
  }

  /** Surfaces of the last frame. */
  get surfaces(): Iterable<Surface> {
    return this.#tracker.surfaces;
  }

  shows(surface: Surface): boolean {
    return this.#tracker.shows(surface);
  }

  latch(presentationTimeNs: bigint): 'timed' | 'backend' | 'none' {
    const { output, scheduler, backend, roots } = this.#options;
    scheduler.latch(output, presentationTimeNs);
    this.#options.beforeFrame();
    this.#items = flattenScene(roots()).filter((item) => this.#onOutput(item));
    this.#noteVisibility();
    scheduler.closeLatch(output);
    const damage = this.#tracker.update(this.#items, this.#map, this.#bounds);
    const wanted = this.#items.some(({ surface }) => surface.wantsFrame);
    const told = backend.passesBuffers && this.#tracker.changed;
    if (damage.isEmpty && !wanted && !told && backend.wantsFrame?.(output) !== true) return 'none';
    const frames: SurfaceFrame[] = [];
    const items = this.#items;
    const tracker = this.#tracker;
    let frameItems: FrameItem[] | undefined;
    const shown = backend.show({
      output,
      damage,
      // Most backends only paint.
      get items() {
        frameItems ??= items.map((item) => ({ ...item, damage: tracker.damageOf(item.surface) }));
        return frameItems;
      },
      paint: (target, part) => this.#paint(target, this.#items, this.#map, part, BACKGROUND),
      paintBackground: (target, part) => this.#paint(target, [], this.#map, part, BACKGROUND),
      paintItem: (target, item, originX, originY, part) => {
        const map = chain(this.#map, translation(-originX, -originY));
        const layer = { ...target, pixmanFormat: LAYER_FORMAT };
        this.#paint(layer, [item], map, part, TRANSPARENT);
      },
      seen: (presentation) => this.#seen(frames, presentation),
    });
    if (shown === 'none') {
      this.#tracker.addPixels(damage);
      this.#tracker.notShown();
      return 'none';
    }
    this.#frames++;
    if (!damage.isEmpty) this.#paintedFrames++;
    if (!backend.tellsPresentation) this.#discard(this.#inFlight);
    this.#inFlight = frames;
    for (const { surface } of this.#items) this.#takeFrame(surface, frames);
    if (backend.tellsPresentation) this.#expect(frames);
    return shown;
  }

  /** A {@link latch} threw: what it had taken of the damage is lost, what it had taken of frame callbacks is told. Asks for no frame. */
  frameFailed(): void {
    this.#discard(this.#inFlight);
    this.#inFlight = [];
    this.#tracker.addPixels(this.#bounds);
    this.#tracker.notShown();
  }

  /** Everything as it is now, painted anew: for backends that have no pixels of the whole. Null before the first frame. */
  snapshot(): PixelTarget | null {
    if (this.#frames === 0) return null;
    const { width, height } = this.#options.output.description;
    const strideBytes = width * BYTES_PER_PIXEL;
    const bytes = new ArrayBuffer(strideBytes * height);
    const target = { width, height, bytes, offsetBytes: 0, strideBytes };
    const items = flattenScene(this.#options.roots());
    paint(target, items, this.#map, this.#bounds, BACKGROUND);
    return target;
  }

  presented(timestampNs: bigint, sequence: bigint): void {
    const { output, backend } = this.#options;
    const frames = this.#inFlight;
    this.#inFlight = [];
    const info = {
      output,
      timestampNs,
      refreshNs: output.refreshNs,
      sequence,
      // A host's frame callback says little about when its screen was refreshed.
      flags: backend.pace === 'deadline' ? WpPresentationFeedbackKind.vsync : NO_FLAGS,
    };
    this.#tell(frames, (frame) => {
      if (backend.tellsPresentation) frame.done(timestampNs);
      else frame.presented(info);
    });
  }

  /** The output goes: nobody waits for its frames any more. */
  dispose(): void {
    this.#discard(this.#inFlight);
    for (const frames of this.#unseen) this.#discard(frames);
    this.#inFlight = [];
    this.#unseen.clear();
    for (const { surface } of this.#items) {
      this.#options.visibility(surface, this.#options.output, false);
    }
    this.#items = [];
  }

  /** Of surfaces with something new; a still one is not presented again with each frame of its neighbours. */
  #takeFrame(surface: Surface, frames: SurfaceFrame[]): void {
    if (this.#painted.get(surface) === surface.appliedUpdate && !surface.wantsFrame) return;
    this.#painted.set(surface, surface.appliedUpdate);
    this.#options.scheduler.latched(surface, this.#options.output);
    frames.push(surface.takeFrame());
  }

  #paint(
    target: PixelTarget,
    items: readonly SceneItem[],
    map: Affine,
    part: Region,
    background: Colour,
  ): void {
    this.#paintedPixels += paint(target, items, map, part, background).pixels;
  }

  #expect(frames: readonly SurfaceFrame[]): void {
    this.#unseen.add(frames);
    for (const oldest of this.#unseen) {
      if (this.#unseen.size <= MAX_UNSEEN_FRAMES) break;
      this.#unseen.delete(oldest);
      this.#discard(oldest);
    }
  }

  #seen(frames: readonly SurfaceFrame[], presentation: Presentation | null): void {
    if (!this.#unseen.delete(frames)) return;
    if (!presentation) return this.#discard(frames);
    const { output } = this.#options;
    this.#tell(frames, (frame) => frame.presented({ output, ...presentation }));
  }

  #discard(frames: readonly SurfaceFrame[]): void {
    this.#tell(frames, (frame) => frame.discarded(this.#options.nowNs()));
  }

  /** A failure with one surface is none of the others'. */
  #tell(frames: readonly SurfaceFrame[], tell: (frame: SurfaceFrame) => void): void {
    const { output, log } = this.#options;
    for (const frame of frames) {
      try {
        tell(frame);
      } catch (error) {
        log.error(`output ${output.name}: telling of a frame failed`, error);
      }
    }
  }

  #onOutput(item: SceneItem): boolean {
    const box = itemBox(item, this.#map);
    const { width, height } = this.#options.output.description;
    return box.x1 < width && box.y1 < height && box.x2 > 0 && box.y2 > 0;
  }

  /** Compares with the frame before, before the tracker takes the new one. */
  #noteVisibility(): void {
    const { output, visibility } = this.#options;
    const now = new Set(this.#items.map(({ surface }) => surface));
    for (const surface of this.#tracker.surfaces) {
      if (!now.has(surface)) visibility(surface, output, false);
    }
    for (const surface of now) {
      if (!this.#tracker.shows(surface)) visibility(surface, output, true);
    }
  }
}

function boundsOf(output: Output): Region {
  const { width, height } = output.description;
  return Region.rect(0, 0, width, height);
}
