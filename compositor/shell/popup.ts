/** A popup: placed by its positioner against its parent's window geometry (xdg-shell.xml: xdg_popup). */
import { XdgPopup } from '../../protocols/generated/xdg-shell.server.ts';
import type { XdgPopupResource } from '../../protocols/generated/xdg-shell.server.ts';
import { XdgPopupError, XdgWmBaseError } from '../../protocols/generated/xdg-shell.interfaces.ts';
import { ProtocolError } from '../../protocols/server/protocol-error.ts';
import type { Resource } from '../../protocols/server/resource.ts';
import type { Surface } from '../surface/surface.ts';
import { placePopup, type PositionerRules, type Rectangle } from './positioner.ts';
import type { ShellRole, ShellSurface } from './shell-surface.ts';
import type { Toplevel } from './toplevel.ts';

/** What a popup tells the shell, and asks it. */
export interface PopupListener {
  mapped(popup: Popup): void;
  unmapped(popup: Popup): void;
  changed(popup: Popup): void;
  /**
   * Where the popup should fit, in the coordinates of `parent`'s window geometry as the rules foresee it; null: anywhere.
   */
  bounds(parent: PopupParent, rules: PositionerRules): Rectangle | null;
}

/** What a popup hangs on. */
export type PopupParent = Toplevel | Popup;

interface PopupConfigure {
  readonly rectangle: Rectangle;
}

/**
 * Popups on popups. A deeper one is dismissed at once: what a popup's place costs grows with its depth, and no menu comes near.
 */
export const MAX_POPUP_DEPTH = 64;

export class Popup implements ShellRole {
  readonly roleName = 'xdg_popup';
  readonly shellSurface: ShellSurface;
  readonly resource: XdgPopupResource;
  readonly parent: PopupParent;
  /** 1: on a window. */
  readonly depth: number;
  /** Mapped popups of this one. */
  readonly popups: Popup[] = [];
  /** Asked for a grab before it was mapped. */
  grabbing = false;
  readonly #wmBase: Resource;
  readonly #listener: PopupListener;
  #rules: PositionerRules;
  /** Relative to the parent's window geometry. */
  #wanted: Rectangle;
  #place: Rectangle;
  #sentOnce = false;
  #done = false;
  #destroyed = false;

  /** `wmBase` gets the errors that are not about one object. */
  constructor(
    shellSurface: ShellSurface,
    resource: XdgPopupResource,
    parent: PopupParent,
    rules: PositionerRules,
    wmBase: Resource,
    listener: PopupListener,
  ) {
    this.shellSurface = shellSurface;
    this.resource = resource;
    this.parent = parent;
    this.depth = parent.roleName === 'xdg_popup' ? parent.depth + 1 : 1;
    this.#rules = rules;
    this.#wmBase = wmBase;
    this.#listener = listener;
    this.#wanted = placePopup(rules, listener.bounds(parent, rules));
    this.#place = this.#wanted;
    resource.data = this;
  }

  static of(resource: XdgPopupResource): Popup {
    return resource.data as Popup;
  }

  get surface(): Surface {
    return this.shellSurface.surface;
  }

  get mapped(): boolean {
    return this.shellSurface.mapped && !this.#done;
  }

  get destroyed(): boolean {
    return this.#destroyed;
  }

  /** The client was told to take it away. */
  get dismissed(): boolean {
    return this.#done;
  }

  get geometry(): Rectangle {
    return this.shellSurface.geometry;
  }

  /** Global place of the window geometry's top left corner. */
  get x(): number {
    return this.parent.x + this.#place.x;
  }

  get y(): number {
    return this.parent.y + this.#place.y;
  }

  /** The window at the end of its parents. */
  get toplevel(): Toplevel {
    const { parent } = this;
    return parent.roleName === 'xdg_popup' ? parent.toplevel : parent;
  }

  /** Throws invalid_grab once it is mapped. */
  requireUnmapped(): void {
    if (!this.mapped) return;
    throw new ProtocolError(
      this.resource,
      XdgPopupError.invalidGrab,
      'a popup that is mapped cannot be given a grab',
    );
  }

  notTheTopmost(message: string): ProtocolError {
    return new ProtocolError(this.#wmBase, XdgWmBaseError.notTheTopmostPopup, message);
  }

  /** xdg_popup.reposition: new rules, told back with the token. */
  reposition(rules: PositionerRules, token: number): void {
    this.#rules = rules;
    this.#wanted = placePopup(rules, this.#listener.bounds(this.parent, rules));
    if (this.#done || !this.#sentOnce) return;
    XdgPopup.sendRepositioned(this.resource, token);
    this.#send();
  }

  /** The parent moved or changed: reactive popups find a new place. */
  react(): void {
    if (this.#rules.reactive && this.#sentOnce && !this.#done) {
      const place = placePopup(this.#rules, this.#listener.bounds(this.parent, this.#lastingRules));
      const same =
        place.x === this.#wanted.x &&
        place.y === this.#wanted.y &&
        place.width === this.#wanted.width &&
        place.height === this.#wanted.height;
      if (!same) {
        this.#wanted = place;
        this.#send();
      }
    }
    for (const child of this.popups) child.react();
  }

  /** Where it will be when this configure is applied, in the global space; null: it is not one of its own. */
  rectangleAfter(configure: object | null): Rectangle | null {
    if (!configure) return null;
    const { rectangle } = configure as PopupConfigure;
    return { ...rectangle, x: this.parent.x + rectangle.x, y: this.parent.y + rectangle.y };
  }

  /** Takes it and what hangs on it off the screen, topmost first, and tells the client (popup_done). */
  dismiss(): void {
    for (const child of [...this.popups].reverse()) child.dismiss();
    if (this.#done || this.#destroyed) return;
    const wasMapped = this.mapped;
    this.#done = true;
    if (wasMapped) this.#listener.unmapped(this);
    XdgPopup.sendPopupDone(this.resource);
  }

  freeze(): object {
    return this.#rules;
  }

  initialCommit(): void {
    if (this.#done) return;
    const orphan = !this.parent.mapped && this.parent.roleName === 'xdg_popup';
    if (orphan || this.depth > MAX_POPUP_DEPTH) {
      this.dismiss();
      return;
    }
    this.#sentOnce = true;
    this.#send();
  }

  applied(_: object, acked: object | null): void {
    if (acked) this.#place = (acked as PopupConfigure).rectangle;
    if (this.mapped) this.#listener.changed(this);
  }

  map(): void {
    if (!this.#done) this.#listener.mapped(this);
  }

  unmap(): void {
    for (const child of [...this.popups].reverse()) child.dismiss();
    if (!this.#done) this.#listener.unmapped(this);
    this.#sentOnce = false;
  }

  /** The xdg_popup is gone. */
  destroy(): void {
    if (this.#destroyed) return;
    this.shellSurface.destruct();
    this.#destroyed = true;
  }

  /** A size of the parent alone was foreseen for its next one, which may have come and gone. */
  get #lastingRules(): PositionerRules {
    if (this.#rules.parentConfigure !== undefined) return this.#rules;
    const { parentWidth: _, parentHeight: __, ...lasting } = this.#rules;
    return lasting;
  }

  #send(): void {
    const { x, y, width, height } = this.#wanted;
    XdgPopup.sendConfigure(this.resource, x, y, width, height);
    const configure: PopupConfigure = { rectangle: this.#wanted };
    this.shellSurface.sendConfigure(configure);
  }
}
