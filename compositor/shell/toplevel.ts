/** A window: xdg_toplevel's state, wanted and applied (xdg-shell.xml: xdg_toplevel). */
import { XdgToplevel } from '../../protocols/generated/xdg-shell.server.ts';
import type { XdgToplevelResource } from '../../protocols/generated/xdg-shell.server.ts';
import {
  XdgToplevelError,
  XdgToplevelState,
  XdgToplevelWmCapabilities,
} from '../../protocols/generated/xdg-shell.interfaces.ts';
import { ProtocolError } from '../../protocols/server/protocol-error.ts';
import type { Output } from '../output/output.ts';
import type { Surface } from '../surface/surface.ts';
import type { Popup } from './popup.ts';
import type { Rectangle } from './positioner.ts';
import type { ShellRole, ShellSurface } from './shell-surface.ts';

/** What a configure event says. Sizes are of the window geometry; 0 = the client decides. */
export interface ToplevelConfigure {
  readonly width: number;
  readonly height: number;
  readonly maximized: boolean;
  readonly fullscreen: boolean;
  readonly resizing: boolean;
  readonly activated: boolean;
  /** It is not repainted at the moment: minimised, or there is no output. */
  readonly suspended: boolean;
  /** Edges that stick to something: drawn without a border or shadow there. */
  readonly tiled: boolean;
}

/** Limits of the window geometry's size; 0 = none. */
export interface SizeLimits {
  readonly minWidth: number;
  readonly minHeight: number;
  readonly maxWidth: number;
  readonly maxHeight: number;
}

/** What a toplevel tells the shell. */
export interface ToplevelListener {
  initialCommit(toplevel: Toplevel): void;
  mapped(toplevel: Toplevel): void;
  unmapped(toplevel: Toplevel): void;
  /** A size or geometry was applied. */
  changed(toplevel: Toplevel): void;
  titleChanged(toplevel: Toplevel): void;
}

/** xdg-shell.xml: xdg_toplevel.state. */
const TILED_SINCE = 2;
const SUSPENDED_SINCE = 6;
const CONSTRAINED_SINCE = 7;

/** The window geometry as the shell has last seen it. */
export interface SettledGeometry extends Rectangle {
  /** Whether it covered an output then. */
  readonly covers: boolean;
  /** Said by the client; else it is what is there. */
  readonly geometryIsSet: boolean;
}

const NO_LIMITS: SizeLimits = { minWidth: 0, minHeight: 0, maxWidth: 0, maxHeight: 0 };
const FLOATING: ToplevelConfigure = {
  width: 0,
  height: 0,
  maximized: false,
  fullscreen: false,
  resizing: false,
  activated: false,
  suspended: false,
  tiled: false,
};

export class Toplevel implements ShellRole {
  readonly roleName = 'xdg_toplevel';
  readonly shellSurface: ShellSurface;
  readonly resource: XdgToplevelResource;
  /** Mapped popups, in the order they were mapped. */
  readonly popups: Popup[] = [];
  /** Global place of the window geometry's top left corner. Written by the shell. */
  x = 0;
  y = 0;
  /** Whether the shell has found a place for it. */
  placed = false;
  minimized = false;
  /** Where it goes back to when it is no longer maximised or fullscreen. */
  floating: Rectangle | null = null;
  /** The output it covers while maximised or fullscreen. */
  output: Output | null = null;
  /** Which edges stay where they are while the size changes: an interactive resize from the other side. */
  anchorRight = false;
  anchorBottom = false;
  /** As of its last change. Written by the shell. */
  settled: SettledGeometry | null = null;
  readonly #listener: ToplevelListener;
  #title = '';
  #appId = '';
  #parent: Toplevel | null = null;
  #wanted: ToplevelConfigure = FLOATING;
  #sentOnce = false;
  #applied: ToplevelConfigure = FLOATING;
  #pendingLimits: SizeLimits = NO_LIMITS;
  #limits: SizeLimits = NO_LIMITS;
  #bounds: { readonly width: number; readonly height: number } | null = null;
  #destroyed = false;

