/** Who owns a descriptor that came with a message. */
import { expect, test } from 'vitest';
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { WlKeyboard, WlSeat, WlShm } from '../../../protocols/generated/wayland.server.ts';
import type { WlKeyboardResource } from '../../../protocols/generated/wayland.server.ts';
import { WlSeatProxy, WlShmProxy } from '../../../protocols/generated/wayland.client.ts';
import { withHarness } from './harness.ts';

test('a descriptor of a request belongs to its handler', () =>
  withHarness((harness) => {
    const got: number[] = [];
    harness.display.createGlobal(WlShm, 1, (shm) => {
      shm.handler = {
        createPool: (_shm, _pool, fd, size) => {
          got.push(native.fstat(fd.fd).sizeBytes, size);
          fd.close();
        },
        release: () => undefined,
      };
    });
    const client = harness.client();
    harness.settle();
    const shm = client.registry.bind(WlShmProxy, client.registry.find('wl_shm')!);
    const memory = new OwnedFd(native.memfdCreate('pool', 1));
    native.ftruncate(memory.fd, 8192);
    for (let index = 0; index < 100; index++) shm.createPool(memory.fd, index);
    memory.close();
    harness.settle();
    expect(got).toEqual(Array.from({ length: 100 }, (_, index) => [8192, index]).flat());
  }));

test('without a handler a descriptor is closed', () =>
  withHarness((harness) => {
    harness.display.createGlobal(WlShm, 1, () => undefined);
    const client = harness.client();
    harness.settle();
    const shm = client.registry.bind(WlShmProxy, client.registry.find('wl_shm')!);
    const memory = new OwnedFd(native.memfdCreate('pool', 1));
    const pool = shm.createPool(memory.fd, 1);
    pool.createBuffer(0, 1, 1, 1, 0);
    pool.destroy();
    memory.close();
    harness.settle();
    expect(client.error).toBeUndefined();
    const [served] = [...harness.display.clients];
    expect([...served!.resources()].map(({ description }) => description.name)).toContain(
      'wl_buffer',
    );
    expect(served!.connection.fds.size).toBe(0);
  }));

test('the client side closes descriptors nobody handles', () =>
  withHarness((harness) => {
    let keyboard: WlKeyboardResource | undefined;
    harness.display.createGlobal(WlSeat, 7, (seat) => {
      seat.handler = {
        getPointer: () => undefined,
        getKeyboard: (_seat, made) => void (keyboard = made),
        getTouch: () => undefined,
        release: () => undefined,
      };
    });
    const client = harness.client();
    harness.settle();
    const seat = client.registry.bind(WlSeatProxy, client.registry.find('wl_seat')!);
    const proxy = seat.getKeyboard();
    harness.settle();
    const memory = new OwnedFd(native.memfdCreate('keymap', 1));
    WlKeyboard.sendKeymap(keyboard!, 1, memory.fd, 1);
    harness.settle();
    const sizes: number[] = [];
    proxy.handler = {
      keymap: (_keyboard, _format, fd, size) => {
        fd.close();
        sizes.push(size);
      },
    };
    WlKeyboard.sendKeymap(keyboard!, 1, memory.fd, 2);
    WlKeyboard.sendKeymap(keyboard!, 1, memory.fd, 3);
    memory.close();
    harness.settle();
    expect(sizes).toEqual([2, 3]);
  }));
