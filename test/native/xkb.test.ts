import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { native } from '../../native/binding.ts';
import { failure } from './support.ts';

const KEY_Q = 16;
const KEY_Y = 21;
const KEY_LEFTSHIFT = 42;
const KEY_CAPSLOCK = 58;
const SHIFT = 1;
const LOCK = 2;

describe.skipIf(!native.xkbAvailable())(
  'xkbcommon (skipped where libxkbcommon.so.0 is missing)',
  () => {
    let keymap = 0;
    let state = 0;

    beforeEach(() => {
      keymap = native.xkbKeymapFromNames('', '', 'us,de', '', 'grp:alt_shift_toggle');
      state = native.xkbStateCreate(keymap);
    });
    afterEach(() => {
      native.xkbStateDestroy(state);
      native.xkbStateDestroy(state);
      native.xkbKeymapDestroy(keymap);
      native.xkbKeymapDestroy(keymap);
    });

    function modifiers(): number[] {
      const into = new Uint32Array(5).fill(99);
      native.xkbStateModifiers(state, into);
      expect(into[4]).toBe(99);
      return [...into.subarray(0, 4)];
    }

    test('keys type what the layout says', () => {
      expect(native.xkbStateText(state, KEY_Q)).toBe('q');
      expect(native.xkbKeysymName(native.xkbStateKeysym(state, KEY_Q))).toBe('q');
      expect(native.xkbStateText(state, KEY_LEFTSHIFT)).toBe('');
    });

    test('a held modifier is depressed, a lock stays', () => {
      expect(native.xkbStateUpdateKey(state, KEY_LEFTSHIFT, true)).not.toBe(0);
      expect(modifiers()).toEqual([SHIFT, 0, 0, 0]);
      expect(native.xkbStateText(state, KEY_Q)).toBe('Q');
      native.xkbStateUpdateKey(state, KEY_LEFTSHIFT, false);
      native.xkbStateUpdateKey(state, KEY_CAPSLOCK, true);
      native.xkbStateUpdateKey(state, KEY_CAPSLOCK, false);
      expect(modifiers()).toEqual([0, 0, LOCK, 0]);
      expect(native.xkbStateUpdateKey(state, KEY_Q, true)).toBe(0);
    });

    test('a state follows the modifiers another one has serialised', () => {
      native.xkbStateUpdateMask(state, SHIFT, 0, 0, 1);
      expect(modifiers()).toEqual([SHIFT, 0, 0, 1]);
      expect(native.xkbStateText(state, KEY_Y)).toBe('Z');
    });

    test('letters repeat, modifiers do not', () => {
      expect(native.xkbKeyRepeats(keymap, KEY_Q)).toBe(true);
      expect(native.xkbKeyRepeats(keymap, KEY_LEFTSHIFT)).toBe(false);
      expect(native.xkbKeyRepeats(keymap, 60_000)).toBe(false);
    });

    test('a keymap goes through its text and comes out the same', () => {
      const text = native.xkbKeymapText(keymap);
      expect(text).toMatch(/^xkb_keymap \{/);
      const again = native.xkbKeymapFromText(text);
      expect(native.xkbKeymapText(again)).toBe(text);
      native.xkbKeymapDestroy(again);
    });

    test('a state outlives its keymap', () => {
      native.xkbKeymapDestroy(keymap);
      expect(native.xkbStateText(state, KEY_Q)).toBe('q');
      expect(() => native.xkbKeymapText(keymap)).toThrow(RangeError);
    });

    test('what cannot be compiled says so', () => {
      const error = failure(() => native.xkbKeymapFromNames('', '', 'no-such-layout', '', ''));
      expect(error).toMatchObject({ code: 'EINVAL', syscall: 'xkb_keymap_new_from_names' });
      expect(error.message).toContain('"no-such-layout"');
      expect(failure(() => native.xkbKeymapFromText('nonsense')).code).toBe('EINVAL');
      expect(() => native.xkbStateUpdateKey(state, 2 ** 32 - 1, true)).toThrow(RangeError);
    });
  },
);
