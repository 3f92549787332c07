/** Keymaps: compiled by xkbcommon, or handed on from a host compositor. */
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';

/** wl_keyboard.modifiers' four numbers. */
export interface Modifiers {
  readonly depressed: number;
  readonly latched: number;
  readonly locked: number;
  readonly group: number;
}

/** Follows which modifiers are active as keys go down and up. */
export interface KeyState {
  /** `key` is a code of linux/input-event-codes.h. */
  key(key: number, pressed: boolean): Modifiers;
  dispose(): void;
}

/** What wl_keyboard.keymap tells. Owns its descriptor. */
export interface Keymap {
  /** Borrowed: a sealed memfd, opened read-only, so that private and shared mappings both work. */
  readonly fd: number;
  /** With the final NUL. */
  readonly sizeBytes: number;
  /** Null: somebody else tells the modifiers (a host). */
  createState(): KeyState | null;
  dispose(): void;
}

/** Names as xkbcommon takes them; empty strings mean the system's defaults. */
export interface KeymapNames {
  readonly rules?: string;
  readonly model?: string;
  readonly layout?: string;
  readonly variant?: string;
  readonly options?: string;
}

const MFD_CLOEXEC_ALLOW_SEALING = 3;
const O_RDONLY_CLOEXEC = 0o2000000;
/** F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE */
const ALL_SEALS = 15;

/** Why keymaps cannot be compiled here, or null. Without one the seat offers no keyboard. */
export function keymapsUnavailable(): string | null {
  if (native.xkbAvailable()) return null;
  return 'libxkbcommon.so.0 is not installed (Debian: apt install libxkbcommon0 xkb-data)';
}

/** Throws when the names do not make a keymap. */
export function compileKeymap(names: KeymapNames = {}): Keymap {
  const keymap = native.xkbKeymapFromNames(
    names.rules ?? '',
    names.model ?? '',
    names.layout ?? '',
    names.variant ?? '',
    names.options ?? '',
  );
  try {
    const text = Buffer.from(`${native.xkbKeymapText(keymap)}\0`);
    const file = readOnlyFile('syncline-keymap', text);
    return {
      get fd() {
        return file.fd;
      },
      sizeBytes: text.length,
      createState: () => new XkbState(keymap),
      dispose: () => {
        if (file.closed) return;
        file.close();
        native.xkbKeymapDestroy(keymap);
      },
    };
  } catch (error) {
    native.xkbKeymapDestroy(keymap);
    throw error;
  }
}

/** Hands on a host's keymap: its modifiers come from the host too. Takes the fd. */
export function passedKeymap(fd: OwnedFd, sizeBytes: number): Keymap {
  return {
    get fd() {
      return fd.fd;
    },
    sizeBytes,
    createState: () => null,
    dispose: () => fd.close(),
  };
}

class XkbState implements KeyState {
  readonly #state: number;
  readonly #numbers = new Uint32Array(4);
  #live = true;

  constructor(keymap: number) {
    this.#state = native.xkbStateCreate(keymap);
  }

  key(key: number, pressed: boolean): Modifiers {
    native.xkbStateUpdateKey(this.#state, key, pressed);
    native.xkbStateModifiers(this.#state, this.#numbers);
    const [depressed = 0, latched = 0, locked = 0, group = 0] = this.#numbers;
    return { depressed, latched, locked, group };
  }

  dispose(): void {
    if (!this.#live) return;
    this.#live = false;
    native.xkbStateDestroy(this.#state);
  }
}

/** Clients share one file, so none may write it; a read-only descriptor also lets old clients map it shared. */
function readOnlyFile(name: string, content: Uint8Array): OwnedFd {
  using memory = new OwnedFd(native.memfdCreate(name, MFD_CLOEXEC_ALLOW_SEALING));
  native.ftruncate(memory.fd, content.length);
  native.pwrite(memory.fd, content, 0);
  native.addSeals(memory.fd, ALL_SEALS);
  return new OwnedFd(native.open(`/proc/self/fd/${memory.fd}`, O_RDONLY_CLOEXEC, 0));
}
