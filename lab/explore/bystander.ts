/** A client that has nothing to do with GPUs or fences: whatever happens to others, it gets its frames. */
import { native } from '../../native/binding.ts';
import type { Clock } from '../../native/clock.ts';
import { OwnedFd } from '../../native/fd.ts';
import { ClientDisplay } from '../../protocols/client/client-display.ts';
import {
  WlCompositorProxy,
  WlShmProxy,
  type WlBufferProxy,
  type WlSurfaceProxy,
} from '../../protocols/generated/wayland.client.ts';
import { XdgWmBaseProxy } from '../../protocols/generated/xdg-shell.client.ts';
import { bind, type PuppetConnection } from './puppet-window.ts';
import { BYTES_PER_PIXEL, CELL } from './screen.ts';

const XRGB8888 = 1;
const STRIDE_BYTES = CELL * BYTES_PER_PIXEL;
const POOL_BYTES = STRIDE_BYTES * CELL;
const MFD_CLOEXEC = 1;

export class Bystander {
  readonly #clock: Clock;
  readonly #display: ClientDisplay;
  readonly #surface: WlSurfaceProxy;
  readonly #buffer: WlBufferProxy;
  #lastFrameNs: bigint;
  #frames = 0;

  /** Draws from now on. Throws when the compositor cuts the connection or offers too little. */
  constructor({ fd, poller, settle }: PuppetConnection, clock: Clock) {
    this.#clock = clock;
    this.#display = ClientDisplay.connect({ poller, fd, env: {} });
    this.#display.flush();
    settle();
    const wmBase = bind(this.#display, XdgWmBaseProxy, 6);
    wmBase.handler = { ping: (proxy, serial) => proxy.pong(serial) };
    this.#surface = bind(this.#display, WlCompositorProxy, 6).createSurface();
    this.#buffer = makeBuffer(bind(this.#display, WlShmProxy, 1));
    const xdgSurface = wmBase.getXdgSurface(this.#surface);
    xdgSurface.getToplevel();
    let drawing = false;
    xdgSurface.handler = {
      configure: (proxy, serial) => {
        proxy.ackConfigure(serial);
        if (!drawing) this.#draw();
        drawing = true;
      },
    };
    this.#surface.commit();
    this.#display.flush();
    this.#lastFrameNs = clock.nowNs();
    settle();
  }

  get frames(): number {
    return this.#frames;
  }

  /** How long ago it was last told to draw. */
  get idleNs(): bigint {
    return this.#clock.nowNs() - this.#lastFrameNs;
  }

  get cut(): string | undefined {
    return this.#display.error?.message;
  }

  close(): void {
    this.#display.close();
  }

  #draw(): void {
    this.#surface.frame().handler = {
      done: () => {
        this.#frames++;
        this.#lastFrameNs = this.#clock.nowNs();
        this.#draw();
      },
    };
    this.#surface.attach(this.#buffer, 0, 0);
    this.#surface.damageBuffer(0, 0, CELL, CELL);
    this.#surface.commit();
    this.#display.flush();
  }
}

function makeBuffer(shm: WlShmProxy): WlBufferProxy {
  const memory = new OwnedFd(native.memfdCreate('bystander', MFD_CLOEXEC));
  try {
    native.ftruncate(memory.fd, POOL_BYTES);
    const pool = shm.createPool(memory.fd, POOL_BYTES);
    const buffer = pool.createBuffer(0, CELL, CELL, STRIDE_BYTES, XRGB8888);
    pool.destroy();
    return buffer;
  } finally {
    memory.close();
  }
}
