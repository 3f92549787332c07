/** One output: its mode, scale, transform and place in the global space, and the frame clock that drives it. */
import type { Clock } from '../../native/clock.ts';
import type { WlOutputResource } from '../../protocols/generated/wayland.server.ts';
import type { Client } from '../../protocols/server/client.ts';
import { ClientResources } from '../seat/client-resources.ts';
import { isTransform, type Transform } from '../surface/transform.ts';
import type { SurfaceOutput } from '../surface/surface-output.ts';
import { FrameClock, type FrameClockListener, type FramePace } from './frame-clock.ts';

/** What an output is made of. Sizes are pixels of the mode, before the transform. */
export interface OutputDescription {
  readonly name: string;
  readonly description: string;
  readonly width: number;
  readonly height: number;
  /** Buffer pixels per logical pixel; may be fractional. */
  readonly scale: number;
  readonly refreshMhz: number;
  /** wl_output.transform. */
  readonly transform: Transform;
  /** Place of the top left corner in the global space, logical pixels. */
  readonly x: number;
  readonly y: number;
  readonly make: string;
  readonly model: string;
  /** Millimetres; 0 = unknown. */
  readonly physicalWidth: number;
  readonly physicalHeight: number;
}

/** The changeable part of a description. */
export type OutputChange = Partial<
  Pick<
    OutputDescription,
    'width' | 'height' | 'scale' | 'refreshMhz' | 'transform' | 'x' | 'y' | 'description'
  >
>;

/** Limits of an output somebody asks for: the renderer keeps one pixel buffer of that size. */
export const MAX_OUTPUT_SIDE = 16_384;
export const MAX_OUTPUT_SCALE = 16;
export const MAX_REFRESH_MHZ = 1_000_000;

/** Refuses sizes, scales and rates no output can have; the message names the value. */
export function checkOutput(description: OutputDescription): void {
  const { width, height, scale, refreshMhz, transform } = description;
  for (const side of [width, height]) {
    if (!Number.isInteger(side) || side < 1 || side > MAX_OUTPUT_SIDE)
      throw new RangeError(`output size ${width}x${height}: each side is 1 to ${MAX_OUTPUT_SIDE}`);
  }
  if (!(scale >= 0.25 && scale <= MAX_OUTPUT_SCALE))
    throw new RangeError(`output scale ${scale}: 0.25 to ${MAX_OUTPUT_SCALE}`);
  if (!Number.isInteger(refreshMhz) || refreshMhz < 1 || refreshMhz > MAX_REFRESH_MHZ)
    throw new RangeError(`output rate ${refreshMhz} mHz: 1 to ${MAX_REFRESH_MHZ}`);
  if (!isTransform(transform))
    throw new RangeError(`output transform ${String(transform)}: 0 to 7`);
}

export interface OutputOptions {
  readonly id: number;
  readonly description: OutputDescription;
  readonly clock: Clock;
  readonly listener: (output: Output) => FrameClockListener;
  readonly pace?: FramePace;
}

/** Owned by the compositor; removed outputs are disposed and never come back. */
export class Output implements SurfaceOutput {
  readonly id: number;
  readonly clock: FrameClock;
  #description: OutputDescription;
  readonly #changed = new Set<(output: Output, before: OutputDescription) => void>();
  readonly #removeListeners = new Set<() => void>();
  readonly #resources = new ClientResources<WlOutputResource>();
  #removed = false;

  constructor(options: OutputOptions) {
    checkOutput(options.description);
    this.id = options.id;
    this.#description = options.description;
    this.clock = new FrameClock({
      clock: options.clock,
      refreshMhz: options.description.refreshMhz,
      listener: options.listener(this),
      ...(options.pace && { pace: options.pace }),
    });
  }

  get description(): OutputDescription {
    return this.#description;
  }

  get name(): string {
    return this.#description.name;
  }

  /** Logical width: what surfaces and pointers see. */
  get width(): number {
    const { width, height, scale, transform } = this.#description;
    return Math.max(1, Math.round(((transform & 1) === 1 ? height : width) / scale));
  }

  /** Logical height. */
  get height(): number {
    const { width, height, scale, transform } = this.#description;
    return Math.max(1, Math.round(((transform & 1) === 1 ? width : height) / scale));
  }

  get x(): number {
    return this.#description.x;
  }

  get y(): number {
    return this.#description.y;
  }

  get scale(): number {
    return this.#description.scale;
  }

  /** What wl_output.scale and wl_surface.preferred_buffer_scale say: whole, never too small. */
  get wholeScale(): number {
    return Math.ceil(this.#description.scale - 1e-6);
  }

  get transform(): Transform {
    return this.#description.transform;
  }

  get refreshMhz(): number {
    return this.#description.refreshMhz;
  }

  get refreshNs(): bigint {
    return this.clock.periodNs;
  }

  get nextLatchNs(): bigint {
    return this.clock.nextLatchNs;
  }

  resourcesOf(client: Client): Iterable<WlOutputResource> {
    return this.#resources.of(client);
  }

  /** Every wl_output object of this output, of all clients. */
  resources(): Iterable<WlOutputResource> {
    return this.#resources.all();
  }

  /** Counts a client's new wl_output object until it is destroyed. */
  addResource(resource: WlOutputResource): void {
    this.#resources.add(resource);
  }

  get removed(): boolean {
    return this.#removed;
  }

  /** Whether a global point lies on it. */
  contains(x: number, y: number): boolean {
    return x >= this.x && y >= this.y && x < this.x + this.width && y < this.y + this.height;
  }

  /** Applies a change and tells the listeners. Throws RangeError, changing nothing, on impossible values. */
  change(change: OutputChange): void {
    const before = this.#description;
    const next = { ...before, ...change };
    checkOutput(next);
    this.#description = next;
    if (next.refreshMhz !== before.refreshMhz) this.clock.setRefresh(next.refreshMhz);
    for (const listener of this.#changed) listener(this, before);
  }

  /** Returns the remover. */
  onChanged(listener: (output: Output, before: OutputDescription) => void): () => void {
    this.#changed.add(listener);
    return () => this.#changed.delete(listener);
  }

  /** Once, when it is removed. Returns the remover. */
  onRemoved(listener: () => void): () => void {
    this.#removeListeners.add(listener);
    return () => this.#removeListeners.delete(listener);
  }

  /** Stops its clock; nothing is presented on it any more. */
  dispose(): void {
    this.#removed = true;
    this.clock.dispose();
    this.#changed.clear();
    for (const listener of this.#removeListeners) listener();
    this.#removeListeners.clear();
  }
}
