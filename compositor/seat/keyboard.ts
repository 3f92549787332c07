/** wl_keyboard's side of the seat: focus, pressed keys, modifiers, repeat. */
import { WlKeyboard } from '../../protocols/generated/wayland.server.ts';
import type { WlKeyboardResource } from '../../protocols/generated/wayland.server.ts';
import { WlKeyboardKeymapFormat } from '../../protocols/generated/wayland.interfaces.ts';
import type { Surface } from '../surface/surface.ts';
import { ClientResources } from './client-resources.ts';
import type { Keymap, KeyState, Modifiers } from './keymap.ts';
import type { SeatContext } from './seat-context.ts';

/** Sees each key before the clients; true = it was a shortcut, nobody is told. */
export type KeyFilter = (key: number, pressed: boolean, modifiers: Modifiers) => boolean;
export type KeyboardFocusListener = (focus: Surface | null, previous: Surface | null) => void;

const REPEAT_SINCE = 4;
/** Keys a second, and milliseconds before the first repetition. */
const DEFAULT_REPEAT = { rate: 25, delayMs: 600 };
const NO_MODIFIERS: Modifiers = { depressed: 0, latched: 0, locked: 0, group: 0 };

export class Keyboard {
  readonly resources: ClientResources<WlKeyboardResource> = new ClientResources();
  readonly #seat: SeatContext;
  readonly #pressed = new Set<number>();
  readonly #swallowed = new Set<number>();
  readonly #focusListeners = new Set<KeyboardFocusListener>();
  #keymap: Keymap | null;
  #state: KeyState | null;
  #modifiers = NO_MODIFIERS;
  #focus: Surface | null = null;
  #unlistenFocus: (() => void) | undefined;
  #enterSerial = 0;
  #repeat = DEFAULT_REPEAT;
  #filter: KeyFilter | undefined;

  /** Takes the keymap. Null: there is no keyboard until {@link setKeymap}. */
  constructor(seat: SeatContext, keymap: Keymap | null) {
    this.#seat = seat;
    this.#keymap = keymap;
    this.#state = keymap?.createState() ?? null;
  }

  get focus(): Surface | null {
    return this.#focus;
  }

  /** Serial of the last enter. */
  get enterSerial(): number {
    return this.#enterSerial;
  }

  get present(): boolean {
    return this.#keymap !== null;
  }

  set keyFilter(filter: KeyFilter | undefined) {
    this.#filter = filter;
  }

  onFocus(listener: KeyboardFocusListener): () => void {
    this.#focusListeners.add(listener);
    return () => this.#focusListeners.delete(listener);
  }

