/** How bytes and descriptors travel between a display and its clients. */
import { expect, test } from 'vitest';
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import {
  WlCompositor,
  WlKeyboard,
  WlSeat,
  WlShm,
} from '../../../protocols/generated/wayland.server.ts';
import type { WlKeyboardResource } from '../../../protocols/generated/wayland.server.ts';
import {
  WlCompositorProxy,
  WlSeatProxy,
  WlShmProxy,
} from '../../../protocols/generated/wayland.client.ts';
import { Harness, message, withHarness } from './harness.ts';
import type { RawClient } from './harness.ts';

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

function seatWithKeyboard(harness: Harness): { raw: RawClient; keyboard: WlKeyboardResource } {
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
  raw.send(REGISTRY, 0, [1, 'wl_seat', 7, 3]);
  raw.send(3, 1, [4]);
  harness.settle();
  raw.read();
  raw.received.length = 0;
  return { raw, keyboard: keyboard! };
}

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

test('a client that disconnects itself in a handler gets what was sent before and nothing after', () =>
  withHarness((harness) => {
    harness.display.createGlobal(WlShm, 1, (shm) => {
      WlShm.sendFormat(shm, 0);
      shm.client.disconnect();
      expect(shm.client.alive).toBe(false);
      WlShm.sendFormat(shm, 1);
      expect(shm.alive).toBe(true);
    });
    const { raw, client } = harness.raw();
    raw.send(DISPLAY, 1, [REGISTRY]);
    raw.send(REGISTRY, 0, [1, 'wl_shm', 1, 3]);
    raw.send(DISPLAY, 0, [4]);
    harness.settle();
    expect(raw.read().map(({ id, words }) => [id, words.length])).toEqual([
      [2, 5],
      [3, 1],
    ]);
    expect(raw.closed).toBe(true);
    expect(client.objectCount).toBe(0);
  }));

test('objects of a client that leaves go newest first, then its listeners', () =>
  withHarness((harness) => {
    const order: string[] = [];
    harness.display.createGlobal(WlCompositor, 4, (compositor) => {
      compositor.addDestroyListener(() => order.push(`compositor ${compositor.id}`));
      compositor.handler = {
        createSurface: (_compositor, surface) =>
          void surface.addDestroyListener(() => order.push(`surface ${surface.id}`)),
        createRegion: () => undefined,
        release: () => undefined,
      };
    });
    const client = harness.client();
    harness.settle();
    const compositor = client.registry.bind(
      WlCompositorProxy,
      client.registry.find('wl_compositor')!,
    );
    const first = compositor.createSurface();
    compositor.createSurface();
    harness.settle();
    first.destroy();
    harness.settle();
    compositor.createSurface();
    harness.settle();
    const served = [...harness.display.clients][0]!;
    served.addDestroyListener(() => order.push('client'));
    order.length = 0;
    client.close();
    harness.settle();
    // The last one made has the lowest id: that of the one destroyed.
    expect(order).toEqual([
      `surface ${first.id}`,
      `surface ${first.id + 1}`,
      'compositor 3',
      'client',
    ]);
  }));

test('a failing destroy listener keeps nobody else from being freed', () =>
  withHarness((harness) => {
    let freed = 0;
    harness.display.createGlobal(WlShm, 1, (shm) => {
      shm.addDestroyListener(() => {
        throw new Error('bug');
      });
      shm.addDestroyListener(() => freed++);
    });
    const client = harness.client();
    harness.settle();
    client.registry.bind(WlShmProxy, client.registry.find('wl_shm')!);
    client.registry.bind(WlShmProxy, client.registry.find('wl_shm')!);
    harness.settle();
    client.close();
    harness.settle();
    expect(freed).toBe(2);
    expect(harness.display.clients.size).toBe(0);
    expect(harness.logged.filter(({ level }) => level === 'error')).toHaveLength(2);
  }));

test('a display that closes sends what is pending and says goodbye', () => {
  const harness = new Harness();
  const { raw } = harness.raw();
  raw.send(DISPLAY, 1, [REGISTRY]);
  harness.settle();
  harness.display.createGlobal(WlShm, 1, () => undefined);
  harness.display.close();
  expect(raw.read()).toHaveLength(1);
  expect(raw.closed).toBe(true);
  harness.close();
});

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
