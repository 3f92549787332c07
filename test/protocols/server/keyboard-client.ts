/** A raw client with a wl_keyboard: events of any number and size, with and without descriptors. */
import { WlSeat } from '../../../protocols/generated/wayland.server.ts';
import type { WlKeyboardResource } from '../../../protocols/generated/wayland.server.ts';
import type { Harness, RawClient } from './harness.ts';

const DISPLAY = 1;
const REGISTRY = 2;

/** Makes a wl_seat of its own for each call. */
export function seatWithKeyboard(harness: Harness): {
  raw: RawClient;
  keyboard: WlKeyboardResource;
} {
  let keyboard: WlKeyboardResource | undefined;
  harness.display.createGlobal(WlSeat, 7, (seat) => {
    seat.handler = {
      getPointer: () => undefined,
      getKeyboard: (_seat, made) => void (keyboard = made),
      getTouch: () => undefined,
      release: () => undefined,
    };
  });
  const { raw } = harness.raw();
  raw.send(DISPLAY, 1, [REGISTRY]);
  harness.settle();
  const newest = raw.read().findLast(({ id, opcode }) => id === REGISTRY && opcode === 0);
  raw.send(REGISTRY, 0, [newest!.words[0]!, 'wl_seat', 7, 3]);
  raw.send(3, 1, [4]);
  harness.settle();
  raw.read();
  raw.received.length = 0;
  return { raw, keyboard: keyboard! };
}
