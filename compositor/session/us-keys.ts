/** Which keys write a text on a US keyboard (linux/input-event-codes.h). */

/** A key, and whether shift is held. */
export interface Stroke {
  readonly key: number;
  readonly shift: boolean;
}

const KEY_SPACE = 57;
const KEY_TAB = 15;
const KEY_ENTER = 28;

/** Rows of keys: first code, unshifted, shifted. */
const ROWS: readonly (readonly [first: number, plain: string, shifted: string])[] = [
  [2, '1234567890-=', '!@#$%^&*()_+'],
  [16, 'qwertyuiop[]', 'QWERTYUIOP{}'],
  [30, "asdfghjkl;'`", 'ASDFGHJKL:"~'],
  [43, '\\zxcvbnm,./', '|ZXCVBNM<>?'],
];

const STROKES: ReadonlyMap<string, Stroke> = new Map<string, Stroke>([
  [' ', { key: KEY_SPACE, shift: false }],
  ['\t', { key: KEY_TAB, shift: false }],
  ['\n', { key: KEY_ENTER, shift: false }],
  ...ROWS.flatMap(([first, plain, shifted]) => [
    ...Array.from(plain, (letter, at) => stroke(letter, first + at, false)),
    ...Array.from(shifted, (letter, at) => stroke(letter, first + at, true)),
  ]),
]);

/** Keys one presses by name. */
const NAMED: Readonly<Record<string, number>> = {
  escape: 1,
  backspace: 14,
  tab: KEY_TAB,
  enter: KEY_ENTER,
  ctrl: 29,
  shift: 42,
  alt: 56,
  space: KEY_SPACE,
  capslock: 58,
  home: 102,
  up: 103,
  pageup: 104,
  left: 105,
  right: 106,
  end: 107,
  down: 108,
  pagedown: 109,
  insert: 110,
  delete: 111,
  super: 125,
  ...Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`f${index + 1}`, 59 + index])),
  f11: 87,
  f12: 88,
};

export const KEY_SHIFT = 42;

/** Throws a RangeError that names a character no key writes. */
export function strokesOf(text: string): Stroke[] {
  return Array.from(text, (letter) => {
    const found = STROKES.get(letter);
    if (found) return found;
    throw new RangeError(`no key of a US keyboard writes ${JSON.stringify(letter)}`);
  });
}

/** "ctrl+shift+t": the keys to hold, in order. Throws a RangeError for an unknown name. */
export function chordOf(chord: string): number[] {
  return chord.split('+').map((name) => {
    const key = NAMED[name.toLowerCase()] ?? STROKES.get(name.toLowerCase())?.key;
    if (key !== undefined) return key;
    throw new RangeError(`no key is called ${JSON.stringify(name)}`);
  });
}

function stroke(letter: string, key: number, shift: boolean): [string, Stroke] {
  return [letter, { key, shift }];
}
