/** A client with windows and a seat, on our own bindings; everything it is told is written down. */
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import type { Poller } from '../../native/poller.ts';
import { ClientDisplay } from '../../protocols/client/client-display.ts';
import type { ClientInterface, Proxy } from '../../protocols/client/proxy.ts';
import {
  WlCompositorProxy,
  WlSeatProxy,
  WlShmProxy,
  type WlBufferProxy,
  type WlKeyboardProxy,
  type WlPointerProxy,
  type WlSurfaceProxy,
  type WlTouchProxy,
} from '../../protocols/generated/wayland.client.ts';
import {
  XdgWmBaseProxy,
  type XdgPopupProxy,
  type XdgPositionerProxy,
  type XdgSurfaceProxy,
  type XdgToplevelProxy,
} from '../../protocols/generated/xdg-shell.client.ts';
import type { Client } from '../../protocols/server/client.ts';

/** BTN_LEFT of input-event-codes.h. */
export const BUTTON_LEFT = 272;

/** wl_display.error as the client got it. */
export interface SeenError {
  readonly interface: string;
  readonly code: number;
}

export interface SeenConfigure {
  readonly width: number;
  readonly height: number;
  readonly states: readonly number[];
  readonly serial: number;
}

/** An xdg_surface with its role; configures are acknowledged by hand or with {@link ShellClient.draw}. */
export interface TestWindow {
  readonly surface: WlSurfaceProxy;
  readonly xdgSurface: XdgSurfaceProxy;
  readonly toplevel: XdgToplevelProxy;
  readonly configures: SeenConfigure[];
  closes: number;
}

export interface TestPopup {
  readonly surface: WlSurfaceProxy;
  readonly xdgSurface: XdgSurfaceProxy;
  readonly popup: XdgPopupProxy;
  readonly configures: { x: number; y: number; width: number; height: number; serial: number }[];
  readonly repositions: number[];
  done: number;
}

const BYTES_PER_PIXEL = 4;
const XRGB8888 = 1;

export class ShellClient {
  readonly display: ClientDisplay;
  /** The compositor's side. */
  readonly client: Client;
  /** Pointer, keyboard and touch events: "enter 12 5,5", "button 272 1"… */
  readonly seen: string[] = [];
  /** Serials of the last pointer enter, button press, key press. */
  readonly serials = { enter: 0, press: 0, key: 0, touch: 0 };
  readonly pools: OwnedFd[] = [];
  readonly #settle: () => void;
  #compositor: WlCompositorProxy | undefined;
  #shm: WlShmProxy | undefined;
  #wmBase: XdgWmBaseProxy | undefined;
  seat!: WlSeatProxy;
  pointer!: WlPointerProxy;
  keyboard!: WlKeyboardProxy;
  touch!: WlTouchProxy;

  constructor(poller: Poller, fd: OwnedFd, client: Client, settle: () => void) {
    this.client = client;
    this.#settle = settle;
    this.display = ClientDisplay.connect({ poller, fd, env: {} });
  }

