/** The windows of a compositor: stacking, focus, places, popups. Policy is the window manager's. */
import type { Output } from '../output/output.ts';
import type { SceneRoot } from '../render/scene.ts';
import type { Keyboard } from '../seat/keyboard.ts';
import type { Seat } from '../seat/seat.ts';
import type { Surface } from '../surface/surface.ts';
import { coveringPlace, futureParent } from './future-parent.ts';
import type { Popup, PopupListener, PopupParent } from './popup.ts';
import { PopupGrab } from './popup-grab.ts';
import type { PositionerRules, Rectangle } from './positioner.ts';
import type { Toplevel, ToplevelListener } from './toplevel.ts';
import type { WindowManager } from './window-manager.ts';

export interface ShellOptions {
  readonly seat: Seat;
  readonly outputs: () => readonly Output[];
  /** Something on screen moved, came or went. */
  readonly sceneChanged: () => void;
  readonly windowManager: (shell: Shell) => WindowManager;
}

/** Told of windows, for lists and user APIs. */
export interface WindowListener {
  mapped?(toplevel: Toplevel): void;
  unmapped?(toplevel: Toplevel): void;
  titleChanged?(toplevel: Toplevel): void;
}

export class Shell implements ToplevelListener, PopupListener {
  readonly seat: Seat;
  readonly windowManager: WindowManager;
  readonly popupGrab: PopupGrab;
  readonly #outputs: () => readonly Output[];
  readonly #sceneChanged: () => void;
  /** Mapped windows, bottom to top. */
  readonly #stack: Toplevel[] = [];
  readonly #roles = new Map<Surface, Toplevel | Popup>();
  readonly #listeners = new Set<WindowListener>();
  #active: Toplevel | null = null;
  #keyboardPresent = true;

