/** wl_touch's side of the seat: each touch point belongs to the surface it went down on. */
import { WlTouch } from '../../protocols/generated/wayland.server.ts';
import type { WlTouchResource } from '../../protocols/generated/wayland.server.ts';
import type { Client } from '../../protocols/server/client.ts';
import type { Surface } from '../surface/surface.ts';
import { ClientResources } from './client-resources.ts';
import type { SeatContext } from './seat-context.ts';

interface TouchPoint {
  readonly surface: Surface;
  readonly serial: number;
  readonly unlisten: () => void;
  x: number;
  y: number;
}

export class Touch {
  readonly resources: ClientResources<WlTouchResource> = new ClientResources();
  readonly #seat: SeatContext;
  readonly #points = new Map<number, TouchPoint>();

  constructor(seat: SeatContext) {
    this.#seat = seat;
  }

  /** `id` is free until {@link up}; a second down of a live point is ignored. */
  down(id: number, x: number, y: number, timeMs: number = this.#seat.nowMs()): void {
    this.#seat.noteActivity();
    if (this.#points.has(id)) return;
    const hit = this.#seat.hit(x, y);
    if (!this.#seat.announcePress(hit?.surface ?? null)) return;
    const target = hit?.surface.resource;
    if (!hit || !target) return;
    const serial = this.#seat.nextSerial();
    const { surface } = hit;
    this.#points.set(id, {
      surface,
      serial,
      x,
      y,
      // It has no surface any more, but its client still counts the finger.
      unlisten: surface.onDestroyed(() => this.up(id)),
    });
    this.#seat.rememberAction(serial, surface);
    for (const resource of this.resources.of(surface.client)) {
      WlTouch.sendDown(resource, serial, timeMs, target, id, hit.x, hit.y);
      WlTouch.sendFrame(resource);
    }
  }

  move(id: number, x: number, y: number, timeMs: number = this.#seat.nowMs()): void {
    this.#seat.noteActivity();
    const point = this.#points.get(id);
    if (!point) return;
    point.x = x;
    point.y = y;
    const place = this.#seat.place(point.surface);
    if (!place) return;
    for (const resource of this.resources.of(point.surface.client)) {
      WlTouch.sendMotion(resource, timeMs, id, x - place.x, y - place.y);
      WlTouch.sendFrame(resource);
    }
  }

  up(id: number, timeMs: number = this.#seat.nowMs()): void {
    this.#seat.noteActivity();
    const point = this.#points.get(id);
    if (!point) return;
    this.#forget(id, point);
    const serial = this.#seat.nextSerial();
    this.#seat.rememberAction(serial, point.surface);
    for (const resource of this.resources.of(point.surface.client)) {
      WlTouch.sendUp(resource, serial, timeMs, id);
      WlTouch.sendFrame(resource);
    }
  }

  /** All points at once, without an up: something else took the touch sequence. */
  cancel(): void {
    const clients = new Set<Client>();
    for (const [id, point] of this.#points) {
      clients.add(point.surface.client);
      this.#forget(id, point);
    }
    for (const client of clients) {
      for (const resource of this.resources.of(client)) WlTouch.sendCancel(resource);
    }
  }

  /** Whether `serial` is the down of a point still held on a surface of this client. */
  holdsPress(client: Client, serial: number): boolean {
    for (const point of this.#points.values()) {
      if (point.serial === serial && point.surface.client === client) return true;
    }
    return false;
  }

  #forget(id: number, point: TouchPoint): void {
    point.unlisten();
    this.#points.delete(id);
  }
}