  get compositor(): WlCompositorProxy {
    return (this.#compositor ??= this.bind(WlCompositorProxy));
  }

  get wmBase(): XdgWmBaseProxy {
    return (this.#wmBase ??= this.bind(XdgWmBaseProxy));
  }

  get shm(): WlShmProxy {
    return (this.#shm ??= this.bind(WlShmProxy));
  }

  bind<P extends Proxy>(type: { readonly interface: ClientInterface<P> }, version?: number): P {
    const { name } = type.interface.description;
    const global = this.display.registry.find(name);
    if (!global) throw new Error(`the compositor does not offer ${name}`);
    return this.display.registry.bind(type, global, version);
  }

  bindSeat(options: { readonly keyboard: boolean }): void {
    this.seat = this.bind(WlSeatProxy);
    this.pointer = this.seat.getPointer();
    if (options.keyboard) this.#bindKeyboard();
    this.touch = this.seat.getTouch();
    this.pointer.handler = {
      enter: (_, serial, surface, x, y) => {
        this.serials.enter = serial;
        this.seen.push(`enter ${surface?.id} ${x},${y}`);
      },
      leave: (_, __, surface) => this.seen.push(`leave ${surface?.id}`),
      motion: (_, __, x, y) => this.seen.push(`motion ${x},${y}`),
      warp: (_, x, y) => this.seen.push(`warp ${x},${y}`),
      button: (_, serial, __, button, state) => {
        if (state === 1) this.serials.press = serial;
        this.seen.push(`button ${button} ${state}`);
      },
      axis: (_, __, axis, value) => this.seen.push(`axis ${axis} ${value}`),
      axisValue120: (_, axis, value) => this.seen.push(`value120 ${axis} ${value}`),
      axisSource: (_, source) => this.seen.push(`source ${source}`),
      axisStop: (_, __, axis) => this.seen.push(`stop ${axis}`),
      frame: () => this.seen.push('frame'),
    };
    this.touch.handler = {
      down: (_, serial, __, surface, id, x, y) => {
        this.serials.touch = serial;
        this.seen.push(`down ${surface?.id} ${id} ${x},${y}`);
      },
      motion: (_, __, id, x, y) => this.seen.push(`touch ${id} ${x},${y}`),
      up: (_, __, ___, id) => this.seen.push(`up ${id}`),
      cancel: () => this.seen.push('cancel'),
    };
  }

  #bindKeyboard(): void {
    this.keyboard = this.seat.getKeyboard();
    this.keyboard.handler = {
      keymap: (_, format, fd, size) => {
        this.seen.push(`keymap ${format} ${size > 100}`);
        fd.close();
      },
      repeatInfo: (_, rate, delay) => this.seen.push(`repeat ${rate} ${delay}`),
      enter: (_, __, surface, keys) => this.seen.push(`focus ${surface?.id} ${keys.length / 4}`),
      leave: (_, __, surface) => this.seen.push(`unfocus ${surface?.id}`),
      key: (_, serial, __, key, state) => {
        if (state === 1) this.serials.key = serial;
        this.seen.push(`key ${key} ${state}`);
      },
      modifiers: (_, __, depressed, latched, locked, group) =>
        this.seen.push(`modifiers ${depressed} ${latched} ${locked} ${group}`),
    };
  }

  /** What was seen since the last call, without frames. */
  take(): string[] {
    return this.seen.splice(0).filter((line) => line !== 'frame');
  }

  buffer(width: number, height: number, colour = 0xff_ff_ff): WlBufferProxy {
    const stride = width * BYTES_PER_PIXEL;
    const fd = new OwnedFd(native.memfdCreate('test', 0));
    this.pools.push(fd);
    const pixels = new Uint32Array(width * height).fill((0xff00_0000 | colour) >>> 0);
    native.ftruncate(fd.fd, stride * height);
    native.pwrite(fd.fd, new Uint8Array(pixels.buffer), 0);
    const pool = this.shm.createPool(fd.fd, stride * height);
    const buffer = pool.createBuffer(0, width, height, stride, XRGB8888);
    pool.destroy();
    return buffer;
  }

  /** An xdg_toplevel before its initial commit. */
  createWindow(): TestWindow {
    const surface = this.compositor.createSurface();
    const xdgSurface = this.wmBase.getXdgSurface(surface);
    const toplevel = xdgSurface.getToplevel();
    const window: TestWindow = { surface, xdgSurface, toplevel, configures: [], closes: 0 };
    let last = { width: 0, height: 0, states: [] as number[] };
    toplevel.handler = {
      configure: (_, width, height, states) => {
        last = { width, height, states: [...new Uint32Array(Uint8Array.from(states).buffer)] };
      },
      close: () => {
        window.closes++;
      },
    };
    xdgSurface.handler = {
      configure: (_, serial) => {
        window.configures.push({ ...last, serial });
      },
    };
    return window;
  }

  /** Acknowledges the newest configure and commits a buffer of one colour. */
  draw(
    window: Pick<TestWindow, 'surface' | 'xdgSurface'> & {
      readonly configures: { serial: number }[];
    },
    width: number,
    height: number,
    colour?: number,
  ): void {
    const serial = window.configures.at(-1)?.serial;
    if (serial !== undefined && serial !== acknowledged.get(window)) {
      acknowledged.set(window, serial);
      window.xdgSurface.ackConfigure(serial);
    }
    window.surface.attach(this.buffer(width, height, colour), 0, 0);
    window.surface.damageBuffer(0, 0, width, height);
    window.surface.commit();
    this.#settle();
  }

  /** A mapped window. */
  openWindow(width: number, height: number, colour?: number): TestWindow {
    const window = this.createWindow();
    window.surface.commit();
    this.#settle();
    this.draw(window, width, height, colour);
    return window;
  }

  positioner(
    width: number,
    height: number,
    anchor: readonly [x: number, y: number, width: number, height: number],
  ): XdgPositionerProxy {
    const positioner = this.wmBase.createPositioner();
    positioner.setSize(width, height);
    positioner.setAnchorRect(...anchor);
    return positioner;
  }

  createPopup(parent: XdgSurfaceProxy | null, positioner: XdgPositionerProxy): TestPopup {
    const surface = this.compositor.createSurface();
    const xdgSurface = this.wmBase.getXdgSurface(surface);
    const popup = xdgSurface.getPopup(parent, positioner);
    const seen: TestPopup = {
      surface,
      xdgSurface,
      popup,
      configures: [],
      repositions: [],
      done: 0,
    };
    let last = { x: 0, y: 0, width: 0, height: 0 };
    popup.handler = {
      configure: (_, x, y, width, height) => {
        last = { x, y, width, height };
      },
      repositioned: (_, token) => {
        seen.repositions.push(token);
      },
      popupDone: () => {
        seen.done++;
      },
    };
    xdgSurface.handler = {
      configure: (_, serial) => {
        seen.configures.push({ ...last, serial });
      },
    };
    return seen;
  }

  /** Its connection's end, as it saw it. */
  get error(): SeenError | undefined {
    const { error } = this.display;
    return error && { interface: error.interface ?? '', code: error.code ?? -1 };
  }

  close(): void {
    this.display.close();
    for (const fd of this.pools.splice(0)) fd.close();
  }
}

const acknowledged = new WeakMap<object, number>();