  constructor(
    shellSurface: ShellSurface,
    resource: XdgToplevelResource,
    listener: ToplevelListener,
  ) {
    this.shellSurface = shellSurface;
    this.resource = resource;
    this.#listener = listener;
    resource.data = this;
    if (resource.version >= XdgToplevel.wmCapabilitiesSince && !this.#isAncient()) {
      const { maximize, fullscreen } = XdgToplevelWmCapabilities;
      XdgToplevel.sendWmCapabilities(resource, stateArray([maximize, fullscreen]));
    }
  }

  static of(resource: XdgToplevelResource): Toplevel {
    return resource.data as Toplevel;
  }

  get surface(): Surface {
    return this.shellSurface.surface;
  }

  get mapped(): boolean {
    return this.shellSurface.mapped;
  }

  get destroyed(): boolean {
    return this.#destroyed;
  }

  get title(): string {
    return this.#title;
  }

  get appId(): string {
    return this.#appId;
  }

  get parent(): Toplevel | null {
    return this.#parent;
  }

  /** What the last configure said, sent or still to be sent. */
  get wanted(): ToplevelConfigure {
    return this.#wanted;
  }

  /** What the client last acknowledged and committed. */
  get acknowledged(): ToplevelConfigure {
    return this.#applied;
  }

  get limits(): SizeLimits {
    return this.#limits;
  }

  /** Surface-local window geometry. */
  get geometry(): Rectangle {
    return this.shellSurface.geometry;
  }

  /** The window geometry in the global space. */
  get rectangle(): Rectangle {
    const { width, height } = this.geometry;
    return { x: this.x, y: this.y, width, height };
  }

  set title(title: string) {
    this.#title = title;
    this.#listener.titleChanged(this);
  }

  set appId(appId: string) {
    this.#appId = appId;
    this.#listener.titleChanged(this);
  }

  /** xdg_toplevel.set_parent. Throws invalid_parent for a descendant or itself. */
  setParent(parent: Toplevel | null): void {
    for (let link = parent; link; link = link.parent) {
      if (link === this) {
        throw new ProtocolError(
          this.resource,
          XdgToplevelError.invalidParent,
          'a toplevel cannot be the parent of itself or of its ancestor',
        );
      }
    }
    // A parent that is not shown is no parent (xdg-shell.xml: set_parent).
    this.#parent = parent?.mapped ? parent : null;
  }

  /** The parent went: its own parent takes over. */
  adopt(grandparent: Toplevel | null): void {
    this.#parent = grandparent;
  }

  setMinSize(width: number, height: number): void {
    if (width < 0 || height < 0) throw this.#invalidSize(`minimum size of ${width}x${height}`);
    this.#pendingLimits = { ...this.#pendingLimits, minWidth: width, minHeight: height };
  }

  setMaxSize(width: number, height: number): void {
    if (width < 0 || height < 0) throw this.#invalidSize(`maximum size of ${width}x${height}`);
    this.#pendingLimits = { ...this.#pendingLimits, maxWidth: width, maxHeight: height };
  }

  /** How large a floating window should be at most (configure_bounds). */
  setBounds(width: number, height: number): void {
    this.#bounds = { width, height };
  }

