/** The host's pointer, keyboard and touch events become ours. */
import type { OwnedFd } from '../../native/fd.ts';
import type { WpCursorShapeDeviceV1Proxy } from '../../protocols/generated/cursor-shape-v1.client.ts';
import type {
  WlKeyboardProxy,
  WlPointerProxy,
  WlSeatProxy,
  WlSurfaceProxy,
  WlTouchProxy,
} from '../../protocols/generated/wayland.client.ts';
import {
  WlKeyboardKeymapFormat,
  WlSeatCapability,
} from '../../protocols/generated/wayland.interfaces.ts';
import { WpCursorShapeDeviceV1Shape } from '../../protocols/generated/cursor-shape-v1.interfaces.ts';
import type { Output } from '../output/output.ts';
import { passedKeymap } from '../seat/keymap.ts';
import type { AxisEvent } from '../seat/axis.ts';
import type { BackendHost } from './backend.ts';
import type { HostConnection } from './host-connection.ts';
import { hostFactor } from './layer-plan.ts';

type FindOutput = (surface: WlSurfaceProxy | null) => { readonly output: Output } | undefined;

/** wl_pointer.frame groups events from this version on; before, each stands alone. */
const FRAME_SINCE = 5;
const RELEASE_SINCE = 3;

export class HostInput {
  readonly #host: HostConnection;
  readonly #desktop: BackendHost;
  readonly #findOutput: FindOutput;
  readonly #unlistenCursor: () => void;
  #pointer: WlPointerProxy | undefined;
  #shapes: WpCursorShapeDeviceV1Proxy | undefined;
  #keyboard: WlKeyboardProxy | undefined;
  #touch: WlTouchProxy | undefined;
  #pointerOutput: Output | undefined;
  #enterSerial = 0;
  #axes: Partial<Record<0 | 1, { value: number; value120?: number; stop?: boolean }>> = {};
  #axisSource: 0 | 1 | 2 | 3 | undefined;
  readonly #touchOutputs = new Map<number, Output>();

