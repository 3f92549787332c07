/** One of our outputs as a toplevel of the host. */
import type { WlCallbackProxy, WlSurfaceProxy } from '../../protocols/generated/wayland.client.ts';
import type { ZxdgToplevelDecorationV1Proxy } from '../../protocols/generated/xdg-decoration-unstable-v1.client.ts';
import { ZxdgToplevelDecorationV1Mode } from '../../protocols/generated/xdg-decoration-unstable-v1.interfaces.ts';
import type {
  XdgSurfaceProxy,
  XdgToplevelProxy,
} from '../../protocols/generated/xdg-shell.client.ts';
import type { PixelTarget } from '../render/composer.ts';
import { Region } from '../surface/region.ts';
import type { FrameToShow } from './backend.ts';
import type { HostConnection } from './host-connection.ts';
import { HostBuffers } from './host-buffers.ts';

export interface HostWindowListener {
  /** The host wants this many surface-local pixels; 0 = as we like. Told with the first configure and each later one. */
  resized(width: number, height: number): void;
  /** Whole pixels of ours a surface-local one of the host. */
  scaled(scale: number): void;
  closed(): void;
  /** The last frame is on screen, or a buffer is free again: the next one can come. */
  frameDone(): void;
  canDraw(): void;
}

export class HostWindow {
  readonly surface: WlSurfaceProxy;
  readonly #xdgSurface: XdgSurfaceProxy;
  readonly #toplevel: XdgToplevelProxy;
  /** Has to go before the toplevel, or the host rightly complains of an orphan. */
  readonly #decoration: ZxdgToplevelDecorationV1Proxy | undefined;
  readonly #buffers: HostBuffers;
  readonly #listener: HostWindowListener;
  #frame: WlCallbackProxy | undefined;
  #configured = false;
  #wanted = { width: 0, height: 0 };
  #scale = 1;
  #shown: PixelTarget | null = null;

  constructor(host: HostConnection, title: string, listener: HostWindowListener) {
    this.#listener = listener;
    this.#buffers = new HostBuffers(host.shm, () => listener.canDraw());
    this.surface = host.compositor.createSurface();
    this.surface.handler = {
      preferredBufferScale: (_, factor) => this.#setScale(factor),
      enter: (surface, output) => {
        if (surface.version >= PREFERRED_SCALE_SINCE) return;
        const entered = host.outputs.find(({ proxy }) => proxy === output);
        if (entered) this.#setScale(entered.scale);
      },
    };
    this.#xdgSurface = host.wmBase.getXdgSurface(this.surface);
    this.#xdgSurface.handler = { configure: (_, serial) => this.#configure(serial) };
    this.#toplevel = this.#xdgSurface.getToplevel();
    this.#toplevel.handler = {
      configure: (_, width, height) => {
        this.#wanted = { width, height };
      },
      close: () => listener.closed(),
    };
    this.#toplevel.setTitle(title);
    this.#toplevel.setAppId('syncline');
    this.#decoration = host.decorations?.getToplevelDecoration(this.#toplevel);
    this.#decoration?.setMode(ZxdgToplevelDecorationV1Mode.serverSide);
    this.surface.commit();
  }

  /** Pixels of the newest frame. */
  get shown(): PixelTarget | null {
    return this.#shown;
  }

  get scale(): number {
    return this.#scale;
  }

  /** False: it cannot be shown now (not configured, no buffer free); `canDraw` says when. */
  show(frame: FrameToShow, bufferScale: number): boolean {
    if (!this.#configured) return false;
    const { width, height } = frame.output.description;
    const { damage } = frame;
    const resized = this.#shown?.width !== width || this.#shown.height !== height;
    if (!damage.isEmpty || resized) {
      const buffer = this.#buffers.next(width, height, damage);
      if (!buffer) return false;
      frame.paint(buffer.target, buffer.stale);
      const changed = resized ? buffer.stale : damage;
      buffer.stale = Region.empty;
      buffer.busy = true;
      this.#shown = buffer.target;
      this.surface.setBufferScale(bufferScale);
      this.surface.attach(buffer.proxy, 0, 0);
      for (const rect of changed.rects()) {
        this.surface.damageBuffer(rect.x, rect.y, rect.width, rect.height);
      }
    }
    const callback = this.surface.frame();
    this.#frame = callback;
    callback.handler = {
      done: () => {
        if (this.#frame !== callback) return;
        this.#frame = undefined;
        this.#listener.frameDone();
      },
    };
    this.surface.commit();
    return true;
  }

  dispose(): void {
    this.#decoration?.destroy();
    this.#toplevel.destroy();
    this.#xdgSurface.destroy();
    this.surface.destroy();
    this.#buffers.dispose();
  }

  #configure(serial: number): void {
    this.#xdgSurface.ackConfigure(serial);
    this.#configured = true;
    this.#listener.resized(this.#wanted.width, this.#wanted.height);
    this.#listener.canDraw();
  }

  #setScale(scale: number): void {
    if (scale === this.#scale) return;
    this.#scale = scale;
    this.#listener.scaled(scale);
  }
}

/** wl_surface.preferred_buffer_scale */
const PREFERRED_SCALE_SINCE = 6;
