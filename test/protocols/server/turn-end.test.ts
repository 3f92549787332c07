/** What a display's listeners do at the end of a turn. */
import { expect, test } from 'vitest';
import { WlKeyboard } from '../../../protocols/generated/wayland.server.ts';
import { withHarness } from './harness.ts';
import { seatWithKeyboard } from './keyboard-client.ts';

const SYNC = 0;

test('they are told once a turn, before its events are sent', () =>
  withHarness((harness) => {
    const { raw, keyboard } = seatWithKeyboard(harness);
    let told = 0;
    harness.display.onTurnEnd(() => WlKeyboard.sendKey(keyboard, 1, ++told, 30, 1));
    for (const id of [5, 6, 7]) raw.send(1, SYNC, [id]);
    harness.poller.dispatch(0);
    // Three answers of two events each, and what the listener sent.
    expect(raw.read()).toHaveLength(7);
    expect(told).toBe(1);
  }));

test('also of a turn that frees a client; and one that fails keeps nobody from being told', () =>
  withHarness((harness) => {
    const { raw } = harness.raw();
    const clients: number[] = [];
    harness.display.onTurnEnd(() => {
      throw new Error('of a listener');
    });
    const stop = harness.display.onTurnEnd(() => clients.push(harness.display.clients.size));
    raw.close();
    harness.settle();
    expect(clients.at(-1)).toBe(0);
    expect(harness.logged.some(({ text }) => text.startsWith('at the end of a turn'))).toBe(true);
    stop();
    const before = clients.length;
    harness.settle();
    expect(clients).toHaveLength(before);
  }));

test('outside a turn one can be asked for', async () =>
  withHarness(async (harness) => {
    let told = 0;
    harness.display.onTurnEnd(() => told++);
    harness.display.endTurnSoon();
    harness.display.endTurnSoon();
    expect(told).toBe(0);
    await Promise.resolve();
    expect(told).toBe(1);
  }));
