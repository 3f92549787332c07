/** wl_pointer's side of the seat: position, focus, implicit and explicit grabs, axis events. */
import { WlPointer } from '../../protocols/generated/wayland.server.ts';
import type { WlPointerResource } from '../../protocols/generated/wayland.server.ts';
import type { Client } from '../../protocols/server/client.ts';
import type { Surface } from '../surface/surface.ts';
import { type AxisEvent, sendScroll, Wheel } from './axis.ts';
import { ClientResources } from './client-resources.ts';
import type { Hit } from './hit-test.ts';
import {
  type ConstraintListener,
  type MotionConstraint,
  plainMotion,
  type RelativeListener,
  type RelativeMotion,
} from './motion.ts';
import type { SeatContext } from './seat-context.ts';

/** Takes the pointer's events instead of surfaces: interactive move and resize, drag and drop. */
export interface PointerGrab {
  motion(timeMs: number, x: number, y: number): void;
  button(timeMs: number, button: number, pressed: boolean): void;
  /** Another grab takes over, or its surface went. */
  cancel(): void;
}

export type FocusListener = (focus: Surface | null, previous: Surface | null) => void;

const FRAME_SINCE = 5;

export class Pointer {
  readonly resources: ClientResources<WlPointerResource> = new ClientResources();
  readonly #seat: SeatContext;
  readonly #pressed = new Set<number>();
  /** Those of the pressed that dismissed popups. */
  readonly #swallowed = new Set<number>();
  readonly #focusListeners = new Set<FocusListener>();
  readonly #moved = new Set<() => void>();
  readonly #constrained = new Set<ConstraintListener>();
  #relative: RelativeListener | undefined;
  #constraint: MotionConstraint | undefined;
  #x = 0;
  #y = 0;
  /** The last place a device reported while a constraint kept the pointer from going there. */
  #reported: { readonly x: number; readonly y: number } | null = null;
  #focus: Surface | null = null;
  #unlistenFocus: (() => void) | undefined;
  #local: { x: number; y: number } = { x: 0, y: 0 };
  #enterSerial = 0;
  #pressSerial = 0;
  #grab: PointerGrab | undefined;
  readonly #wheel = new Wheel();

  constructor(seat: SeatContext) {
    this.#seat = seat;
  }

  get x(): number {
    return this.#x;
  }

  get y(): number {
    return this.#y;
  }

  get focus(): Surface | null {
    return this.#focus;
  }

  /** Where the pointer is on the focus surface. */
  get local(): { readonly x: number; readonly y: number } {
    return this.#local;
  }

  /** Serial of the last enter: set_cursor must name it. */
  get enterSerial(): number {
    return this.#enterSerial;
  }

  get buttonsDown(): number {
    return this.#pressed.size;
  }

  get grabbed(): boolean {
    return this.#grab !== undefined;
  }

  onFocus(listener: FocusListener): () => void {
    this.#focusListeners.add(listener);
    return () => this.#focusListeners.delete(listener);
  }

  /** Called after each change of position: the cursor image follows. */
  onMoved(listener: () => void): () => void {
    this.#moved.add(listener);
    return () => this.#moved.delete(listener);
  }

  /** relative-pointer listens here; events are for the focus surface's client. */
  set relativeListener(listener: RelativeListener | undefined) {
    this.#relative = listener;
  }

  get constraint(): MotionConstraint | undefined {
    return this.#constraint;
  }

