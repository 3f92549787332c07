import { expect, test } from 'vitest';
import { compileKeymap } from '../../../compositor/seat/keymap.ts';
import { WlSeatError } from '../../../protocols/generated/wayland.interfaces.ts';
import { native } from '../../../native/binding.ts';
import type { OwnedFd } from '../../../native/fd.ts';
import { withDesktop } from '../../support/desktop-fixture.ts';

const KEY_A = 30;
const KEY_LEFTSHIFT = 42;
const KEY_CAPSLOCK = 58;

test('a new keyboard is told keymap and repeat', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    expect(client.take()).toEqual(['keymap 1 true', 'repeat 25 600']);
  });
});

test('the keymap compiles, and nobody can write into it', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const kept: { fd: OwnedFd; sizeBytes: number }[] = [];
    client.seat.getKeyboard().handler = {
      keymap: (_, __, fd, sizeBytes) => {
        kept.push({ fd, sizeBytes });
      },
    };
    fixture.settle();
    const [keymap] = kept;
    if (!keymap) throw new Error('no keymap');
    const text = Buffer.alloc(keymap.sizeBytes);
    native.pread(keymap.fd.fd, text, 0);
    expect(text.at(-1)).toBe(0);
    const handle = native.xkbKeymapFromText(text.toString('utf8', 0, text.length - 1));
    const state = native.xkbStateCreate(handle);
    expect(native.xkbStateText(state, KEY_A)).toBe('a');
    native.xkbStateDestroy(state);
    native.xkbKeymapDestroy(handle);
    expect(() => native.pwrite(keymap.fd.fd, Uint8Array.of(1), 0)).toThrow();
    expect(() => native.mapShared(keymap.fd.fd, keymap.sizeBytes, true, 0)).toThrow();
    keymap.fd.close();
  });
});

test('keys go to the focus, modifiers follow them', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    client.openWindow(20, 20);
    const other = fixture.connect();
    client.take();
    other.take();
    const { keyboard } = fixture.compositor.seat;
    keyboard.key(KEY_LEFTSHIFT, true);
    keyboard.key(KEY_A, true);
    keyboard.key(KEY_A, true);
    keyboard.key(KEY_A, false);
    keyboard.key(KEY_LEFTSHIFT, false);
    keyboard.key(KEY_CAPSLOCK, true);
    keyboard.key(KEY_CAPSLOCK, false);
    fixture.settle();
    expect(client.take()).toEqual([
      `key ${KEY_LEFTSHIFT} 1`,
      'modifiers 1 0 0 0',
      `key ${KEY_A} 1`,
      `key ${KEY_A} 0`,
      `key ${KEY_LEFTSHIFT} 0`,
      'modifiers 0 0 0 0',
      `key ${KEY_CAPSLOCK} 1`,
      'modifiers 2 0 2 0',
      `key ${KEY_CAPSLOCK} 0`,
      'modifiers 0 0 2 0',
    ]);
    expect(other.take()).toEqual([]);
  });
});

test('a new keymap is told, with the modifiers of keys that stay down and without the locks of the old one', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    client.openWindow(20, 20);
    const { keyboard } = fixture.compositor.seat;
    keyboard.key(KEY_CAPSLOCK, true);
    keyboard.key(KEY_CAPSLOCK, false);
    keyboard.key(KEY_LEFTSHIFT, true);
    fixture.settle();
    client.take();
    keyboard.setKeymap(compileKeymap({ layout: 'de' }));
    fixture.settle();
    expect(client.take()).toEqual(['keymap 1 true', 'modifiers 1 0 0 0']);
    keyboard.key(KEY_LEFTSHIFT, false);
    fixture.settle();
    expect(client.take()).toEqual([`key ${KEY_LEFTSHIFT} 0`, 'modifiers 0 0 0 0']);
  });
});

test('keys held when a window gets the keyboard come with its enter', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    fixture.compositor.seat.keyboard.key(KEY_A, true);
    const window = client.openWindow(20, 20);
    expect(client.take()).toContain(`focus ${window.surface.id} 1`);
  });
});

test('a filter takes a shortcut, with its release', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    client.openWindow(20, 20);
    client.take();
    const { keyboard } = fixture.compositor.seat;
    keyboard.keyFilter = (key, pressed) => key === KEY_A && pressed;
    keyboard.key(KEY_A, true);
    keyboard.keyFilter = undefined;
    keyboard.key(KEY_A, false);
    keyboard.key(KEY_A + 1, true);
    fixture.settle();
    expect(client.take()).toEqual([`key ${KEY_A + 1} 1`]);
  });
});

test('a touch point belongs to the surface it went down on', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(50, 50);
    client.take();
    const { touch } = fixture.compositor.seat;
    touch.down(1, 40, 42);
    touch.down(2, 300, 250);
    touch.move(1, 132, 32);
    touch.move(2, 40, 40);
    touch.up(1);
    touch.up(2);
    fixture.settle();
    expect(client.take()).toEqual([`down ${window.surface.id} 1 8,10`, 'touch 1 100,0', 'up 1']);
  });
});

test('cancel ends all points of a client with one event', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    client.openWindow(50, 50);
    client.take();
    const { touch } = fixture.compositor.seat;
    touch.down(1, 40, 40);
    touch.down(2, 45, 45);
    touch.cancel();
    touch.up(1);
    fixture.settle();
    expect(client.take().slice(2)).toEqual(['cancel']);
  });
});

test('a seat without a keyboard gives none', () => {
  withDesktop({ keyboard: false }, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(20, 20);
    fixture.frames();
    expect(window.configures.length).toBeGreaterThan(0);
    client.seat.getKeyboard();
    fixture.settle();
    expect(client.error).toEqual({ interface: 'wl_seat', code: WlSeatError.missingCapability });
  });
});

test('a finger on a surface that goes is up', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(50, 50);
    fixture.compositor.seat.touch.down(3, 40, 40);
    fixture.settle();
    client.take();
    window.toplevel.destroy();
    window.xdgSurface.destroy();
    window.surface.destroy();
    fixture.settle();
    expect(client.take()).toContain('up 3');
  });
});
