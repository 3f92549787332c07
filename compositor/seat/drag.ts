/** Drag and drop with the pointer (wayland.xml: wl_data_device.start_drag). */
import { WlDataDevice, WlDataSource } from '../../protocols/generated/wayland.server.ts';
import type { WlDataDeviceResource } from '../../protocols/generated/wayland.server.ts';
import type { SceneRoot } from '../render/scene.ts';
import type { SurfaceRole } from '../surface/surface-role.ts';
import type { AppliedUpdate } from '../surface/surface-state.ts';
import type { Surface } from '../surface/surface.ts';
import type { ClientResources } from './client-resources.ts';
import type { DataSource } from './data-source.ts';
import { DragOffer } from './drag-offer.ts';
import type { Hit } from './hit-test.ts';
import type { PointerGrab } from './pointer.ts';
import type { Seat } from './seat.ts';

export const DRAG_ICON_ROLE = 'wl_data_device-icon';

/** The icon's surface follows the pointer, moved by wl_surface.offset. */
export class DragIconRole implements SurfaceRole {
  readonly name: string = DRAG_ICON_ROLE;
  x = 0;
  y = 0;

  applied(update: AppliedUpdate): void {
    this.x += update.offsetX;
    this.y += update.offsetY;
  }
}

export interface DragOptions {
  readonly seat: Seat;
  readonly devices: ClientResources<WlDataDeviceResource>;
  /** Null: a drag within one client. */
  readonly source: DataSource | null;
  readonly origin: Surface;
  readonly icon: Surface | null;
  readonly ended: () => void;
}

export class Drag implements PointerGrab {
  readonly source: DataSource | null;
  readonly #options: DragOptions;
  #focus: Surface | null = null;
  #unlistenFocus: (() => void) | undefined;
  #offers: DragOffer[] = [];
  #over = false;

  constructor(options: DragOptions) {
    this.#options = options;
    this.source = options.source;
  }

  /** Takes the pointer over and looks at what is below it. */
  start(): void {
    const { pointer } = this.#options.seat;
    pointer.startGrab(this);
    this.#follow(this.#options.seat.nowMs(), pointer.x, pointer.y);
  }

  /** Where to draw the icon. */
  iconRoot(): SceneRoot | null {
    const { icon, seat } = this.#options;
    if (!icon?.mapped || !(icon.role instanceof DragIconRole)) return null;
    return {
      surface: icon,
      x: Math.round(seat.pointer.x) + icon.role.x,
      y: Math.round(seat.pointer.y) + icon.role.y,
    };
  }

  motion(timeMs: number, x: number, y: number): void {
    this.#follow(timeMs, x, y);
  }

  button(): void {
    const { pointer } = this.#options.seat;
    if (pointer.buttonsDown > 0 || this.#over) return;
    this.#drop();
    this.#end();
    pointer.endGrab(this);
  }

  /** The source went, or something else took the pointer. */
  cancel(): void {
    if (this.#over) return;
    this.#leave();
    if (this.source?.resource.alive) this.source.cancel();
    this.#end();
    this.#options.seat.pointer.endGrab(this);
  }

  #follow(timeMs: number, x: number, y: number): void {
    const hit = this.#options.seat.hit(x, y);
    const target = hit && this.#mayEnter(hit.surface) ? hit : null;
    if (target?.surface !== this.#focus) {
      this.#leave();
      if (target) this.#enter(target);
      return;
    }
    if (!target) return;
    for (const device of this.#options.devices.of(target.surface.client)) {
      WlDataDevice.sendMotion(device, timeMs, target.x, target.y);
    }
  }

  /** Without a source only the client that drags takes part. */
  #mayEnter(surface: Surface): boolean {
    return this.source !== null || surface.client === this.#options.origin.client;
  }

  #enter({ surface, x, y }: Hit): void {
    if (!surface.resource) return;
    this.#focus = surface;
    this.#unlistenFocus = surface.onDestroyed(() => {
      this.#focus = null;
      this.#offers = [];
    });
    const serial = this.#options.seat.nextSerial();
    for (const device of this.#options.devices.of(surface.client)) {
      const offer = this.source && new DragOffer(device, this.source);
      if (offer) this.#offers.push(offer);
      WlDataDevice.sendEnter(device, serial, surface.resource, x, y, offer?.resource ?? null);
      offer?.announceActions();
    }
  }

  #leave(): void {
    this.#unlistenFocus?.();
    this.#unlistenFocus = undefined;
    const focus = this.#focus;
    this.#focus = null;
    for (const offer of this.#offers) offer.leave();
    this.#offers = [];
    if (!focus) return;
    for (const device of this.#options.devices.of(focus.client)) WlDataDevice.sendLeave(device);
  }

  #drop(): void {
    const { source } = this;
    const focus = this.#focus;
    const willing = this.#offers.find((offer) => offer.willing);
    if (!focus || (source && !willing)) {
      this.#leave();
      if (source?.resource.alive) source.cancel();
      return;
    }
    this.#unlistenFocus?.();
    for (const device of this.#options.devices.of(focus.client)) {
      WlDataDevice.sendDrop(device);
    }
    for (const offer of this.#offers) offer.dropped(offer === willing);
    if (source && source.resource.version >= WlDataSource.dndDropPerformedSince) {
      WlDataSource.sendDndDropPerformed(source.resource);
    }
    this.#offers = [];
  }

  #end(): void {
    this.#over = true;
    this.#options.ended();
  }
}
