/** Descriptors on their way, of all clients together: who holds more than its share of them goes, nobody else. */
import { expect, test } from 'vitest';
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { WlKeyboard } from '../../../protocols/generated/wayland.server.ts';
import type { WlKeyboardResource } from '../../../protocols/generated/wayland.server.ts';
import { DisplayError } from '../../../protocols/server/protocol-error.ts';
import { type RawClient, message, withHarness } from './harness.ts';
import { seatWithKeyboard } from './keyboard-client.ts';

const LIMIT = 20;
const SYNC = 0;

/** A request without descriptors, and so many beside it. */
function sendStrays(raw: RawClient, id: number, count: number): void {
  const bytes = message(1, SYNC, [id]);
  const fds = Array<number>(count).fill(0);
  expect(raw.sendBytes(bytes, fds)).toBe(bytes.length);
}

/** Fills the client's socket with events, until no more is sent. */
function fill(keyboard: WlKeyboardResource): void {
  const { writer } = keyboard.client.connection;
  for (let time = 0; !writer.blocked && time < 100_000; time++)
    WlKeyboard.sendKey(keyboard, time, time, 30, 1);
  expect(writer.blocked).toBe(true);
}

test('what no request takes is counted, and closed with the client', () =>
  withHarness((harness) => {
    const { raw } = harness.raw();
    sendStrays(raw, 2, 7);
    harness.settle();
    expect(harness.display.fdsInFlight.count).toBe(7);
    raw.close();
    harness.settle();
    expect(harness.display.fdsInFlight.count).toBe(0);
  }));

test('a request’s own descriptor is on its way no more once it is dispatched', () =>
  withHarness((harness) => {
    const { raw } = seatWithKeyboard(harness);
    sendStrays(raw, 5, 1);
    harness.settle();
    expect(harness.display.fdsInFlight.count).toBe(1);
    const { raw: other, keyboard } = seatWithKeyboard(harness);
    const file = new OwnedFd(native.memfdCreate('keymap', 1));
    WlKeyboard.sendKeymap(keyboard, 1, file.fd, 1);
    expect(harness.display.fdsInFlight.count).toBe(2);
    file.close();
    harness.settle();
    expect(harness.display.fdsInFlight.count).toBe(1);
    expect(other.read()).toHaveLength(1);
  }));

test('beyond the limit the one above its share is cut, with the reason, and its descriptors closed', () =>
  withHarness(
    (harness) => {
      const { raw: hoarder } = harness.raw();
      const { raw: modest, client } = harness.raw();
      sendStrays(hoarder, 2, 15);
      sendStrays(modest, 2, 8);
      harness.settle();
      expect(harness.display.fdsInFlight.count).toBe(23);
      expect(harness.display.clients.size).toBe(2);
      sendStrays(hoarder, 3, 1);
      harness.settle();
      expect(hoarder.error()).toEqual({
        objectId: 1,
        code: DisplayError.noMemory,
        message: 'too many descriptors that no request takes',
      });
      expect([...harness.display.clients]).toEqual([client]);
      expect(harness.display.fdsInFlight.count).toBe(8);
      modest.send(1, SYNC, [3]);
      harness.settle();
      expect(modest.error()).toBeUndefined();
    },
    { maxFdsInFlight: LIMIT },
  ));

test('one that does not read is cut at the limit of all, others keep what waits for them', () =>
  withHarness(
    (harness) => {
      const hog = seatWithKeyboard(harness);
      const slow = seatWithKeyboard(harness);
      const file = new OwnedFd(native.memfdCreate('keymap', 1));
      for (const { keyboard } of [hog, slow]) fill(keyboard);
      for (let count = 0; count < 5; count++) WlKeyboard.sendKeymap(slow.keyboard, 1, file.fd, 1);
      let sent = 0;
      for (; hog.keyboard.client.alive && sent < 500; sent++)
        WlKeyboard.sendKeymap(hog.keyboard, 1, file.fd, 1);
      // Sixteen fill what is left of the limit, and one passes it.
      expect(sent).toBe(LIMIT - 5 + 2);
      file.close();
      harness.settle();
      expect(hog.keyboard.alive).toBe(false);
      expect(harness.display.fdsInFlight.count).toBe(5);
      for (let turn = 0; turn < 200 && harness.display.fdsInFlight.count > 0; turn++) {
        slow.raw.read();
        harness.settle();
      }
      slow.raw.read();
      expect(slow.raw.receivedFds).toHaveLength(5);
    },
    { maxFdsInFlight: LIMIT },
  ));

test('one that reads gets any number in one turn: they are sent before there are too many', () =>
  withHarness(
    (harness) => {
      const { raw, keyboard } = seatWithKeyboard(harness);
      const file = new OwnedFd(native.memfdCreate('keymap', 1));
      let most = 0;
      for (let count = 0; count < 100; count++) {
        WlKeyboard.sendKeymap(keyboard, 1, file.fd, count);
        most = Math.max(most, harness.display.fdsInFlight.count);
      }
      file.close();
      harness.settle();
      expect(most).toBe(LIMIT + 1);
      expect(raw.read().map(({ words }) => words[1])).toEqual(
        Array.from({ length: 100 }, (_, index) => index),
      );
      expect(raw.receivedFds).toHaveLength(100);
    },
    { maxFdsInFlight: LIMIT },
  ));

test('more in one packet than a client may ever have waiting: cut with the reason', () =>
  withHarness(
    (harness) => {
      const { raw } = harness.raw();
      sendStrays(raw, 2, 33);
      harness.settle();
      expect(raw.error()?.message).toBe('too many descriptors that no request takes');
      expect(harness.display.fdsInFlight.count).toBe(0);
    },
    { limits: { maxPendingFds: 32 } },
  ));
