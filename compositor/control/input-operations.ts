/** Control operations that are input: devices are numbers the asker chooses; all belong to the one seat. */
import type { AxisEvent } from '../seat/axis.ts';
import { compileKeymap, type KeymapNames } from '../seat/keymap.ts';
import type { Seat } from '../seat/seat.ts';
import type { Operation } from './operation.ts';
import { field, type Fields } from './fields.ts';

/** Touch points are told apart by device and slot; wl_touch has one number. */
const SLOTS_PER_DEVICE = 256;

export function inputOperations(seat: Seat): Record<string, Operation> {
  const pointers = new Set<number>();
  const touches = new Map<number, Set<number>>();
  const { pointer, keyboard, touch } = seat;

  const device = (fields: Fields, live: { has(device: number): boolean }, kind: string): number => {
    if (fields['device'] === undefined) return 0;
    const number = field.whole(fields, 'device');
    if (!live.has(number)) throw new Error(`no ${kind} device ${number}: create it first`);
    return number;
  };
  const touchPoint = (fields: Fields): number => {
    const number = device(fields, touches, 'touch');
    const slot = field.optionalNumber(fields, 'slot') ?? 0;
    return number * SLOTS_PER_DEVICE + slot;
  };

  return {
    pointer_create: (fields) => {
      pointers.add(field.whole(fields, 'device'));
    },
    pointer_destroy: (fields) => {
      pointers.delete(device(fields, pointers, 'pointer'));
    },
    pointer_move_absolute: (fields) => {
      device(fields, pointers, 'pointer');
      pointer.moveTo(field.number(fields, 'x'), field.number(fields, 'y'));
    },
    pointer_move_relative: (fields) => {
      device(fields, pointers, 'pointer');
      pointer.moveBy(field.number(fields, 'dx'), field.number(fields, 'dy'));
    },
    pointer_button: (fields) => {
      device(fields, pointers, 'pointer');
      pointer.button(field.whole(fields, 'button'), field.flag(fields, 'pressed'));
    },
    pointer_axis: (fields) => {
      device(fields, pointers, 'pointer');
      pointer.axis(axisEvents(fields));
    },
    touch_create: (fields) => {
      touches.set(field.whole(fields, 'device'), new Set());
    },
    touch_destroy: (fields) => {
      const number = device(fields, touches, 'touch');
      for (const point of touches.get(number) ?? []) touch.up(point);
      touches.delete(number);
    },
    touch_down: (fields) => {
      const point = touchPoint(fields);
      touches.get(Math.floor(point / SLOTS_PER_DEVICE))?.add(point);
      touch.down(point, field.number(fields, 'x'), field.number(fields, 'y'));
    },
    touch_move: (fields) =>
      touch.move(touchPoint(fields), field.number(fields, 'x'), field.number(fields, 'y')),
    touch_up: (fields) => {
      const point = touchPoint(fields);
      touches.get(Math.floor(point / SLOTS_PER_DEVICE))?.delete(point);
      touch.up(point);
    },
    keyboard_key: (fields) => {
      keyboard.key(field.whole(fields, 'key'), field.flag(fields, 'pressed'));
    },
    keyboard_layout: (fields) => keyboard.setKeymap(compileKeymap(keymapNames(fields))),
  };
}

/** What xkbcommon knows; what is left out is the system's default. */
function keymapNames(fields: Fields): KeymapNames {
  const text = (name: string): string => field.optionalText(fields, name) ?? '';
  return {
    rules: text('rules'),
    model: text('model'),
    layout: text('layout'),
    variant: text('variant'),
    options: text('options'),
  };
}

/** `axis` "vertical" or "horizontal"; `value` in pixels, or `value120` in 1/120 detents of a wheel (15 pixels each). */
function axisEvents(fields: Fields): AxisEvent[] {
  const name = field.optionalText(fields, 'axis') ?? 'vertical';
  if (name !== 'vertical' && name !== 'horizontal') {
    throw new Error('"axis" must be "vertical" or "horizontal"');
  }
  const axis = name === 'vertical' ? 0 : 1;
  const value120 = field.optionalNumber(fields, 'value120');
  if (value120 !== undefined) {
    return [{ axis, value: (value120 / 120) * PIXELS_PER_DETENT, value120, source: 0 }];
  }
  const value = field.number(fields, 'value');
  return [value === 0 ? { axis, value, source: 1, stop: true } : { axis, value, source: 1 }];
}

const PIXELS_PER_DETENT = 15;
