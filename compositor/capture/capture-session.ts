/** One capture session: what its last image showed, what has changed since, and the one frame its client waits for. */
import type { ClientBuffer } from '../buffer/client-buffer.ts';
import type { BufferHold } from '../buffer/buffer-use.ts';
import { type PaintResult, paint } from '../render/composer.ts';
import { DamageTracker } from '../render/damage-tracker.ts';
import { pixmanFormatOf } from '../render/formats.ts';
import { Region } from '../surface/region.ts';
import type { Surface } from '../surface/surface.ts';
import type { Transform } from '../surface/transform.ts';
import type { CaptureSource, CaptureView } from './capture-source.ts';

export type CaptureFailure = 'unknown' | 'buffer-constraints' | 'stopped';

/** A finished frame. */
export interface CapturedFrame {
  readonly transform: Transform;
  /** What differs from the session's frame before, in pixels of the buffer. */
  readonly damage: Region;
  /** When it was or would have been seen. */
  readonly timestampNs: bigint;
}

/** What the client asked for; exactly one of the last two is called, from a later turn or from within. */
export interface CaptureRequest {
  readonly buffer: ClientBuffer;
  /** What the client knows to be out of date in the buffer. */
  readonly bufferDamage: Region;
  ready(frame: CapturedFrame): void;
  failed(reason: CaptureFailure): void;
}

/** Tells the session's client. */
export interface SessionListener {
  /** The size of buffers is another one. */
  constraintsChanged(): void;
  stopped(): void;
}

interface Snapshot {
  readonly view: CaptureView;
  readonly holds: readonly BufferHold[];
}

/** pixman's own demand on what it writes to. */
const ALIGNMENT_BYTES = 4;

export class CaptureSession {
  readonly source: CaptureSource;
  readonly #options: { readonly cursor: boolean };
  readonly #listener: SessionListener;
  readonly #tracker = new DamageTracker();
  readonly #watched = new Map<Surface, () => void>();
  #captured = false;
  /** Since the last frame that became ready. */
  #damage = Region.empty;
  #request: CaptureRequest | null = null;
  #snapshot: Snapshot | null = null;
  #disposed = false;

  /** Takes the source. `cursor`: whether it is painted into the image. */
  constructor(source: CaptureSource, options: { cursor: boolean }, listener: SessionListener) {
    this.source = source;
    this.#options = options;
    this.#listener = listener;
    source.listen({
      resized: () => {
        this.#captured = false;
        this.#fail('buffer-constraints');
        this.#listener.constraintsChanged();
      },
      stopped: () => this.#stop(),
    });
  }

  get waiting(): boolean {
    return this.#request !== null && this.#snapshot === null;
  }

  /** Whether a frame is latched and waits for being presented. */
  get latched(): boolean {
    return this.#snapshot !== null;
  }

  /** Whether a buffer is as the session wants it now. */
  accepts({ content }: ClientBuffer): boolean {
    const { size, formats } = this.source;
    return (
      content.write !== undefined &&
      content.width === size.width &&
      content.height === size.height &&
      formats.includes(content.format)
    );
  }

  /** A frame, as soon as there is something new. The buffer is held until it is over. */
  request(request: CaptureRequest): void {
    request.buffer.ref();
    this.#request = request;
    if (this.source.stopped || this.#disposed) this.#fail('stopped');
    else if (!this.accepts(request.buffer)) this.#fail('buffer-constraints');
  }

  /** The client does not want it any more. */
  cancel(request: CaptureRequest): void {
    if (this.#request !== request) return;
    this.#dropSnapshot();
    this.#request = null;
    request.buffer.unref();
  }

  /**
   * What is to be seen now is what the next frame will show, if that differs from the one before. The buffers of all surfaces in
   * it are held until it is copied: their release points wait for it.
   */
  latch(): void {
    if (!this.waiting || this.source.stopped) return;
    const view = this.source.view(this.#options);
    // Measuring may have found another size.
    if (!this.waiting) return;
    const { width, height } = this.source.size;
    const changed = this.#tracker.update(view.items, view.map, Region.rect(0, 0, width, height));
    this.#watch(view);
    this.#damage = this.#captured ? this.#damage.union(changed) : Region.rect(0, 0, width, height);
    if (this.#damage.isEmpty) return;
    const holds = view.items.flatMap(({ state }) => (state.content ? [state.content.hold()] : []));
    this.#snapshot = { view, holds };
  }

  /** Copies what was latched, which is seen since `timestampNs`. */
  present(timestampNs: bigint): void {
    const snapshot = this.#snapshot;
    const request = this.#request;
    if (!snapshot || !request) return;
    const result = this.#copy(snapshot.view, request);
    this.#dropSnapshot();
    // A pool that turned out to be short has cost the client its connection.
    if (this.#request !== request) return;
    if (result !== 'ok') return this.#fail(result);
    const damage = this.#damage;
    this.#damage = Region.empty;
    this.#captured = true;
    this.#request = null;
    request.ready({ transform: this.source.transform, damage, timestampNs });
    request.buffer.unref();
  }

  /** Neither the session object nor a frame of it is left. Idempotent. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.#request) this.cancel(this.#request);
    for (const unwatch of this.#watched.values()) unwatch();
    this.#watched.clear();
    this.source.dispose();
  }

  #copy(
    { items, map }: CaptureView,
    { buffer, bufferDamage }: CaptureRequest,
  ): 'ok' | CaptureFailure {
    const { content } = buffer;
    const { width, height } = this.source.size;
    const pixmanFormat = pixmanFormatOf(content.format);
    if (!this.accepts(buffer) || pixmanFormat === undefined) return 'buffer-constraints';
    const region = this.#damage.union(bufferDamage).intersect(Region.rect(0, 0, width, height));
    let painted: PaintResult | undefined;
    const outcome = content.write?.(({ bytes, offsetBytes, strideBytes }) => {
      if (offsetBytes % ALIGNMENT_BYTES !== 0 || strideBytes % ALIGNMENT_BYTES !== 0) return;
      const target = { width, height, bytes, offsetBytes, strideBytes, pixmanFormat };
      painted = paint(target, items, map, region, this.source.background);
    });
    if (outcome === 'revoked') return 'unknown';
    return outcome === 'ok' && painted ? 'ok' : 'buffer-constraints';
  }

  #fail(reason: CaptureFailure): void {
    const request = this.#request;
    if (!request) return;
    this.#dropSnapshot();
    this.#request = null;
    request.failed(reason);
    request.buffer.unref();
  }

  #stop(): void {
    this.#fail('stopped');
    this.#listener.stopped();
  }

  #dropSnapshot(): void {
    const snapshot = this.#snapshot;
    this.#snapshot = null;
    for (const hold of snapshot?.holds ?? []) hold.end();
  }

  /** Follows the damage of exactly the surfaces in the image. */
  #watch({ items }: CaptureView): void {
    const seen = new Set(items.map(({ surface }) => surface));
    for (const [surface, unwatch] of this.#watched) {
      if (seen.has(surface)) continue;
      unwatch();
      this.#watched.delete(surface);
    }
    for (const surface of seen) {
      if (this.#watched.has(surface)) continue;
      const unwatch = surface.onApplied(({ damage }) => {
        if (!damage.isEmpty) this.#tracker.add(surface, damage);
      });
      this.#watched.set(surface, unwatch);
    }
  }
}
