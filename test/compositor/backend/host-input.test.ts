/** What the host's seat and outputs say reaches the clients of a nested compositor. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { readSync } from 'node:fs';
import { createSeatGlobal } from '../../../compositor/handlers/seat.ts';
import { compileKeymap } from '../../../compositor/seat/keymap.ts';
import { Display } from '../../../protocols/server/display.ts';
import type { Global } from '../../../protocols/server/global.ts';
import { type NestedClient, type NestedFixture, withNested } from '../../support/nested-fixture.ts';

const KEY_Y = 21;
const KEY_LEFT_SHIFT = 42;

interface Scene {
  readonly fixture: NestedFixture;
  readonly client: NestedClient;
  /** Id of the window's surface, and where that is in the host. */
  readonly surface: number;
  readonly x: number;
  readonly y: number;
}

async function withWindow(body: (scene: Scene) => void): Promise<void> {
  await withNested({ mode: 'composited' }, (fixture) => {
    const client = fixture.connect();
    client.bindSeat({ keyboard: fixture.inner.seat.keyboard.present });
    const window = client.window(100, 80, 0xff0000);
    const { x = 0, y = 0 } = fixture.inner.shell.windows[0]?.rectangle ?? {};
    fixture.host.seat.pointer.moveTo(x + 10, y + 10);
    fixture.settle();
    client.take();
    body({ fixture, client, surface: window.surface.id, x, y });
  });
}

test('its keymap, repeat and modifiers are those of the client', async () => {
  await withWindow(({ fixture, client }) => {
    const { keyboard } = fixture.host.seat;
    let text = '';
    client.keyboard.handler = {
      ...client.keyboard.handler,
      keymap: (_, __, fd, sizeBytes) => {
        text = textOf(fd.fd, sizeBytes);
        fd.close();
      },
    };
    const german = compileKeymap({ layout: 'de' });
    const wanted = textOf(german.fd, german.sizeBytes);
    keyboard.setKeymap(german);
    keyboard.setRepeat(11, 222);
    keyboard.key(KEY_LEFT_SHIFT, true);
    keyboard.key(KEY_Y, true);
    keyboard.key(KEY_Y, false);
    keyboard.key(KEY_LEFT_SHIFT, false);
    fixture.settle();
    expect(text === wanted).toBe(true);
    expect(client.take()).toEqual([
      'repeat 11 222',
      `key ${KEY_LEFT_SHIFT} 1`,
      'modifiers 1 0 0 0',
      `key ${KEY_Y} 1`,
      `key ${KEY_Y} 0`,
      `key ${KEY_LEFT_SHIFT} 0`,
      'modifiers 0 0 0 0',
    ]);
  });
});

test('a wheel turns in whole detents and in parts of them, a finger lifts', async () => {
  await withWindow(({ fixture, client }) => {
    const { pointer } = fixture.host.seat;
    pointer.axis([{ axis: 0, value: 15, value120: 120, source: 0 }]);
    pointer.axis([{ axis: 1, value: -5, value120: -40, source: 0 }]);
    pointer.axis([{ axis: 0, value: 3, source: 1 }]);
    pointer.axis([{ axis: 0, value: 0, source: 1, stop: true }]);
    fixture.settle();
    expect(client.take()).toEqual([
      ...['source 0', 'value120 0 120', 'axis 0 15'],
      ...['source 0', 'value120 1 -40', 'axis 1 -5'],
      ...['source 1', 'axis 0 3'],
      ...['source 1', 'stop 0'],
    ]);
  });
});

test('touch points go where they are put', async () => {
  await withWindow(({ fixture, client, surface, x, y }) => {
    const { touch } = fixture.host.seat;
    touch.down(0, x + 5, y + 6);
    touch.down(1, x + 50, y + 60);
    touch.move(1, x + 51, y + 62);
    touch.up(0);
    touch.cancel();
    fixture.settle();
    expect(client.take()).toEqual([
      `down ${surface} 0 5,6`,
      `down ${surface} 1 50,60`,
      'touch 1 51,62',
      'up 0',
      'cancel',
    ]);
  });
});

test('a scale that its output has from now on is that of ours', async () => {
  await withWindow(({ fixture }) => {
    const description = () => fixture.inner.outputs[0]?.description;
    expect(description()).toMatchObject({ scale: 1, width: 320, height: 240 });
    fixture.host.outputs[0]?.change({ scale: 2 });
    fixture.frames();
    expect(description()).toMatchObject({ scale: 2, width: 640, height: 480 });
  });
});

test('a rate that its output has from now on is that of ours, and so is that of the output its window comes to', async () => {
  await withWindow(({ fixture }) => {
    const { host, inner } = fixture;
    const rate = () => inner.outputs[0]?.refreshMhz;
    expect(rate()).toBe(60_000);
    host.outputs[0]?.change({ refreshMhz: 75_000 });
    fixture.frames();
    expect(rate()).toBe(75_000);
    const description = host.outputs[0]!.description;
    host.desktop.addOutput({ ...description, name: 'fast', x: 1000, refreshMhz: 144_000 });
    fixture.frames();
    expect(rate()).toBe(75_000);
    host.shell.move(host.shell.windows[0]!, 1000, 0);
    fixture.frames();
    expect(rate()).toBe(144_000);
    host.shell.move(host.shell.windows[0]!, 0, 0);
    fixture.frames();
    expect(rate()).toBe(75_000);
    expect(fixture.lost).toBeUndefined();
  });
});

test('while the host has no seat nothing is pressed and windows keep the keyboard; the next seat is taken', async () => {
  const made = vi.spyOn(Display.prototype, 'createGlobal');
  onTestFinished(() => made.mockRestore());
  await withNested({ mode: 'composited' }, (fixture) => {
    const { host } = fixture;
    const index = made.mock.calls.findIndex(([type]) => type.description.name === 'wl_seat');
    const hostSeat = made.mock.results[index]?.value as Global;
    const client = fixture.connect();
    client.bindSeat({ keyboard: fixture.inner.seat.keyboard.present });
    client.window(100, 80, 0xff0000);
    const { x = 0, y = 0 } = fixture.inner.shell.windows[0]?.rectangle ?? {};
    host.seat.pointer.moveTo(x + 10, y + 10);
    host.seat.pointer.button(0x110, true);
    fixture.settle();
    expect(fixture.inner.seat.pointer.buttonsDown).toBe(1);
    hostSeat.remove();
    fixture.settle();
    expect(fixture.inner.seat.pointer.buttonsDown).toBe(0);
    expect(fixture.inner.seat.pointer.focus === null).toBe(true);
    expect(fixture.inner.seat.keyboard.focus === null).toBe(false);
    createSeatGlobal(host.display, host.seat, host.desktop.cursor);
    host.shell.activate(null);
    fixture.settle();
    expect(fixture.inner.seat.keyboard.focus === null).toBe(true);
    host.shell.activate(host.shell.windows[0]!);
    host.seat.pointer.moveTo(x + 30, y + 20);
    host.seat.keyboard.key(KEY_Y, true);
    fixture.settle();
    expect(client.take().filter((line) => /^(key|motion) /.test(line))).toEqual([
      'motion 30,20',
      `key ${KEY_Y} 1`,
    ]);
  });
});

function textOf(fd: number, sizeBytes: number): string {
  const bytes = Buffer.alloc(sizeBytes);
  readSync(fd, bytes, 0, sizeBytes, 0);
  return bytes.toString();
}
