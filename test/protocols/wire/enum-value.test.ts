import { expect, test } from 'vitest';
import { WlOutputTransform } from '../../../protocols/generated/wayland.interfaces.ts';
import { isValueOf } from '../../../protocols/wire/enum-value.ts';

test('values of the enum are told from others, signed or not', () => {
  expect([0, 7, 8, -1, 1.5].map((value) => isValueOf(WlOutputTransform, value))).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
  const odd = { highest: 0xffff_ffff, negative: -2 } as const;
  expect(isValueOf(odd, -1)).toBe(true);
  expect(isValueOf(odd, 0xffff_fffe)).toBe(true);
});
