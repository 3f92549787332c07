/** Scrolling: what wl_pointer says of it, version by version (wayland.xml: wl_pointer.axis and after). */
import { WlPointer } from '../../protocols/generated/wayland.server.ts';
import type { WlPointerResource } from '../../protocols/generated/wayland.server.ts';

/** One scroll step of a wheel or finger. `value` in surface pixels, `value120` in 1/120 detents. */
export interface AxisEvent {
  /** wl_pointer.axis: 0 vertical, 1 horizontal. */
  readonly axis: 0 | 1;
  readonly value: number;
  readonly value120?: number;
  /** wl_pointer.axis_source: 0 wheel, 1 finger, 2 continuous, 3 wheel tilt. */
  readonly source?: 0 | 1 | 2 | 3;
  /** The finger left: sent as axis_stop. */
  readonly stop?: boolean;
}

/** The same movement for clients that know parts of a detent, and for those that know whole ones. */
export interface Scroll {
  readonly fine: readonly AxisEvent[];
  readonly coarse: readonly AxisEvent[];
}

const SOURCE_SINCE = 5;
const TILT_SINCE = 6;
const FINE_SINCE = 8;
const DETENT = 120;

/** A begun one, of one axis. */
interface Detent {
  value: number;
  value120: number;
}

/** Collects parts of detents until they are whole ones. */
export class Wheel {
  readonly #open: readonly [Detent, Detent] = [
    { value: 0, value120: 0 },
    { value: 0, value120: 0 },
  ];

  turn(events: readonly AxisEvent[]): Scroll {
    return { fine: events, coarse: events.flatMap((event) => this.#collect(event) ?? []) };
  }

  /** Another surface has the pointer: what was collected is not for it. */
  reset(): void {
    for (const open of this.#open) {
      open.value = 0;
      open.value120 = 0;
    }
  }

  /** Undefined as long as there is no whole detent. */
  #collect(event: AxisEvent): AxisEvent | undefined {
    const { value120 } = event;
    if (value120 === undefined) return event;
    const open = this.#open[event.axis];
    if (open.value120 * value120 < 0) {
      open.value = 0;
      open.value120 = 0;
    }
    open.value += event.value;
    open.value120 += value120;
    const detents = Math.trunc(open.value120 / DETENT);
    if (detents === 0) return undefined;
    const value = (open.value * detents * DETENT) / open.value120;
    open.value -= value;
    open.value120 -= detents * DETENT;
    return { ...event, value, value120: detents * DETENT };
  }
}

/** What the object's version has; false when nothing of it was sent. */
export function sendScroll(
  resource: WlPointerResource,
  timeMs: number,
  { fine, coarse }: Scroll,
): boolean {
  const events = resource.version >= FINE_SINCE ? fine : coarse;
  const source = events[0]?.source;
  if (source !== undefined && resource.version >= SOURCE_SINCE) {
    WlPointer.sendAxisSource(resource, source === 3 && resource.version < TILT_SINCE ? 0 : source);
  }
  for (const event of events) sendAxis(resource, timeMs, event);
  return events.length > 0;
}

function sendAxis(resource: WlPointerResource, timeMs: number, event: AxisEvent): void {
  const { axis, value, value120 } = event;
  if (event.stop) {
    if (resource.version >= SOURCE_SINCE) WlPointer.sendAxisStop(resource, timeMs, axis);
    return;
  }
  if (value120 !== undefined) {
    if (resource.version >= FINE_SINCE) WlPointer.sendAxisValue120(resource, axis, value120);
    else if (resource.version >= SOURCE_SINCE) {
      WlPointer.sendAxisDiscrete(resource, axis, value120 / DETENT);
    }
  }
  WlPointer.sendAxis(resource, timeMs, axis, value);
}
