/** How bytes travel between clients and a display: in parts, in portions, in turns. */
import { expect, test } from 'vitest';
import { native } from '../../../native/binding.ts';
import { WlCompositor, WlShm } from '../../../protocols/generated/wayland.server.ts';
import { message, withHarness } from './harness.ts';
import type { Harness, RawClient } from './harness.ts';

const DISPLAY = 1;
const REGISTRY = 2;

/** Counts requests of wl_region-less compositors: create_surface is enough to see what was dispatched. */
function countDamage(harness: Harness): { damages: number[]; raw: RawClient } {
  const damages: number[] = [];
  harness.display.createGlobal(WlCompositor, 4, (compositor) => {
    compositor.handler = {
      createSurface: () => undefined,
      createRegion: (_compositor, region) => {
        region.handler = {
          destroy: () => undefined,
          add: (_region, x) => void damages.push(x),
          subtract: () => undefined,
        };
      },
      release: () => undefined,
    };
  });
  const { raw } = harness.raw();
  raw.send(DISPLAY, 1, [REGISTRY]);
  raw.send(REGISTRY, 0, [1, 'wl_compositor', 4, 3]);
  raw.send(3, 1, [4]);
  harness.settle();
  return { damages, raw };
}

test('a message may come byte by byte', () =>
  withHarness((harness) => {
    const { damages, raw } = countDamage(harness);
    const bytes = Buffer.concat([message(4, 1, [11, 0, 1, 1]), message(4, 1, [12, 0, 1, 1])]);
    for (const byte of bytes) {
      raw.sendBytes(Uint8Array.of(byte));
      harness.settle();
    }
    expect(damages).toEqual([11, 12]);
  }));

test('messages of several clients come in parts at the same time', () =>
  withHarness((harness) => {
    const { damages, raw } = countDamage(harness);
    const other = harness.raw().raw;
    const leaving = harness.raw().raw;
    const damage = message(4, 1, [11, 0, 1, 1]);
    const sync = message(DISPLAY, 0, [2]);
    const send = (to: RawClient, bytes: Uint8Array): void => {
      to.sendBytes(bytes);
      harness.settle();
    };
    send(raw, damage.subarray(0, 10));
    send(other, sync.subarray(0, 6));
    send(leaving, sync.subarray(0, 7));
    leaving.close();
    harness.settle();
    expect(harness.display.clients.size).toBe(2);
    send(other, sync.subarray(6, 9));
    send(raw, damage.subarray(10));
    send(other, Buffer.concat([sync.subarray(9), message(DISPLAY, 0, [3])]));
    expect(damages).toEqual([11]);
    expect(other.read().map(({ id }) => id)).toEqual([2, 1, 3, 1]);
  }));

test('a client that floods is read in portions, so that another one is answered meanwhile', () =>
  withHarness(
    (harness) => {
      const { damages, raw } = countDamage(harness);
      const other = harness.raw().raw;
      const flood = Buffer.concat(
        Array.from({ length: 2000 }, (_, index) => message(4, 1, [index, 0, 1, 1])),
      );
      expect(raw.sendBytes(flood)).toBe(flood.length);
      other.send(DISPLAY, 0, [2]);
      harness.poller.dispatch();
      expect(damages.length).toBeLessThan(200);
      expect(other.read().map(({ id }) => id)).toEqual([2, 1]);
      harness.settle();
      expect(damages).toEqual(Array.from({ length: 2000 }, (_, index) => index));
    },
    { limits: { maxBytesPerTurn: 4096 } },
  ));

test('a client with slow requests has its share of a turn, and the rest in the next ones', () =>
  withHarness(
    (harness) => {
      const { damages, raw } = countDamage(harness);
      const other = harness.raw().raw;
      raw.sendBytes(
        Buffer.concat(Array.from({ length: 95 }, (_, index) => message(4, 1, [index, 0, 1, 1]))),
      );
      harness.poller.dispatch();
      expect(damages).toHaveLength(10);
      other.send(DISPLAY, 0, [2]);
      harness.poller.dispatch();
      expect(damages).toHaveLength(20);
      expect(other.read()).toHaveLength(2);
      raw.send(4, 1, [95, 0, 1, 1]);
      harness.settle();
      expect(damages).toEqual(Array.from({ length: 96 }, (_, index) => index));
    },
    { limits: { maxMessagesPerTurn: 10 } },
  ));

test('draining goes on past the share of a turn', () =>
  withHarness(
    (harness) => {
      const { damages, raw } = countDamage(harness);
      raw.sendBytes(
        Buffer.concat(Array.from({ length: 95 }, (_, index) => message(4, 1, [index, 0, 1, 1]))),
      );
      harness.display.drain();
      expect(damages).toHaveLength(95);
    },
    { limits: { maxMessagesPerTurn: 10 } },
  ));

test('all events of a turn are one packet', () =>
  withHarness((harness) => {
    const { raw } = harness.raw();
    raw.sendBytes(
      Buffer.concat(Array.from({ length: 50 }, (_, index) => message(DISPLAY, 0, [2 + index]))),
    );
    harness.poller.dispatch();
    expect(native.bytesReadable(raw.socket.fd)).toBe(50 * 24);
    const into = new Uint8Array(65_536);
    const count = native.recvmsg(raw.socket.fd, into, 0, into.length, new Int32Array(254));
    expect(count).toBe(50 * 24);
  }));

test('events made outside a turn are sent when the script ends', () =>
  withHarness(async (harness) => {
    const { raw } = harness.raw();
    raw.send(DISPLAY, 1, [REGISTRY]);
    harness.settle();
    harness.display.createGlobal(WlShm, 1, () => undefined);
    expect(raw.read()).toEqual([]);
    await Promise.resolve();
    expect(raw.read()).toHaveLength(1);
  }));

test('a paused client is not read; what it had sent is dispatched on resume, in order', () =>
  withHarness((harness) => {
    const { damages, raw } = countDamage(harness);
    const [client] = [...harness.display.clients];
    const stopAt = 3;
    const region = client!.resource(4)!;
    const add = (region.handler as { add: (...args: unknown[]) => void }).add;
    Object.assign(region.handler as object, {
      add: (...args: unknown[]) => {
        add(...args);
        if (args[1] === stopAt) client!.pause('test');
      },
    });
    raw.sendBytes(
      Buffer.concat(Array.from({ length: 10 }, (_, index) => message(4, 1, [index, 0, 1, 1]))),
    );
    harness.settle();
    raw.send(4, 1, [10, 0, 1, 1]);
    harness.settle();
    expect(damages).toEqual([0, 1, 2, 3]);
    client!.pause('another reason');
    client!.resume('test');
    harness.settle();
    expect(damages).toEqual([0, 1, 2, 3]);
    client!.resume('another reason');
    harness.settle();
    expect(damages).toEqual(Array.from({ length: 11 }, (_, index) => index));
  }));

test('a paused client that leaves is freed', () =>
  withHarness((harness) => {
    const { raw } = countDamage(harness);
    const [client] = [...harness.display.clients];
    client!.pause('test');
    raw.close();
    harness.settle();
    expect(harness.display.clients.size).toBe(0);
  }));

test('drain dispatches what was written before, and the answers are on the socket when it returns', () =>
  withHarness((harness) => {
    const { damages, raw } = countDamage(harness);
    raw.send(4, 1, [1, 0, 1, 1]);
    raw.send(DISPLAY, 0, [5]);
    harness.display.drain();
    expect(damages).toEqual([1]);
    expect(raw.read().map(({ id }) => id)).toContain(5);
  }));