  /** Replaces the keymap (takes it) and tells everybody. Keys that are down stay down, locks of the old keymap are gone. */
  setKeymap(keymap: Keymap): void {
    this.#state?.dispose();
    this.#keymap?.dispose();
    this.#keymap = keymap;
    this.#state = keymap.createState();
    for (const resource of this.resources.all()) this.#sendKeymap(resource);
    if (!this.#state) return;
    let modifiers = NO_MODIFIERS;
    for (const key of this.#pressed) modifiers = this.#state.key(key, true);
    if (!sameModifiers(this.#modifiers, modifiers)) this.setModifiers(modifiers);
  }

  setRepeat(rate: number, delayMs: number): void {
    this.#repeat = { rate, delayMs };
    for (const resource of this.resources.all()) this.#sendRepeat(resource);
  }

  /** A key went down or up; `key` is a code of linux/input-event-codes.h. Repeated states are ignored. */
  key(key: number, pressed: boolean, timeMs: number = this.#seat.nowMs()): void {
    this.#seat.noteActivity();
    if (pressed === this.#pressed.has(key)) return;
    if (pressed) this.#pressed.add(key);
    else this.#pressed.delete(key);
    const before = this.#modifiers;
    const after = this.#state?.key(key, pressed) ?? before;
    const wasSwallowed = !pressed && this.#swallowed.delete(key);
    if (wasSwallowed || this.#filter?.(key, pressed, after)) {
      if (pressed) this.#swallowed.add(key);
    } else {
      this.#sendKey(timeMs, key, pressed);
    }
    if (!sameModifiers(before, after)) this.setModifiers(after);
  }

  /** Told by a host, or by the keymap's state. */
  setModifiers(modifiers: Modifiers): void {
    this.#modifiers = modifiers;
    const focus = this.#focus;
    if (!focus) return;
    const serial = this.#seat.nextSerial();
    for (const resource of this.resources.of(focus.client)) {
      this.#sendModifiers(resource, serial);
    }
  }

  /** Gives the keyboard to a surface or nobody. */
  setFocus(surface: Surface | null): void {
    const previous = this.#focus;
    if (previous === surface) return;
    this.#unlistenFocus?.();
    this.#unlistenFocus = undefined;
    this.#focus = surface;
    if (previous?.resource) {
      const serial = this.#seat.nextSerial();
      for (const resource of this.resources.of(previous.client)) {
        WlKeyboard.sendLeave(resource, serial, previous.resource);
      }
    }
    for (const listener of this.#focusListeners) listener(surface, previous);
    if (surface?.resource) {
      this.#enterSerial = this.#seat.nextSerial();
      this.#seat.rememberEnter(this.#enterSerial, surface.client);
      this.#unlistenFocus = surface.onDestroyed(() => {
        if (this.#focus === surface) this.setFocus(null);
      });
      for (const resource of this.resources.of(surface.client)) this.#sendEnter(resource, surface);
    }
  }

  /** A new wl_keyboard: keymap, repeat and, when its client has the focus, enter. */
  welcome(resource: WlKeyboardResource): void {
    this.#sendKeymap(resource);
    this.#sendRepeat(resource);
    const focus = this.#focus;
    if (focus && focus.client === resource.client) this.#sendEnter(resource, focus);
  }

  /** The keys that are down, without telling anybody: a host's keyboard came into our window. */
  setPressed(keys: Iterable<number>): void {
    this.#pressed.clear();
    for (const key of keys) this.#pressed.add(key);
  }

  /** Every key up without telling anybody: the host's keyboard left our window. */
  releaseAll(): void {
    for (const key of this.#pressed) this.#state?.key(key, false);
    this.#pressed.clear();
    this.#swallowed.clear();
  }

  dispose(): void {
    this.#unlistenFocus?.();
    this.#state?.dispose();
    this.#keymap?.dispose();
    this.#state = null;
    this.#keymap = null;
  }

  #sendKey(timeMs: number, key: number, pressed: boolean): void {
    const focus = this.#focus;
    if (!focus) return;
    const serial = this.#seat.nextSerial();
    this.#seat.rememberAction(serial, focus);
    for (const resource of this.resources.of(focus.client)) {
      WlKeyboard.sendKey(resource, serial, timeMs, key, pressed ? 1 : 0);
    }
  }

  #sendEnter(resource: WlKeyboardResource, surface: Surface): void {
    if (!surface.resource) return;
    const keys = Uint32Array.from(this.#pressed);
    const bytes = new Uint8Array(keys.buffer, 0, keys.byteLength);
    WlKeyboard.sendEnter(resource, this.#enterSerial, surface.resource, bytes);
    this.#sendModifiers(resource, this.#enterSerial);
  }

  #sendModifiers(resource: WlKeyboardResource, serial: number): void {
    const { depressed, latched, locked, group } = this.#modifiers;
    WlKeyboard.sendModifiers(resource, serial, depressed, latched, locked, group);
  }

  #sendKeymap(resource: WlKeyboardResource): void {
    const keymap = this.#keymap;
    if (!keymap) return;
    WlKeyboard.sendKeymap(resource, WlKeyboardKeymapFormat.xkbV1, keymap.fd, keymap.sizeBytes);
  }

  #sendRepeat(resource: WlKeyboardResource): void {
    if (resource.version < REPEAT_SINCE) return;
    WlKeyboard.sendRepeatInfo(resource, this.#repeat.rate, this.#repeat.delayMs);
  }
}

function sameModifiers(a: Modifiers, b: Modifiers): boolean {
  return (
    a.depressed === b.depressed &&
    a.latched === b.latched &&
    a.locked === b.locked &&
    a.group === b.group
  );
}
