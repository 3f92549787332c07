/** Grabbing popups: menus that get the input of their client until a press elsewhere (xdg-shell.xml: xdg_popup.grab). */
import type { Client } from '../../protocols/server/client.ts';
import type { Seat } from '../seat/seat.ts';
import type { Surface } from '../surface/surface.ts';
import type { Popup } from './popup.ts';

export class PopupGrab {
  readonly #seat: Seat;
  readonly #focusChanged: () => void;
  /** Grabbing popups that are mapped or about to be, outermost first. */
  readonly #stack: Popup[] = [];

  constructor(seat: Seat, focusChanged: () => void) {
    this.#seat = seat;
    this.#focusChanged = focusChanged;
  }

  /** The one with the keyboard. */
  get topmost(): Popup | null {
    return this.#stack.findLast((popup) => popup.mapped) ?? null;
  }

  /** Whose popups they are. */
  get client(): Client | null {
    return this.#stack[0]?.surface.client ?? null;
  }

  /**
   * xdg_popup.grab with a serial the client may use. Throws not_the_topmost_popup, invalid_grab. Another client's grab, or a press
   * long gone, dismisses the popup at once.
   */
  request(popup: Popup, serial: number): void {
    popup.requireUnmapped();
    const { client } = popup.surface;
    const top = this.#stack[this.#stack.length - 1];
    if (top && this.client === client && popup.parent !== top) {
      throw popup.notTheTopmost('the parent of a grabbing popup is not the topmost popup');
    }
    // A menu of an open menu needs no further input of the user's.
    const allowed = top
      ? this.client === client
      : this.#seat.actionOf(client, serial) !== undefined;
    if (!allowed) {
      popup.dismiss();
      return;
    }
    popup.grabbing = true;
    this.#stack.push(popup);
  }

  mapped(_popup: Popup): void {
    this.#focusChanged();
    this.#seat.refocus();
  }

  /** Unmapped, dismissed or destroyed. */
  unmapped(popup: Popup): void {
    const index = this.#stack.indexOf(popup);
    if (index < 0) return;
    this.#stack.splice(index, 1);
    popup.grabbing = false;
    this.#focusChanged();
  }

  /** Whether the pointer may enter the surface while popups grab. */
  mayFocus(surface: Surface): boolean {
    const { client } = this;
    return client === null || surface.client === client;
  }

  /** False: the press was outside, the popups are gone and nobody gets the press. */
  pressed(surface: Surface | null): boolean {
    const { client } = this;
    if (client === null || (surface && surface.client === client)) return true;
    this.dismissAll();
    return false;
  }

  /** Topmost first. */
  dismissAll(): void {
    for (const popup of [...this.#stack].reverse()) {
      popup.dismiss();
      this.unmapped(popup);
    }
  }
}