  /** Changes what the client shall be; tells it when that is news, or `always`. Before the initial commit nothing is sent. */
  configure(change: Partial<ToplevelConfigure>, always = false): void {
    const next = { ...this.#wanted, ...change };
    const news = (Object.keys(next) as (keyof ToplevelConfigure)[]).some(
      (key) => next[key] !== this.#wanted[key],
    );
    this.#wanted = next;
    if (this.#destroyed || !this.#sentOnce) return;
    if (news || always) this.#send();
  }

  /** Asks the client to close (xdg_toplevel.close). */
  close(): void {
    if (!this.#destroyed) XdgToplevel.sendClose(this.resource);
  }

  freeze(): object {
    const { minWidth, minHeight, maxWidth, maxHeight } = this.#pendingLimits;
    const crossed =
      (maxWidth > 0 && minWidth > maxWidth) || (maxHeight > 0 && minHeight > maxHeight);
    if (crossed) {
      throw this.#invalidSize(
        `minimum ${minWidth}x${minHeight} above maximum ${maxWidth}x${maxHeight}`,
      );
    }
    return this.#pendingLimits;
  }

  initialCommit(): void {
    this.#listener.initialCommit(this);
    if (this.#destroyed || this.#sentOnce) return;
    this.#sentOnce = true;
    this.#send();
  }

  applied(frozen: object, acked: object | null): void {
    this.#limits = frozen as SizeLimits;
    if (acked) this.#applied = acked as ToplevelConfigure;
    if (this.mapped) this.#listener.changed(this);
  }

  map(): void {
    this.#listener.mapped(this);
  }

  unmap(): void {
    this.#listener.unmapped(this);
    this.#sentOnce = false;
    this.#wanted = FLOATING;
    this.#applied = FLOATING;
    this.#pendingLimits = NO_LIMITS;
    this.#limits = NO_LIMITS;
    this.#parent = null;
    this.#title = '';
    this.#appId = '';
    // It keeps its place: a window that is hidden and shown again is where it was.
    this.minimized = false;
    this.floating = null;
    this.output = null;
  }

  /** The xdg_toplevel is gone. */
  destroy(): void {
    if (this.#destroyed) return;
    this.shellSurface.destruct();
    this.#destroyed = true;
  }

  #send(): void {
    const { resource } = this;
    const { width, height } = this.#wanted;
    const tellsBounds = resource.version >= XdgToplevel.configureBoundsSince && !this.#isAncient();
    if (this.#bounds && tellsBounds) {
      XdgToplevel.sendConfigureBounds(resource, this.#bounds.width, this.#bounds.height);
    }
    XdgToplevel.sendConfigure(resource, width, height, this.#states());
    this.shellSurface.sendConfigure(this.#wanted);
  }

  /**
   * Programs that know wl_surface 1 alone but bind any xdg_wm_base (presentation-shm of weston 10) have no listeners for its newer
   * events, and libwayland aborts them for it.
   */
  #isAncient(): boolean {
    return this.surface.resource?.version === 1;
  }

  #states(): Uint8Array {
    const states: number[] = [];
    const { maximized, fullscreen, resizing, activated, suspended, tiled } = this.#wanted;
    if (maximized) states.push(XdgToplevelState.maximized);
    if (fullscreen) states.push(XdgToplevelState.fullscreen);
    if (resizing) states.push(XdgToplevelState.resizing);
    if (activated) states.push(XdgToplevelState.activated);
    const { version } = this.resource;
    if (suspended && version >= SUSPENDED_SINCE) states.push(XdgToplevelState.suspended);
    if (tiled && version >= TILED_SINCE) {
      states.push(
        XdgToplevelState.tiledLeft,
        XdgToplevelState.tiledRight,
        XdgToplevelState.tiledTop,
        XdgToplevelState.tiledBottom,
      );
    }
    if (tiled && version >= CONSTRAINED_SINCE) {
      states.push(
        XdgToplevelState.constrainedLeft,
        XdgToplevelState.constrainedRight,
        XdgToplevelState.constrainedTop,
        XdgToplevelState.constrainedBottom,
      );
    }
    return stateArray(states);
  }

  #invalidSize(what: string): ProtocolError {
    return new ProtocolError(this.resource, XdgToplevelError.invalidSize, what);
  }
}

/** wl_array of uint32. */
function stateArray(states: readonly number[]): Uint8Array {
  const words = Uint32Array.from(states);
  return new Uint8Array(words.buffer);
}