  /** In force, or suspended, until the next one. Set again when its area has become another. */
  set constraint(constraint: MotionConstraint | undefined) {
    this.#constraint = constraint;
    for (const listener of this.#constrained) listener(constraint);
  }

  /** Told of each constraint that begins or has another area, and undefined when the last one ends. Returns the remover. */
  onConstraint(listener: ConstraintListener): () => void {
    this.#constrained.add(listener);
    return () => this.#constrained.delete(listener);
  }

  /** A device moved by a vector: relative events carry it whole, the position stays on the outputs. */
  moveBy(dx: number, dy: number, timeMs: number = this.#seat.nowMs()): void {
    this.#seat.noteActivity();
    this.#tellRelative(plainMotion(timeMs, dx, dy));
    this.#reported = null;
    this.#setPosition(this.#x + dx, this.#y + dy, timeMs);
    this.#endFrame();
  }

  /**
   * A device reported a position in the global space. `relative`: how it moved, where the device tells that too; null: it did not.
   * By default it moved from the position before.
   */
  moveTo(
    x: number,
    y: number,
    timeMs: number = this.#seat.nowMs(),
    relative?: RelativeMotion | null,
  ): void {
    this.#seat.noteActivity();
    const dx = x - (this.#reported?.x ?? this.#x);
    const dy = y - (this.#reported?.y ?? this.#y);
    this.#reported = this.#constraint ? { x, y } : null;
    if (relative) this.#tellRelative(relative);
    else if (relative === undefined && (dx !== 0 || dy !== 0))
      this.#tellRelative(plainMotion(timeMs, dx, dy));
    this.#setPosition(x, y, timeMs);
    this.#endFrame();
  }

  /** A device moved, and the pointer with it did not: it is locked elsewhere, or at an edge. */
  moveRelative(motion: RelativeMotion): void {
    this.#seat.noteActivity();
    this.#tellRelative(motion);
    this.#endFrame();
  }

  /** Moves without an event from a device (a lock's position hint, a window placed under it). */
  warp(x: number, y: number): void {
    const clamped = this.#seat.clamp(x, y);
    this.#x = clamped.x;
    this.#y = clamped.y;
    this.refocus();
    for (const listener of this.#moved) listener();
  }

  /** A button went down or up; `button` is a code of linux/input-event-codes.h. Repeated states are ignored. */
  button(button: number, pressed: boolean, timeMs: number = this.#seat.nowMs()): void {
    this.#seat.noteActivity();
    if (pressed === this.#pressed.has(button)) return;
    if (pressed) this.#pressed.add(button);
    else this.#pressed.delete(button);
    if (this.#grab) {
      if (!pressed) this.#swallowed.delete(button);
      this.#grab.button(timeMs, button, pressed);
    } else {
      const first = pressed && this.#pressed.size === 1;
      if (first && !this.#seat.announcePress(this.#focus)) {
        this.#swallowed.add(button);
        return;
      }
      // Whoever was not told of the press is not told of its end.
      if (pressed || !this.#swallowed.delete(button)) this.#sendButton(timeMs, button, pressed);
    }
    if (this.#pressed.size === 0 && !this.#grab) this.refocus();
    this.#endFrame();
  }

  /** One turn of a wheel or stroke of fingers; both axes may come together. */
  axis(events: readonly AxisEvent[], timeMs: number = this.#seat.nowMs()): void {
    this.#seat.noteActivity();
    const focus = this.#focus;
    if (!focus || this.#grab) return;
    const scroll = this.#wheel.turn(events);
    for (const resource of this.resources.of(focus.client)) {
      if (sendScroll(resource, timeMs, scroll)) this.#touched.add(resource);
    }
    this.#endFrame();
  }

  /** Hands the pointer to a grab; the focus surface is left. The one before is cancelled. */
  startGrab(grab: PointerGrab, options: { keepFocus?: boolean } = {}): void {
    const before = this.#grab;
    this.#grab = grab;
    before?.cancel();
    if (options.keepFocus) return;
    this.#setFocus(null);
    this.#endFrame();
  }

  /** Ends this grab, when it still is the one; the pointer enters what is under it. */
  endGrab(grab: PointerGrab): void {
    if (this.#grab !== grab) return;
    this.#grab = undefined;
    this.refocus();
    this.#endFrame();
  }

  /** Whether `serial` is the press that began the implicit grab still held on a surface of this client. */
  holdsPress(client: Client, serial: number): boolean {
    return this.#pressed.size > 0 && this.#focus?.client === client && this.#pressSerial === serial;
  }

  /** Looks again at what is under the pointer. Nothing changes while a button is held. */
  refocus(): void {
    if (this.#grab) return;
    if (this.#pressed.size > 0 && this.#focus) return;
    const hit = this.#seat.hit(this.#x, this.#y);
    if (hit?.surface === this.#focus) {
      if (hit) this.#follow(hit, this.#seat.nowMs(), 'scene');
    } else {
      this.#enter(hit);
    }
    this.#endFrame();
  }

  /** Leaves the focus surface without looking for another: the host's pointer left our window. */
  leave(): void {
    this.#pressed.clear();
    this.#swallowed.clear();
    if (!this.#grab) this.#setFocus(null);
    this.#endFrame();
  }

  /** An event of another protocol belongs to this client's next pointer frame. */
  needFrame(client: Client): void {
    for (const resource of this.resources.of(client)) this.#touched.add(resource);
  }

  /** As at start. */
  reset(): void {
    const grab = this.#grab;
    this.#grab = undefined;
    grab?.cancel();
    this.#pressed.clear();
    this.#swallowed.clear();
    this.warp(0, 0);
  }

  #tellRelative(motion: RelativeMotion): void {
    if (this.#focus && !this.#grab) this.#relative?.(this.#focus, motion);
  }

  #setPosition(x: number, y: number, timeMs: number): void {
    const from = { x: this.#x, y: this.#y };
    const wanted = this.#seat.clamp(x, y);
    const to = this.#constraint?.filter(from, wanted) ?? wanted;
    this.#x = to.x;
    this.#y = to.y;
    if (this.#grab) this.#grab.motion(timeMs, this.#x, this.#y);
    else this.#deliverMotion(timeMs);
    if (to.x !== from.x || to.y !== from.y) for (const listener of this.#moved) listener();
  }

  #deliverMotion(timeMs: number): void {
    if (this.#pressed.size > 0 && this.#focus) {
      const place = this.#seat.place(this.#focus);
      if (place) {
        const hit = { surface: this.#focus, x: this.#x - place.x, y: this.#y - place.y };
        this.#follow(hit, timeMs, 'device');
      }
      return;
    }
    const hit = this.#seat.hit(this.#x, this.#y);
    if (hit && hit.surface === this.#focus) this.#follow(hit, timeMs, 'device');
    else this.#enter(hit);
  }

  /** `cause`: the device moved the pointer, or the surface moved below it (or the pointer was put elsewhere by us). */
  #follow(hit: Hit, timeMs: number, cause: 'device' | 'scene'): void {
    if (hit.x === this.#local.x && hit.y === this.#local.y) return;
    this.#local = { x: hit.x, y: hit.y };
    for (const resource of this.resources.of(hit.surface.client)) {
      if (cause === 'scene' && resource.version >= WlPointer.warpSince) {
        WlPointer.sendWarp(resource, hit.x, hit.y);
      } else {
        WlPointer.sendMotion(resource, timeMs, hit.x, hit.y);
      }
      this.#touched.add(resource);
    }
  }

  #enter(hit: Hit | null): void {
    if (hit) this.#local = { x: hit.x, y: hit.y };
    this.#setFocus(hit?.surface ?? null);
  }

  #setFocus(surface: Surface | null): void {
    const previous = this.#focus;
    if (previous === surface) return;
    this.#wheel.reset();
    this.#unlistenFocus?.();
    this.#unlistenFocus = undefined;
    this.#focus = surface;
    if (previous?.resource) {
      const serial = this.#seat.nextSerial();
      for (const resource of this.resources.of(previous.client)) {
        WlPointer.sendLeave(resource, serial, previous.resource);
        this.#touched.add(resource);
      }
      // Leave and enter of one client are two events a frame may not join.
      if (surface?.client === previous.client) this.#endFrame();
    }
    if (surface?.resource) {
      this.#enterSerial = this.#seat.nextSerial();
      this.#unlistenFocus = surface.onDestroyed(() => this.#focusGone(surface));
      for (const resource of this.resources.of(surface.client)) {
        WlPointer.sendEnter(
          resource,
          this.#enterSerial,
          surface.resource,
          this.#local.x,
          this.#local.y,
        );
        this.#touched.add(resource);
      }
    }
    for (const listener of this.#focusListeners) listener(surface, previous);
  }

  /** A wl_pointer made while its client has the focus. */
  welcome(resource: WlPointerResource): void {
    const focus = this.#focus;
    if (!focus?.resource || focus.client !== resource.client) return;
    WlPointer.sendEnter(resource, this.#enterSerial, focus.resource, this.#local.x, this.#local.y);
    if (resource.version >= FRAME_SINCE) WlPointer.sendFrame(resource);
  }

  #focusGone(surface: Surface): void {
    if (this.#focus !== surface) return;
    this.#focus = null;
    this.#unlistenFocus = undefined;
    for (const listener of this.#focusListeners) listener(null, surface);
    this.refocus();
  }

  #sendButton(timeMs: number, button: number, pressed: boolean): void {
    const focus = this.#focus;
    if (!focus) return;
    const serial = this.#seat.nextSerial();
    if (pressed && this.#pressed.size === 1) this.#pressSerial = serial;
    this.#seat.rememberAction(serial, focus);
    for (const resource of this.resources.of(focus.client)) {
      WlPointer.sendButton(resource, serial, timeMs, button, pressed ? 1 : 0);
      this.#touched.add(resource);
    }
  }

  /** Objects that got events since their last frame event. */
  readonly #touched = new Set<WlPointerResource>();

  #endFrame(): void {
    for (const resource of this.#touched) {
      if (resource.version >= FRAME_SINCE) WlPointer.sendFrame(resource);
    }
    this.#touched.clear();
  }
}
