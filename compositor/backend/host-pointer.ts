/** The host's pointer becomes ours: motion, buttons, axes, the cursor image, and constraints the other way. */
import type { WpCursorShapeDeviceV1Proxy } from '../../protocols/generated/cursor-shape-v1.client.ts';
import { WpCursorShapeDeviceV1Shape } from '../../protocols/generated/cursor-shape-v1.interfaces.ts';
import type { ZwpRelativePointerV1Proxy } from '../../protocols/generated/relative-pointer-unstable-v1.client.ts';
import type { WlPointerProxy, WlSurfaceProxy } from '../../protocols/generated/wayland.client.ts';
import type { Output } from '../output/output.ts';
import type { AxisEvent } from '../seat/axis.ts';
import type { RelativeMotion } from '../seat/motion.ts';
import type { Pointer } from '../seat/pointer.ts';
import type { BackendHost } from './backend.ts';
import type { HostConnection } from './host-connection.ts';
import { HostConstraint, type PointedWindow } from './host-constraint.ts';
import { hostFactor } from './layer-plan.ts';

export type FindWindow = (surface: WlSurfaceProxy | null) => PointedWindow | undefined;

/** wl_pointer.frame groups events from this version on; before, each stands alone. */
const FRAME_SINCE = 5;
const RELEASE_SINCE = 3;
const HIGH_WORD = 2 ** 32;

interface HostPlace {
  readonly x: number;
  readonly y: number;
}

export class HostPointer {
  readonly #proxy: WlPointerProxy;
  readonly #desktop: BackendHost;
  readonly #pointer: Pointer;
  readonly #findWindow: FindWindow;
  readonly #shapes: WpCursorShapeDeviceV1Proxy | undefined;
  readonly #relative: ZwpRelativePointerV1Proxy | undefined;
  readonly #constraint: HostConstraint;
  readonly #unlisten: readonly (() => void)[];
  #window: PointedWindow | undefined;
  #enterSerial = 0;
  /** Where on the window the host has it. */
  #place: HostPlace = { x: 0, y: 0 };
  /** Of the frame that has not ended. */
  #moved: { readonly timeMs: number | undefined } | undefined;
  #motion: RelativeMotion | undefined;
  #axes: Partial<Record<0 | 1, { value: number; value120?: number; stop?: boolean }>> = {};
  #axisSource: 0 | 1 | 2 | 3 | undefined;

  /** `proxy` is owned from here on. */
  constructor(
    host: HostConnection,
    desktop: BackendHost,
    proxy: WlPointerProxy,
    findWindow: FindWindow,
  ) {
    this.#proxy = proxy;
    this.#desktop = desktop;
    this.#pointer = desktop.seat.pointer;
    this.#findWindow = findWindow;
    this.#shapes = host.cursorShapes?.getPointer(proxy);
    this.#relative = host.relativePointers?.getRelativePointer(proxy);
    this.#constraint = new HostConstraint(host, proxy, this.#relative !== undefined);
    this.#unlisten = [
      desktop.cursor.onChanged(() => this.#showCursor()),
      this.#pointer.onConstraint(() => this.#constraintChanged()),
    ];
    this.#listen();
  }

  /** Tells the host where a confined pointer may be, if that has changed: windows move. */
  followConstraint(): void {
    this.#constraint.follow(this.#pointer.constraint, this.#window);
  }

