/** A window of the bystander: its frames have to go on, whatever its neighbour did. */
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import type { ClientDisplay } from '../../protocols/client/client-display.ts';
import type { ClientInterface, Proxy } from '../../protocols/client/proxy.ts';
import {
  WlCompositorProxy,
  WlShmProxy,
  type WlBufferProxy,
  type WlSurfaceProxy,
} from '../../protocols/generated/wayland.client.ts';
import { WlShmFormat } from '../../protocols/generated/wayland.interfaces.ts';
import { XdgWmBaseProxy } from '../../protocols/generated/xdg-shell.client.ts';

const SIZE = 16;
const STRIDE_BYTES = SIZE * 4;
const MFD_CLOEXEC = 1;

export class BystanderWindow {
  readonly #display: ClientDisplay;
  readonly #surface: WlSurfaceProxy;
  readonly #buffer: WlBufferProxy;
  #configured = false;
  #shown = false;

  /** Asks for the window; it is there once it was configured. Throws when the server lacks a global for it. */
  constructor(display: ClientDisplay) {
    this.#display = display;
    const compositor = bind(display, WlCompositorProxy);
    const base = bind(display, XdgWmBaseProxy);
    base.handler = { ping: (_base, serial) => base.pong(serial) };
    this.#buffer = makeBuffer(bind(display, WlShmProxy));
    this.#surface = compositor.createSurface();
    const xdg = base.getXdgSurface(this.#surface);
    xdg.getToplevel();
    xdg.handler = {
      configure: (_xdg, serial) => {
        xdg.ackConfigure(serial);
        this.#configured = true;
      },
    };
    this.#surface.commit();
  }

  /** Whether the frame asked for last was shown. */
  get shown(): boolean {
    return this.#shown;
  }

  /** Commits new content and asks to be told when the next frame is due. Does nothing until the window is configured. */
  requestFrame(): boolean {
    if (!this.#configured) return false;
    this.#shown = false;
    this.#surface.attach(this.#buffer, 0, 0);
    this.#surface.damage(0, 0, SIZE, SIZE);
    this.#surface.frame().handler = {
      done: () => {
        this.#shown = true;
      },
    };
    this.#surface.commit();
    this.#display.flush();
    return true;
  }
}

function bind<P extends Proxy>(
  display: ClientDisplay,
  type: { readonly interface: ClientInterface<P> },
): P {
  const { name } = type.interface.description;
  const global = display.registry.find(name);
  if (global === undefined) throw new Error(`the server has no ${name}`);
  return display.registry.bind(type, global, 1);
}

function makeBuffer(shm: WlShmProxy): WlBufferProxy {
  const sizeBytes = STRIDE_BYTES * SIZE;
  const fd = new OwnedFd(native.memfdCreate('syncline-fuzz-bystander', MFD_CLOEXEC));
  try {
    native.ftruncate(fd.fd, sizeBytes);
    const pool = shm.createPool(fd.fd, sizeBytes);
    const buffer = pool.createBuffer(0, SIZE, SIZE, STRIDE_BYTES, WlShmFormat.xrgb8888);
    pool.destroy();
    return buffer;
  } finally {
    fd.close();
  }
}
