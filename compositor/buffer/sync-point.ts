/** A point of an imported timeline as a commit carries it. */
import type { Timeline } from '../../sync/timeline.ts';
import type { Point } from '../../devices/syncobj-device.ts';

/** A client's timeline, counted: its wp_linux_drm_syncobj_timeline_v1 object and each pending point that names it. */
export class TimelineReference {
  readonly timeline: Timeline;
  #references = 1;

  constructor(timeline: Timeline) {
    this.timeline = timeline;
  }

  ref(): this {
    this.#references++;
    return this;
  }

  /** The last one disposes the timeline: its waits and releases keep what they need. */
  unref(): void {
    this.#references--;
    if (this.#references === 0) this.timeline.dispose();
  }
}

/** Holds one reference of the timeline until {@link SyncPoint.drop}. */
export class SyncPoint {
  readonly point: Point;
  readonly #reference: TimelineReference;
  #live = true;

  constructor(reference: TimelineReference, point: Point) {
    this.#reference = reference.ref();
    this.point = point;
  }

  get timeline(): Timeline {
    return this.#reference.timeline;
  }

  /** Idempotent. */
  drop(): void {
    if (!this.#live) return;
    this.#live = false;
    this.#reference.unref();
  }
}
