/** What the commit queue tells the trace of its updates. */
import type { Clock } from '../../native/clock.ts';
import type { SyncPoint } from '../buffer/sync-point.ts';
import type { SurfaceOutput } from '../surface/surface-output.ts';
import type { Surface } from '../surface/surface.ts';
import type { CommitTracer, TracedPoint } from '../trace.ts';
import type { ContentUpdate } from './content-update.ts';

/** Costs a look at whether anybody listens. */
export class UpdateTrace {
  readonly #tracer: CommitTracer;
  readonly #clock: Clock;

  constructor(tracer: CommitTracer, clock: Clock) {
    this.#tracer = tracer;
    this.#clock = clock;
  }

  get active(): boolean {
    return this.#tracer.active;
  }

  /** Before its buffer and points are taken out of its changes. */
  committed(update: ContentUpdate): void {
    if (!this.#tracer.active) return;
    this.#tracer.emit({
      type: 'commit',
      timeNs: update.committedNs,
      ...updateIdentity(update),
      acquire: tracedPoint(update.changes.acquirePoint),
      release: tracedPoint(update.changes.releasePoint),
    });
  }

  /** It was applied or discarded. */
  ended(update: ContentUpdate): void {
    if (!this.#tracer.active) return;
    const timeNs = this.#clock.nowNs();
    if (update.phase === 'applied') {
      const shown = !update.contentDropped;
      this.#tracer.emit({ type: 'applied', timeNs, ...updateIdentity(update), shown });
    } else {
      this.#tracer.emit({ type: 'discarded', timeNs, ...updateIdentity(update) });
    }
  }

  latched(surface: Surface, output: SurfaceOutput): void {
    if (!this.#tracer.active) return;
    this.#tracer.emit({
      type: 'latched',
      timeNs: this.#clock.nowNs(),
      client: surface.client.number,
      surface: surface.id,
      update: surface.appliedUpdate,
      output: output.name,
    });
  }

  presented(surface: Surface, update: number, output: string, sequence: bigint): void {
    if (!this.#tracer.active) return;
    this.#tracer.emit({
      type: 'presented',
      timeNs: this.#clock.nowNs(),
      client: surface.client.number,
      surface: surface.id,
      update,
      output,
      sequence,
    });
  }
}

/** How the trace names an update. */
export function updateIdentity(update: ContentUpdate): {
  client: number;
  surface: number;
  update: number;
} {
  return {
    client: update.surface.client.number,
    surface: update.surface.id,
    update: update.number,
  };
}

function tracedPoint(point: SyncPoint | null): TracedPoint | null {
  return point && { timeline: point.timeline.id, point: point.point };
}