  constructor(options: ShellOptions) {
    this.seat = options.seat;
    this.#outputs = options.outputs;
    this.#sceneChanged = options.sceneChanged;
    this.popupGrab = new PopupGrab(this.seat, () => this.#focusKeyboard());
    this.windowManager = options.windowManager(this);
  }

  /** Mapped windows, bottom to top, minimised ones included. */
  get windows(): readonly Toplevel[] {
    return this.#stack;
  }

  /** The window with the keyboard. */
  get activeWindow(): Toplevel | null {
    return this.#active;
  }

  /** Where new windows go: the output under the pointer, else the first. */
  get activeOutput(): Output | null {
    const { x, y } = this.seat.pointer;
    return this.outputAt(x, y) ?? this.#outputs()[0] ?? null;
  }

  /** The output a global point lies on. */
  outputAt(x: number, y: number): Output | null {
    return this.#outputs().find((output) => output.contains(x, y)) ?? null;
  }

  addWindowListener(listener: WindowListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The output with most of the window, or the first one. */
  outputOf(toplevel: Toplevel): Output | null {
    return this.#outputUnder(toplevel.rectangle);
  }

  #outputUnder({ x, y, width, height }: Rectangle): Output | null {
    let best: Output | null = null;
    let bestArea = -1;
    for (const output of this.#outputs()) {
      const wide = Math.min(x + width, output.x + output.width) - Math.max(x, output.x);
      const high = Math.min(y + height, output.y + output.height) - Math.max(y, output.y);
      const area = Math.max(0, wide) * Math.max(0, high);
      if (area > bestArea) {
        best = output;
        bestArea = area;
      }
    }
    return best;
  }

  /** The window or popup a surface, or the root of its subsurface tree, belongs to. */
  roleOf(surface: Surface): Toplevel | Popup | null {
    let root = surface;
    for (let link = root.subsurface?.parent; link; link = root.subsurface?.parent) root = link;
    return this.#roles.get(root) ?? null;
  }

  windowOf(surface: Surface): Toplevel | null {
    const role = this.roleOf(surface);
    return role?.roleName === 'xdg_popup' ? role.toplevel : role;
  }

  /** Bottom to top: each window with its popups above it. */
  roots(): SceneRoot[] {
    const roots: SceneRoot[] = [];
    for (const toplevel of this.#stack) if (!toplevel.minimized) addWithPopups(toplevel, roots);
    return roots;
  }

  /** A window with its popups above it, bottom to top. */
  rootsOf(toplevel: Toplevel): SceneRoot[] {
    const roots: SceneRoot[] = [];
    addWithPopups(toplevel, roots);
    return roots;
  }

  /** Top to bottom, for hit tests. */
  rootsFromTop(): SceneRoot[] {
    return this.roots().reverse();
  }

  /** Puts the window geometry's corner at a global point. */
  move(toplevel: Toplevel, x: number, y: number): void {
    toplevel.placed = true;
    if (toplevel.x === x && toplevel.y === y) return;
    toplevel.x = x;
    toplevel.y = y;
    for (const popup of toplevel.popups) popup.react();
    this.#sceneChanged();
  }

  /** Above all others, with its dialogs above it. */
  raise(toplevel: Toplevel): void {
    if (!this.#stack.includes(toplevel)) return;
    const family = new Set<Toplevel>([toplevel]);
    for (const other of this.#stack) {
      for (let link = other.parent; link; link = link.parent) {
        if (link === toplevel) family.add(other);
      }
    }
    const others = this.#stack.filter((window) => !family.has(window));
    const raised = this.#stack.filter((window) => family.has(window) && window !== toplevel);
    this.#stack.splice(0, this.#stack.length, ...others, toplevel, ...raised);
    this.#sceneChanged();
  }

  /** Raises it and gives it the keyboard; menus of other windows close. Null: nobody has it. */
  activate(toplevel: Toplevel | null): void {
    if (toplevel?.minimized) {
      toplevel.minimized = false;
      this.#tellSuspended(toplevel);
    }
    const menu = this.popupGrab.topmost;
    if (menu && menu.toplevel !== toplevel) this.popupGrab.dismissAll();
    if (toplevel) this.raise(toplevel);
    const before = this.#active;
    if (before !== toplevel) {
      this.#active = toplevel;
      before?.configure({ activated: false });
      toplevel?.configure({ activated: true });
    }
    this.#focusKeyboard();
  }

  /** The topmost window that is shown, if any. */
  activateTopmost(): void {
    if (this.#active?.mapped && !this.#active.minimized) return;
    const shown = this.#stack.filter((toplevel) => !toplevel.minimized);
    this.activate(shown[shown.length - 1] ?? null);
  }

  /** Whether there is a keyboard on us (a host's may be elsewhere). */
  setKeyboardPresent(present: boolean): void {
    this.#keyboardPresent = present;
    this.#focusKeyboard();
  }

  setMaximized(toplevel: Toplevel, wanted: boolean): void {
    this.#cover(toplevel, { maximized: wanted }, null);
  }

  /** `output` null: the one it is on. */
  setFullscreen(toplevel: Toplevel, wanted: boolean, output: Output | null): void {
    this.#cover(toplevel, { fullscreen: wanted }, output);
  }

  minimize(toplevel: Toplevel): void {
    if (!toplevel.mapped || toplevel.minimized) return;
    toplevel.minimized = true;
    this.#tellSuspended(toplevel);
    toplevel.popups.forEach((popup) => popup.dismiss());
    this.activateTopmost();
    this.#sceneChanged();
  }

  /** After outputs changed: covering windows cover anew, windows out of sight come back. */
  keepOnOutputs(): void {
    const outputs = this.#outputs();
    for (const toplevel of this.#stack) this.#tellSuspended(toplevel);
    const fallback = outputs[0];
    if (!fallback) return;
    for (const toplevel of this.#stack) {
      const { maximized, fullscreen } = toplevel.wanted;
      if (maximized || fullscreen) {
        const output = toplevel.output && !toplevel.output.removed ? toplevel.output : null;
        this.#cover(toplevel, {}, output ?? fallback);
      } else if (!outputs.some((output) => output.contains(toplevel.x, toplevel.y))) {
        this.move(toplevel, fallback.x, fallback.y);
      }
    }
  }

  /** Forgets where the last windows went. */
  reset(): void {
    this.popupGrab.dismissAll();
    this.windowManager.reset?.();
  }

  // --- told by toplevels ------------------------------------------------------

  created(role: Toplevel | Popup): void {
    this.#roles.set(role.surface, role);
  }

  destroyed(role: Toplevel | Popup): void {
    if (this.#roles.get(role.surface) === role) this.#roles.delete(role.surface);
  }

  initialCommit(toplevel: Toplevel): void {
    this.windowManager.initialCommit(toplevel);
  }

  mapped(role: Toplevel | Popup): void {
    if (role.roleName === 'xdg_popup') {
      role.parent.popups.push(role);
      if (role.grabbing) this.popupGrab.mapped(role);
    } else {
      this.#stack.push(role);
      this.#tellSuspended(role);
      this.#keepAnchors(role);
      if (role.wanted.maximized || role.wanted.fullscreen) this.#settle(role);
      this.windowManager.mapped(role);
      for (const listener of this.#listeners) listener.mapped?.(role);
    }
    this.#sceneChanged();
  }

  unmapped(role: Toplevel | Popup): void {
    if (role.roleName === 'xdg_popup') {
      remove(role.parent.popups, role);
      this.popupGrab.unmapped(role);
    } else {
      for (const popup of [...role.popups].reverse()) popup.dismiss();
      const { parent } = role;
      for (const other of this.#stack) if (other.parent === role) other.adopt(parent);
      remove(this.#stack, role);
      if (this.#active === role) {
        this.#active = null;
        this.seat.keyboard.setFocus(null);
      }
      this.windowManager.unmapped(role);
      for (const listener of this.#listeners) listener.unmapped?.(role);
    }
    this.#sceneChanged();
  }

  changed(role: Toplevel | Popup): void {
    if (role.roleName === 'xdg_popup') return;
    this.#keepAnchors(role);
    if (role.acknowledged.maximized || role.acknowledged.fullscreen) this.#settle(role);
    for (const popup of role.popups) popup.react();
  }

  titleChanged(toplevel: Toplevel): void {
    for (const listener of this.#listeners) listener.titleChanged?.(toplevel);
  }

  bounds(parent: PopupParent, rules: PositionerRules): Rectangle | null {
    const future = futureParent(parent, rules);
    // A menu stays on the output of its window.
    const window = parent.roleName === 'xdg_popup' ? parent.toplevel.rectangle : future;
    const output = this.#outputUnder(window);
    if (!output) return null;
    const { width, height } = output;
    return { x: output.x - future.x, y: output.y - future.y, width, height };
  }

  /** A press is about to reach `surface`: raises its window. False: a popup grab took the press. */
  pressed(surface: Surface | null): boolean {
    if (!this.popupGrab.pressed(surface)) return false;
    const toplevel = surface && this.windowOf(surface);
    if (toplevel) this.windowManager.pressed(toplevel);
    return true;
  }

  get #keyboard(): Keyboard {
    return this.seat.keyboard;
  }

  #focusKeyboard(): void {
    if (!this.#keyboardPresent) return this.#keyboard.setFocus(null);
    const popup = this.popupGrab.topmost;
    this.#keyboard.setFocus(popup?.surface ?? this.#active?.surface ?? null);
  }

  #tellSuspended(toplevel: Toplevel): void {
    toplevel.configure({ suspended: toplevel.minimized || this.#outputs().length === 0 });
  }

  #cover(
    toplevel: Toplevel,
    change: { maximized?: boolean; fullscreen?: boolean },
    wantedOutput: Output | null,
  ): void {
    const before = toplevel.wanted;
    const state = { maximized: before.maximized, fullscreen: before.fullscreen, ...change };
    const covers = state.maximized || state.fullscreen;
    if (!before.maximized && !before.fullscreen && covers && toplevel.mapped) {
      toplevel.floating = toplevel.rectangle;
    }
    const output = wantedOutput ?? toplevel.output ?? this.outputOf(toplevel) ?? this.activeOutput;
    if (!covers) {
      const { width, height } = toplevel.floating ?? { width: 0, height: 0 };
      toplevel.output = null;
      toplevel.configure({ ...state, tiled: false, width, height }, true);
    } else if (output) {
      toplevel.output = output;
      const { width, height } = output;
      toplevel.configure({ ...state, width, height }, true);
    }
  }

  /** Puts a covering window on its output, or one that covers no more back. */
  #settle(toplevel: Toplevel): void {
    const { output } = toplevel;
    if (!output) return;
    const { x, y } = coveringPlace(output, toplevel.geometry);
    this.move(toplevel, x, y);
  }

  #keepAnchors(toplevel: Toplevel): void {
    const { x, y, width, height } = toplevel.geometry;
    const { maximized, fullscreen, resizing } = toplevel.acknowledged;
    const covers = maximized || fullscreen;
    const { geometryIsSet } = toplevel.shellSurface;
    const before = toplevel.settled;
    const shifted = before !== null && (before.x !== x || before.y !== y);
    const same =
      !shifted && before?.width === width && before.height === height && before.covers === covers;
    if (!same || before.geometryIsSet !== geometryIsSet) {
      toplevel.settled = { x, y, width, height, covers, geometryIsSet };
    }
    if (!before) return;
    // A subsurface beyond the left or top edge makes the window larger there; what was there before stays where it is.
    if (shifted && !geometryIsSet && !before.geometryIsSet) {
      return this.move(toplevel, toplevel.x + x - before.x, toplevel.y + y - before.y);
    }
    if (before.covers && !covers && toplevel.floating) {
      this.move(toplevel, toplevel.floating.x, toplevel.floating.y);
      toplevel.floating = null;
      return;
    }
    const dx = toplevel.anchorRight ? before.width - width : 0;
    const dy = toplevel.anchorBottom ? before.height - height : 0;
    if (dx !== 0 || dy !== 0) this.move(toplevel, toplevel.x + dx, toplevel.y + dy);
    if (!resizing && !toplevel.wanted.resizing) {
      toplevel.anchorRight = false;
      toplevel.anchorBottom = false;
    }
  }
}

function addWithPopups(role: Toplevel | Popup, roots: SceneRoot[]): void {
  const { geometry, surface } = role;
  roots.push({ surface, x: role.x - geometry.x, y: role.y - geometry.y });
  for (const popup of role.popups) addWithPopups(popup, roots);
}

function remove<T>(list: T[], item: T): void {
  const index = list.indexOf(item);
  if (index >= 0) list.splice(index, 1);
}
