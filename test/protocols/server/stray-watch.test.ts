/** Clients whose sockets we keep open ourselves. */
import { expect, test } from 'vitest';
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { WlShm } from '../../../protocols/generated/wayland.server.ts';
import { MAX_STRAY_NS } from '../../../protocols/server/stray-watch.ts';
import { type Harness, message, withHarness } from './harness.ts';

const SYNC = message(1, 0, [2]);

function pass(harness: Harness, ns: bigint): void {
  harness.clock.advanceBy(ns);
  harness.settle();
}

test('a client that sends its own socket and leaves is gone within ten seconds', () =>
  withHarness((harness) => {
    const { raw, client } = harness.raw();
    raw.sendBytes(SYNC, [raw.socket.fd]);
    harness.settle();
    raw.close();
    pass(harness, MAX_STRAY_NS - 1n);
    expect([client.alive, harness.display.clients.size]).toEqual([true, 1]);
    pass(harness, 1n);
    expect([client.alive, harness.display.clients.size]).toEqual([false, 0]);
    expect(client.connection.fds.size).toBe(0);
    expect(harness.logged.map(({ text }) => text)).toEqual([
      'client 1: sends descriptors and no request with them, cut',
    ]);
  }));

test('also one that sends a socket with its own within', () =>
  withHarness((harness) => {
    const { raw } = harness.raw();
    const [outer, inner] = native.socketPair();
    native.sendmsg(inner, Uint8Array.of(0), 0, 1, Int32Array.of(raw.socket.fd), 1);
    native.close(inner);
    raw.sendBytes(SYNC, [outer]);
    native.close(outer);
    harness.settle();
    raw.close();
    pass(harness, MAX_STRAY_NS);
    expect(harness.display.clients.size).toBe(0);
  }));

test('descriptors ahead of their request have ten seconds from what was sent last', () =>
  withHarness((harness) => {
    const sizes: number[] = [];
    harness.display.createGlobal(WlShm, 1, (shm) => {
      shm.handler = {
        createPool: (_shm, _pool, fd, size) => {
          sizes.push(size);
          fd.close();
        },
        release: () => undefined,
      };
    });
    const { raw, client } = harness.raw();
    const memory = new OwnedFd(native.memfdCreate('pool', 1));
    raw.send(1, 1, [2]);
    raw.send(2, 0, [1, 'wl_shm', 1, 3]);
    const pool = message(3, 0, [4, 4096]);
    raw.sendBytes(pool.subarray(0, 1), [memory.fd]);
    harness.settle();
    for (let byte = 1; byte < pool.length; byte++) {
      pass(harness, MAX_STRAY_NS - 1n);
      raw.sendBytes(pool.subarray(byte, byte + 1));
      harness.settle();
    }
    memory.close();
    expect(sizes).toEqual([4096]);
    pass(harness, 3n * MAX_STRAY_NS);
    expect(client.alive).toBe(true);
    expect(harness.clock.nextDeadlineNs()).toBeUndefined();
  }));

test('nothing is left of a client that goes with descriptors left over', () =>
  withHarness((harness) => {
    const { raw } = harness.raw();
    const memory = new OwnedFd(native.memfdCreate('stray', 1));
    raw.sendBytes(SYNC, [memory.fd]);
    memory.close();
    harness.settle();
    expect(harness.clock.nextDeadlineNs()).toBeDefined();
    raw.close();
    harness.settle();
    expect(harness.display.clients.size).toBe(0);
    expect(harness.clock.nextDeadlineNs()).toBeUndefined();
  }));

test('those of a client that is paused wait as long as it is', () =>
  withHarness((harness) => {
    const { raw, client } = harness.raw();
    raw.sendBytes(SYNC, [raw.socket.fd]);
    harness.settle();
    client.pause('test');
    pass(harness, 5n * MAX_STRAY_NS);
    expect(client.alive).toBe(true);
    client.resume('test');
    harness.settle();
    expect(client.alive).toBe(true);
    pass(harness, MAX_STRAY_NS);
    expect(client.alive).toBe(false);
  }));