  constructor(host: HostConnection, desktop: BackendHost, findOutput: FindOutput) {
    this.#host = host;
    this.#desktop = desktop;
    this.#findOutput = findOutput;
    this.#unlistenCursor = desktop.cursor.onChanged(() => this.#showCursor());
    desktop.keyboardPresent(false);
    const { seat } = host;
    if (seat) {
      seat.handler = { capabilities: (_, capabilities) => this.#capabilities(seat, capabilities) };
      this.#capabilities(seat, host.seatCapabilities);
    } else {
      desktop.keyboardPresent(true);
    }
  }

  dispose(): void {
    this.#unlistenCursor();
    if (this.#host.seat) this.#host.seat.handler = null;
    for (const device of [this.#pointer, this.#keyboard, this.#touch]) {
      if (device) device.handler = null;
    }
  }

  #capabilities(seat: WlSeatProxy, capabilities: number): void {
    const has = (bit: number): boolean => (capabilities & bit) !== 0;
    if (has(WlSeatCapability.pointer) && !this.#pointer) this.#addPointer(seat.getPointer());
    if (!has(WlSeatCapability.pointer) && this.#pointer) {
      this.#desktop.seat.pointer.leave();
      if (this.#pointer.version >= RELEASE_SINCE) this.#pointer.release();
      this.#pointer = undefined;
      this.#shapes = undefined;
    }
    if (has(WlSeatCapability.keyboard) && !this.#keyboard) this.#addKeyboard(seat.getKeyboard());
    if (!has(WlSeatCapability.keyboard) && this.#keyboard) {
      if (this.#keyboard.version >= RELEASE_SINCE) this.#keyboard.release();
      this.#keyboard = undefined;
      this.#desktop.keyboardPresent(false);
    }
    if (has(WlSeatCapability.touch) && !this.#touch) this.#addTouch(seat.getTouch());
    if (!has(WlSeatCapability.touch) && this.#touch) {
      this.#desktop.seat.touch.cancel();
      if (this.#touch.version >= RELEASE_SINCE) this.#touch.release();
      this.#touch = undefined;
    }
  }

  #addPointer(proxy: WlPointerProxy): void {
    const { pointer } = this.#desktop.seat;
    this.#pointer = proxy;
    this.#shapes = this.#host.cursorShapes?.getPointer(proxy);
    proxy.handler = {
      enter: (_, serial, surface, x, y) => {
        this.#enterSerial = serial;
        this.#pointerOutput = this.#findOutput(surface)?.output;
        this.#showCursor();
        this.#moveTo(x, y);
      },
      leave: () => {
        this.#pointerOutput = undefined;
        pointer.leave();
      },
      motion: (_, timeMs, x, y) => this.#moveTo(x, y, timeMs),
      button: (_, __, timeMs, button, state) => pointer.button(button, state === 1, timeMs),
      axis: (_, timeMs, axis, value) => {
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
      frame: () => this.#endAxes(undefined),
    };
  }

  #moveTo(x: number, y: number, timeMs?: number): void {
    const output = this.#pointerOutput;
    if (!output) return;
    const place = toGlobal(output, x, y);
    this.#desktop.seat.pointer.moveTo(place.x, place.y, timeMs);
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
    if (events.length > 0) this.#desktop.seat.pointer.axis(events, timeMs);
  }

  /** A client's image is in our picture; a named shape, or none at all, is the host's to draw. */
  #showCursor(): void {
    const pointer = this.#pointer;
    if (!pointer || !this.#pointerOutput) return;
    const { surface, shape } = this.#desktop.cursor;
    const hidden = surface !== null || !this.#shapes;
    if (hidden) pointer.setCursor(this.#enterSerial, null, 0, 0);
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

  #addKeyboard(proxy: WlKeyboardProxy): void {
    const { keyboard } = this.#desktop.seat;
    this.#keyboard = proxy;
    proxy.handler = {
      keymap: (_, format, fd: OwnedFd, sizeBytes) => {
        if (format === WlKeyboardKeymapFormat.xkbV1)
          keyboard.setKeymap(passedKeymap(fd, sizeBytes));
        else fd.close();
      },
      enter: (_, __, ___, keys) => {
        keyboard.setPressed(new Uint32Array(Uint8Array.from(keys).buffer));
        this.#desktop.keyboardPresent(true);
      },
      leave: () => {
        keyboard.releaseAll();
        this.#desktop.keyboardPresent(false);
      },
      key: (_, __, timeMs, key, state) => keyboard.key(key, state === 1, timeMs),
      modifiers: (_, __, depressed, latched, locked, group) =>
        keyboard.setModifiers({ depressed, latched, locked, group }),
      repeatInfo: (_, rate, delayMs) => keyboard.setRepeat(rate, delayMs),
    };
  }

  #addTouch(proxy: WlTouchProxy): void {
    const { touch } = this.#desktop.seat;
    this.#touch = proxy;
    proxy.handler = {
      down: (_, __, timeMs, surface, id, x, y) => {
        const output = this.#findOutput(surface)?.output;
        if (!output) return;
        this.#touchOutputs.set(id, output);
        const place = toGlobal(output, x, y);
        touch.down(id, place.x, place.y, timeMs);
      },
      motion: (_, timeMs, id, x, y) => {
        const output = this.#touchOutputs.get(id);
        if (!output) return;
        const place = toGlobal(output, x, y);
        touch.move(id, place.x, place.y, timeMs);
      },
      up: (_, __, timeMs, id) => {
        this.#touchOutputs.delete(id);
        touch.up(id, timeMs);
      },
      cancel: () => {
        this.#touchOutputs.clear();
        touch.cancel();
      },
    };
  }
}

/** The host's surface-local point in our global space. */
function toGlobal(output: Output, x: number, y: number): { x: number; y: number } {
  const factor = hostFactor(output);
  return { x: output.x + x / factor, y: output.y + y / factor };
}
