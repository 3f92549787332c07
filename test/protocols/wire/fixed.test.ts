import { expect, test } from 'vitest';
import { doubleToFixed, fixedToDouble } from '../../../protocols/wire/fixed.ts';

test('every fixed number survives the way to double and back', () => {
  for (const raw of [0, 1, -1, 255, 256, -256, 0x7fff_ffff, -0x8000_0000, 12_345_678, -87_654_321])
    expect(doubleToFixed(fixedToDouble(raw))).toBe(raw);
});

test('doubles go to the nearest fixed number', () => {
  expect(doubleToFixed(1.5)).toBe(384);
  expect(doubleToFixed(-0.25)).toBe(-64);
  expect(doubleToFixed(1 / 512 - 1e-9)).toBe(0);
  expect(doubleToFixed(1 / 512 + 1e-9)).toBe(1);
});

test('what does not fit saturates, and NaN is 0', () => {
  expect(doubleToFixed(1e12)).toBe(0x7fff_ffff);
  expect(doubleToFixed(-1e12)).toBe(-0x8000_0000);
  expect(doubleToFixed(Infinity)).toBe(0x7fff_ffff);
  expect(doubleToFixed(-Infinity)).toBe(-0x8000_0000);
  expect(doubleToFixed(NaN)).toBe(0);
});
