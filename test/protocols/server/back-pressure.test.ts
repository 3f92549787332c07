/** What happens when a client reads slowly or not at all, and what the socket takes at once. */
import { expect, test } from 'vitest';
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { WlKeyboard } from '../../../protocols/generated/wayland.server.ts';
import { seatWithKeyboard } from './keyboard-client.ts';
import { withHarness } from './harness.ts';

test('events wait for a client that does not read, and all come in order', () =>
  withHarness((harness) => {
    const { raw, keyboard } = seatWithKeyboard(harness);
    const count = 40_000;
    for (let index = 0; index < count; index++) WlKeyboard.sendKey(keyboard, index, 0, 30, 1);
    harness.settle();
    expect(keyboard.client.connection.writer.blocked).toBe(true);
    expect(keyboard.client.connection.writer.queuedBytes).toBeGreaterThan(500_000);
    for (let turn = 0; turn < 200 && raw.received.length < count; turn++) {
      raw.read();
      harness.settle();
    }
    expect(raw.received.map(({ words }) => words[0])).toEqual(
      Array.from({ length: count }, (_, index) => index),
    );
    expect(keyboard.client.connection.writer.queuedBytes).toBe(0);
    expect(keyboard.client.connection.writer.blocked).toBe(false);
    expect(raw.closed).toBe(false);
  }));

test('a client that never reads is cut at the limit, others are not disturbed', () =>
  withHarness(
    (harness) => {
      const { raw, keyboard } = seatWithKeyboard(harness);
      const bystander = harness.client();
      let sent = 0;
      while (keyboard.client.alive && sent < 1_000_000)
        WlKeyboard.sendKey(keyboard, sent++, 0, 30, 1);
      expect(sent).toBeLessThan(60_000);
      WlKeyboard.sendKey(keyboard, 0, 0, 30, 1);
      harness.settle();
      expect(harness.display.clients.size).toBe(1);
      expect(keyboard.alive).toBe(false);
      let answered = false;
      bystander.sync(() => (answered = true));
      harness.settle();
      expect(answered).toBe(true);
      raw.read();
      expect(raw.closed).toBe(true);
    },
    { limits: { maxQueuedBytes: 256 * 1024 } },
  ));

test('descriptors for a client that never reads are bounded too', () =>
  withHarness(
    (harness) => {
      const { keyboard } = seatWithKeyboard(harness);
      const memory = new OwnedFd(native.memfdCreate('keymap', 1));
      let sent = 0;
      for (; keyboard.client.alive && sent < 5_000; sent++)
        WlKeyboard.sendKeymap(keyboard, 1, memory.fd, 1);
      memory.close();
      harness.settle();
      expect(sent).toBeLessThan(5_000);
      expect(harness.display.clients.size).toBe(0);
    },
    { limits: { maxQueuedFds: 64 } },
  ));

test('a hundred descriptors in one turn arrive in order, at most 28 a packet', () =>
  withHarness((harness) => {
    const { raw, keyboard } = seatWithKeyboard(harness);
    const made = Array.from({ length: 100 }, (_, index) => {
      const fd = new OwnedFd(native.memfdCreate('keymap', 1));
      native.ftruncate(fd.fd, index + 1);
      return fd;
    });
    made.forEach((fd, index) => WlKeyboard.sendKeymap(keyboard, 1, fd.fd, index + 1));
    for (const fd of made) fd.close();
    harness.settle();
    raw.read();
    expect(raw.received.map(({ words }) => words[1])).toEqual(made.map((_, index) => index + 1));
    expect(raw.receivedFds.map((fd) => native.fstat(fd.fd).sizeBytes)).toEqual(
      made.map((_, index) => index + 1),
    );
  }));

test('a message too long for any client is an error of the caller, and nothing is sent', () =>
  withHarness((harness) => {
    const { raw, keyboard } = seatWithKeyboard(harness);
    expect(() =>
      WlKeyboard.sendEnter(keyboard, 1, keyboard as never, new Uint8Array(4096)),
    ).toThrow(RangeError);
    WlKeyboard.sendKey(keyboard, 7, 0, 1, 1);
    harness.settle();
    expect(raw.read().map(({ opcode, words }) => [opcode, words[0]])).toEqual([[3, 7]]);
  }));
