/** fifo-v1: an update that waits until the one before it was latched by an output. */
import type { Clock, Timer } from '../../native/clock.ts';
import type { SurfaceOutput } from '../surface/surface-output.ts';
import type { Surface } from '../surface/surface.ts';
import type { ContentUpdate } from './content-update.ts';

/** A surface nobody sees still makes progress at this pace. */
export const FIFO_FALLBACK_NS = 33_333_333n;

export interface LatchListener {
  /** The update's constraint is met. */
  met(update: ContentUpdate): void;
  /** A latch with a presentation time of `presentationNs` or later would let an update of `surface` go on. 0n: any latch. */
  latchWanted(surface: Surface, presentationNs: bigint): void;
  /** Groups may have become ready outside a latch. */
  drain(): void;
}

/**
 * The barrier of a surface is set when an update with set_barrier is applied, counts as latched at the next latch of an output
 * that shows the surface, and is cleared at the one after: the update was active for a whole refresh cycle.
 */
export class FifoBarriers {
  readonly #clock: Clock;
  readonly #listener: LatchListener;
  /** Surfaces whose barrier is not clear. */
  readonly #surfaces = new Set<Surface>();
  readonly #timers = new Map<Surface, Timer>();

  constructor(clock: Clock, listener: LatchListener) {
    this.#clock = clock;
    this.#listener = listener;
  }

  /** An update with set_barrier was applied. */
  setOn(surface: Surface): void {
    surface.barrier = 'set';
    this.#surfaces.add(surface);
  }

  /** `update` came to the head of its queue: met at once, or waits for a latch. */
  judge(update: ContentUpdate): void {
    const { surface } = update;
    if (surface.barrier === 'clear') {
      this.#pass(update);
      return;
    }
    this.#listener.latchWanted(surface, 0n);
    this.#armFallback(surface);
  }

  /** At the start of a latch: barriers latched before are cleared. */
  clearLatched(output: SurfaceOutput): void {
    for (const surface of this.#surfaces) {
      if (surface.barrier === 'latched' && surface.visibleOn.has(output)) this.#clear(surface);
    }
  }

  /** At the end of a latch: what is applied and visible now is in the frame. */
  markLatched(output: SurfaceOutput): void {
    for (const surface of this.#surfaces) {
      if (!surface.visibleOn.has(output)) continue;
      if (surface.barrier === 'set') surface.barrier = 'latched';
      if (surface.queue.head?.waitsForBarrier) this.#listener.latchWanted(surface, 0n);
    }
  }

  forget(surface: Surface): void {
    this.#surfaces.delete(surface);
    this.#timers.get(surface)?.close();
    this.#timers.delete(surface);
  }

  dispose(): void {
    for (const timer of this.#timers.values()) timer.close();
    this.#timers.clear();
  }

  #clear(surface: Surface): void {
    surface.barrier = 'clear';
    this.forget(surface);
    const { head } = surface.queue;
    if (head?.waitsForBarrier) this.#pass(head);
  }

  #pass(update: ContentUpdate): void {
    update.waitsForBarrier = false;
    this.#listener.met(update);
  }

  /** Hidden surfaces are not latched: their barrier falls by time. */
  #armFallback(surface: Surface): void {
    if (this.#timers.has(surface)) return;
    const deadlineNs = this.#clock.nowNs() + fallbackNs(surface);
    const timer = this.#clock.at(deadlineNs, () => {
      this.#timers.delete(surface);
      if (!surface.queue.head?.waitsForBarrier) return;
      if (surface.visibleOn.size === 0) {
        this.#clear(surface);
        this.#listener.drain();
      } else {
        this.#listener.latchWanted(surface, 0n);
        this.#armFallback(surface);
      }
    });
    this.#timers.set(surface, timer);
  }
}

/** Longer than two cycles of the slowest output that shows it. */
function fallbackNs(surface: Surface): bigint {
  let longest = FIFO_FALLBACK_NS;
  for (const { refreshNs } of surface.visibleOn) {
    if (2n * refreshNs > longest) longest = 2n * refreshNs;
  }
  return longest;
}
