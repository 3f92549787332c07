/** One of our outputs as a toplevel of the host. */
import type { ZwpIdleInhibitorV1Proxy } from '../../protocols/generated/idle-inhibit-unstable-v1.client.ts';
import type { WlOutputProxy, WlSurfaceProxy } from '../../protocols/generated/wayland.client.ts';
import type { ZxdgToplevelDecorationV1Proxy } from '../../protocols/generated/xdg-decoration-unstable-v1.client.ts';
import { ZxdgToplevelDecorationV1Mode } from '../../protocols/generated/xdg-decoration-unstable-v1.interfaces.ts';
import type {
  XdgSurfaceProxy,
  XdgToplevelProxy,
} from '../../protocols/generated/xdg-shell.client.ts';
import type { PixelTarget } from '../render/composer.ts';
import { Region } from '../surface/region.ts';
import type { FrameToShow, Presentation } from './backend.ts';
import { HostBuffers } from './host-buffers.ts';
import type { HostConnection } from './host-connection.ts';
import { HostFrame } from './host-frame.ts';
import type { LayerParts } from './host-layer.ts';
import { HostPresentation } from './host-presentation.ts';
import { HostScene } from './host-scene.ts';
import { bufferScale } from './layer-plan.ts';

export interface HostWindowListener {
  /** The host wants this many surface-local pixels; 0 = as we like. Told with the first configure and each later one. */
  resized(width: number, height: number): void;
  /** Whole pixels of ours a surface-local one of the host. */
  scaled(scale: number): void;
  /** Of the fastest output it is on. */
  refreshed(refreshMhz: number): void;
  closed(): void;
  /** The host wants the next frame. Returns the time. */
  frameDone(): bigint;
  /** The host has told when a frame was seen. */
  blanked(presentation: Presentation): void;
  /** A frame that could not be shown can be now. */
  canDraw(): void;
}

/** A surface of ours each has one in the host; with more of them the picture is drawn by us. */
const MAX_LAYERS = 512;

export class HostWindow {
  readonly surface: WlSurfaceProxy;
  readonly #xdgSurface: XdgSurfaceProxy;
  readonly #toplevel: XdgToplevelProxy;
  /** Has to go before the toplevel, or the host rightly complains of an orphan. */
  readonly #decoration: ZxdgToplevelDecorationV1Proxy | undefined;
  readonly #host: HostConnection;
  /** Of the whole picture, or what is below everything passed through. */
  readonly #buffers: HostBuffers;
  readonly #listener: HostWindowListener;
  /** Null: everything is drawn by us. */
  readonly #scene: HostScene | null;
  readonly #presentation: HostPresentation;
  readonly #unlistenOutputs: () => void;
  /** Outputs it is on. */
  readonly #entered = new Set<WlOutputProxy>();
  #frame: HostFrame | undefined;
  #idleInhibitor: ZwpIdleInhibitorV1Proxy | undefined;
  /** The last frame was made of the scene's surfaces. */
  #passes = false;
  #wantsFrame = false;
  #configured = false;
  #wanted = { width: 0, height: 0 };
  #scale = 1;
  #shown: PixelTarget | null = null;
  #shownScale = 1;

