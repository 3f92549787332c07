/** libxkbcommon as the addon offers it: keymaps and keyboard state (xkbcommon/xkbcommon.h). Loaded at run time. */

/**
 * Keymaps and states are numbers, valid until destroyed; an unknown one throws RangeError. A state keeps its keymap.
 * `key` is the kernel's code as in wl_keyboard.key (xkb's is 8 more). A keymap that cannot be compiled throws a SystemError
 * with EINVAL; without libxkbcommon.so.0 one of dlopen that names the Debian package.
 */
export interface XkbBinding {
  xkbAvailable(): boolean;
  /** An empty string means the default (`XKB_DEFAULT_*` of the environment, then the library's). */
  xkbKeymapFromNames(
    rules: string,
    model: string,
    layout: string,
    variant: string,
    options: string,
  ): number;
  /** From XKB_KEYMAP_FORMAT_TEXT_V1. */
  xkbKeymapFromText(text: string): number;
  /** As XKB_KEYMAP_FORMAT_TEXT_V1, without the final NUL that wl_keyboard.keymap wants. */
  xkbKeymapText(keymap: number): string;
  xkbKeyRepeats(keymap: number, key: number): boolean;
  /** Idempotent. */
  xkbKeymapDestroy(keymap: number): void;
  xkbStateCreate(keymap: number): number;
  /** What changed: a set of XKB_STATE_*, 0 = nothing. */
  xkbStateUpdateKey(state: number, key: number, pressed: boolean): number;
  /** For the receiving side of wl_keyboard.modifiers. What changed, as above. */
  xkbStateUpdateMask(
    state: number,
    depressed: number,
    latched: number,
    locked: number,
    group: number,
  ): number;
  /** Fills `into[0…4)`: depressed, latched, locked, group, as wl_keyboard.modifiers has them. */
  xkbStateModifiers(state: number, into: Uint32Array): void;
  /** 0 when the key has none or more than one. */
  xkbStateKeysym(state: number, key: number): number;
  /** What the key types; empty when it types nothing. */
  xkbStateText(state: number, key: number): string;
  /** Idempotent. */
  xkbStateDestroy(state: number): void;
  xkbKeysymName(keysym: number): string;
  /** Keymaps and states not destroyed yet. */
  xkbLiveObjects(): number;
}