  /** A window of ours is about to go. */
  windowGoes(surface: WlSurfaceProxy): void {
    if (this.#window?.surface === surface) this.#left();
  }

  dispose(): void {
    for (const unlisten of this.#unlisten) unlisten();
    this.#left();
    this.#relative?.destroy();
    this.#shapes?.destroy();
    this.#proxy.handler = null;
    if (this.#proxy.version >= RELEASE_SINCE) this.#proxy.release();
  }

  #listen(): void {
    const proxy = this.#proxy;
    const pointer = this.#pointer;
    proxy.handler = {
      enter: (_, serial, surface, x, y) => {
        this.#endMotion();
        this.#enterSerial = serial;
        this.#window = this.#findWindow(surface);
        this.#showCursor();
        // It was elsewhere before: no device moved that far.
        this.#moveTo({ x, y }, undefined, null);
        this.followConstraint();
      },
      leave: () => {
        this.#endMotion();
        this.#left();
      },
      motion: (_, timeMs, x, y) => {
        this.#place = { x, y };
        this.#moved = { timeMs };
        if (proxy.version < FRAME_SINCE) this.#endMotion();
      },
      button: (_, __, timeMs, button, state) => {
        this.#endMotion();
        pointer.button(button, state === 1, timeMs);
      },
      axis: (_, timeMs, axis, value) => {
        this.#endMotion();
        this.#axisOf(axis).value += value;
        if (proxy.version < FRAME_SINCE) this.#endAxes(timeMs);
      },
      axisSource: (_, source) => {
        if (source === 0 || source === 1 || source === 2 || source === 3) this.#axisSource = source;
      },
      axisStop: (_, __, axis) => {
        this.#axisOf(axis).stop = true;
      },
      axisDiscrete: (_, axis, steps) => {
        const entry = this.#axisOf(axis);
        entry.value120 = (entry.value120 ?? 0) + steps * 120;
      },
      axisValue120: (_, axis, value120) => {
        const entry = this.#axisOf(axis);
        entry.value120 = (entry.value120 ?? 0) + value120;
      },
      frame: () => {
        this.#endMotion();
        this.#endAxes(undefined);
      },
    };
    if (!this.#relative) return;
    this.#relative.handler = {
      relativeMotion: (_, hi, lo, dx, dy, dxUnaccelerated, dyUnaccelerated) => {
        const timeUs = (hi >>> 0) * HIGH_WORD + (lo >>> 0);
        const factor = this.#window ? hostFactor(this.#window.output) : 1;
        // Two in one frame are one step of our pointer.
        const before = this.#motion;
        this.#motion = {
          timeUs,
          dx: (before?.dx ?? 0) + dx / factor,
          dy: (before?.dy ?? 0) + dy / factor,
          dxUnaccelerated: (before?.dxUnaccelerated ?? 0) + dxUnaccelerated,
          dyUnaccelerated: (before?.dyUnaccelerated ?? 0) + dyUnaccelerated,
        };
        if (proxy.version < FRAME_SINCE) this.#endMotion();
      },
    };
  }

  /** Hosts tell place and way of one step in either order; ours tells them in one frame too. */
  #endMotion(): void {
    const moved = this.#moved;
    const motion = this.#motion;
    this.#moved = undefined;
    this.#motion = undefined;
    if (moved) {
      // A host that tells of ways told of none: the pointer was put there.
      this.#moveTo(this.#place, moved.timeMs, this.#relative ? (motion ?? null) : undefined);
    } else if (motion) {
      this.#pointer.moveRelative(motion);
    }
  }

  #moveTo(
    place: HostPlace,
    timeMs: number | undefined,
    relative: RelativeMotion | null | undefined,
  ): void {
    this.#place = place;
    if (!this.#window) return;
    const { x, y } = toGlobal(this.#window.output, place.x, place.y);
    this.#pointer.moveTo(x, y, timeMs, relative);
  }

  #left(): void {
    if (!this.#window) return;
    this.#window = undefined;
    this.#pointer.leave();
    this.followConstraint();
  }

  #constraintChanged(): void {
    if (!this.#pointer.constraint) this.#hint();
    this.followConstraint();
  }

  /** The client had it put elsewhere while the host held it: the host's is to go there too. */
  #hint(): void {
    if (!this.#window) return;
    const { output } = this.#window;
    const { x, y } = this.#pointer;
    const host = toGlobal(output, this.#place.x, this.#place.y);
    if ((x === host.x && y === host.y) || !output.contains(x, y)) return;
    const factor = hostFactor(output);
    this.#constraint.hint((x - output.x) * factor, (y - output.y) * factor);
  }

  #axisOf(axis: number): { value: number; value120?: number; stop?: boolean } {
    return (this.#axes[axis === 0 ? 0 : 1] ??= { value: 0 });
  }

  #endAxes(timeMs: number | undefined): void {
    const events: AxisEvent[] = [];
    for (const axis of [0, 1] as const) {
      const entry = this.#axes[axis];
      if (!entry) continue;
      events.push({
        axis,
        ...entry,
        ...(this.#axisSource === undefined ? {} : { source: this.#axisSource }),
      });
    }
    this.#axes = {};
    this.#axisSource = undefined;
    if (events.length > 0) this.#pointer.axis(events, timeMs);
  }

  /** A client's image is in our picture; a named shape, or none at all, is the host's to draw. */
  #showCursor(): void {
    if (!this.#window) return;
    const { surface, shape } = this.#desktop.cursor;
    const hidden = surface !== null || !this.#shapes;
    if (hidden) this.#proxy.setCursor(this.#enterSerial, null, 0, 0);
    else this.#shapes?.setShape(this.#enterSerial, this.#hostShape(shape));
  }

  /** Hosts with version 1 lack the newest shapes. */
  #hostShape(shape: WpCursorShapeDeviceV1Shape | null): WpCursorShapeDeviceV1Shape {
    const known = shape ?? WpCursorShapeDeviceV1Shape.default;
    if (known <= WpCursorShapeDeviceV1Shape.zoomOut || (this.#shapes?.version ?? 1) > 1)
      return known;
    return known === WpCursorShapeDeviceV1Shape.allResize
      ? WpCursorShapeDeviceV1Shape.allScroll
      : WpCursorShapeDeviceV1Shape.grabbing;
  }
}

/** The host's surface-local point in our global space. */
export function toGlobal(output: Output, x: number, y: number): { x: number; y: number } {
  const factor = hostFactor(output);
  return { x: output.x + x / factor, y: output.y + y / factor };
}