  /** `layers`: to pass surfaces through with; null: to draw all of them. */
  constructor(
    host: HostConnection,
    title: string,
    layers: LayerParts | null,
    listener: HostWindowListener,
  ) {
    this.#host = host;
    this.#listener = listener;
    this.#presentation = new HostPresentation((presentation) => listener.blanked(presentation));
    this.#buffers = new HostBuffers(host.shm, 'xrgb8888', () => listener.canDraw());
    this.surface = host.compositor.createSurface();
    this.#scene = layers && new HostScene(layers, this.surface, () => this.askForFrame());
    this.surface.handler = {
      preferredBufferScale: (_, factor) => this.#setScale(factor),
      enter: (_, output) => {
        if (output) this.#entered.add(output);
        this.#followOutputs();
      },
      leave: (_, output) => {
        if (output) this.#entered.delete(output);
        this.#followOutputs();
      },
    };
    this.#unlistenOutputs = host.outputs.onChanged(() => this.#followOutputs());
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

  /** Pixels of the newest frame; null when we have not drawn it. */
  get shown(): PixelTarget | null {
    return this.#passes ? null : this.#shown;
  }

  /** Something new can be shown although nothing changed. */
  get wantsFrame(): boolean {
    return this.#wantsFrame;
  }

  get scale(): number {
    return this.#scale;
  }

  /** False: it cannot be shown now (not configured, no buffer free); `canDraw` says when. */
  show(frame: FrameToShow): boolean {
    if (!this.#configured) return false;
    const passes = this.#scene !== null && passable(frame);
    if (!this.#drawPicture(frame, passes)) return false;
    this.#wantsFrame = false;
    if (passes) this.#scene?.update(frame);
    else this.#scene?.clear();
    const top = passes ? this.#scene?.top : undefined;
    this.#frame?.cancelCallbacks();
    const told = this.#presentation.follow(frame);
    const surfaces = top ? [this.surface, top] : [this.surface];
    this.#frame = new HostFrame(surfaces, this.#host.presentation, {
      done: () => {
        told.done(this.#listener.frameDone());
      },
      seen: (presentation) => told.seen(presentation),
    });
    this.#scene?.commit();
    this.surface.commit();
    this.#passes = passes;
    return true;
  }

  #resize(width: number, height: number): void {
    // Without it the bounds of all subsurfaces count.
    this.#xdgSurface.setWindowGeometry(0, 0, width, height);
    const all = this.#host.compositor.createRegion();
    all.add(0, 0, width, height);
    this.surface.setOpaqueRegion(all);
    all.destroy();
  }

  /** What could not be shown before can be shown now. */
  askForFrame(): void {
    this.#wantsFrame = true;
    this.#listener.canDraw();
  }

  /** Whether the host is to keep the screen awake for it. */
  inhibitIdle(inhibit: boolean): void {
    if (inhibit) {
      this.#idleInhibitor ??= this.#host.idleInhibit?.createInhibitor(this.surface);
    } else {
      this.#idleInhibitor?.destroy();
      this.#idleInhibitor = undefined;
    }
  }

  dispose(): void {
    this.#unlistenOutputs();
    this.#frame?.cancel();
    this.#idleInhibitor?.destroy();
    this.#scene?.clear();
    this.#decoration?.destroy();
    this.#toplevel.destroy();
    this.#xdgSurface.destroy();
    this.surface.destroy();
    this.#buffers.dispose();
  }

  /** The picture itself, or the bare background below the scene. False: no buffer is free. */
  #drawPicture(frame: FrameToShow, passes: boolean): boolean {
    const { width, height } = frame.output.description;
    const size = Region.rect(0, 0, width, height);
    const scale = bufferScale(frame.output);
    const resized =
      this.#shown?.width !== width || this.#shown.height !== height || this.#shownScale !== scale;
    const other = resized || passes !== this.#passes;
    const damage = other ? size : passes ? Region.empty : frame.damage;
    if (damage.isEmpty) return true;
    const buffer = this.#buffers.next(width, height, damage);
    if (!buffer) return false;
    if (passes) frame.paintBackground(buffer.target, size);
    else frame.paint(buffer.target, buffer.stale);
    buffer.stale = Region.empty;
    buffer.busy = true;
    this.#shown = buffer.target;
    this.#shownScale = scale;
    this.surface.setBufferScale(scale);
    if (resized) this.#resize(width / scale, height / scale);
    this.surface.attach(buffer.proxy, 0, 0);
    for (const rect of damage.rects())
      this.surface.damageBuffer(rect.x, rect.y, rect.width, rect.height);
    return true;
  }

  #configure(serial: number): void {
    this.#xdgSurface.ackConfigure(serial);
    this.#configured = true;
    this.#listener.resized(this.#wanted.width, this.#wanted.height);
    this.#listener.canDraw();
  }

  #followOutputs(): void {
    let scale = 0;
    let refreshMhz = 0;
    for (const proxy of this.#entered) {
      const output = this.#host.outputs.of(proxy);
      if (!output) this.#entered.delete(proxy);
      scale = Math.max(scale, output?.scale ?? 0);
      refreshMhz = Math.max(refreshMhz, output?.refreshMhz ?? 0);
    }
    if (scale > 0 && this.surface.version < PREFERRED_SCALE_SINCE) this.#setScale(scale);
    if (refreshMhz > 0) this.#listener.refreshed(refreshMhz);
  }

  #setScale(scale: number): void {
    if (scale === this.#scale) return;
    this.#scale = scale;
    this.#listener.scaled(scale);
  }
}

/** Whether the host can be given the surfaces one by one. */
function passable({ output, items }: FrameToShow): boolean {
  return output.transform === 0 && items.length <= MAX_LAYERS;
}

/** wl_surface.preferred_buffer_scale */
const PREFERRED_SCALE_SINCE = 6;
