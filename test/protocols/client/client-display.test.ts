import { expect, test } from 'vitest';
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { ClientDisplay } from '../../../protocols/client/client-display.ts';
import { ConnectError } from '../../../protocols/client/connect.ts';
import {
  WlDataDeviceManagerProxy,
  WlSeatProxy,
  WlShmProxy,
} from '../../../protocols/generated/wayland.client.ts';
import {
  WlDataDevice,
  WlDataDeviceManager,
  WlDataOffer,
  WlKeyboard,
  WlSeat,
  WlShm,
} from '../../../protocols/generated/wayland.server.ts';
import type {
  WlDataDeviceResource,
  WlKeyboardResource,
} from '../../../protocols/generated/wayland.server.ts';
import { Harness, message, RawClient, withHarness, word } from '../server/harness.ts';

/** A client whose server is a bare socket. */
async function withRawServer(
  body: (client: ClientDisplay, server: RawClient, harness: Harness) => void | Promise<void>,
): Promise<void> {
  await withHarness(async (harness) => {
    const [ours, theirs] = native.socketPair();
    const server = new RawClient(new OwnedFd(theirs));
    const client = ClientDisplay.connect({
      poller: harness.poller,
      fd: new OwnedFd(ours),
      env: {},
    });
    try {
      harness.settle();
      await body(client, server, harness);
    } finally {
      client.close();
      server.close();
    }
  });
}

test('an error of the server is told with object, interface, code and text', () =>
  withHarness(async (harness) => {
    harness.display.createGlobal(WlShm, 1, (shm) => shm.client.postError(shm, 2, 'wrong'));
    const client = harness.client();
    const closed: (Error | undefined)[] = [];
    client.onClosed = (error) => void closed.push(error);
    harness.settle();
    const shm = client.registry.bind(WlShmProxy, client.registry.find('wl_shm')!);
    const waiting = client.roundtrip();
    harness.settle();
    await expect(waiting).rejects.toThrow('wl_shm@3: error 2: wrong');
    expect(client.error).toMatchObject({ objectId: shm.id, interface: 'wl_shm', code: 2 });
    expect(closed).toEqual([client.error]);
    expect([client.open, shm.alive]).toEqual([false, false]);
    client.sync(() => undefined);
    client.close();
    expect(closed).toHaveLength(1);
  }));

test('a server that hangs up is EPIPE', () =>
  withRawServer((client, server, harness) => {
    // With unread requests it would be ECONNRESET.
    server.read();
    server.close();
    harness.settle();
    expect(client.error).toMatchObject({ errno: 32 });
  }));

test('what the server said before it hung up is worth more than EPIPE', () =>
  withRawServer((client, server) => {
    server.send(1, 0, [2, 5, 'too late']);
    server.close();
    client.sync(() => undefined);
    client.flush();
    expect(client.error).toMatchObject({ interface: 'wl_registry', code: 5 });
  }));

test.each([
  ['a message of no length', Buffer.concat([word(1), word(1)])],
  ['an event wl_display has not', message(1, 9, [])],
  ['an event without its arguments', message(1, 0, [1])],
  ['a string that does not end', message(2, 0, [1, 0xffff_ffff, 0])],
  ['delete_id of what never was', message(1, 1, [77])],
])('%s ends the connection with EPROTO', (_what, bytes) =>
  withRawServer((client, server, harness) => {
    server.sendBytes(bytes);
    harness.settle();
    expect(client.error).toMatchObject({ errno: 71 });
  }),
);

test('an event of an unknown object is dropped, as by libwayland', () =>
  withRawServer((client, server, harness) => {
    server.sendBytes(Buffer.concat([message(50, 0, [1]), message(2, 0, [1, 'wl_shm', 1])]));
    harness.settle();
    expect(client.error).toBeUndefined();
    expect(client.registry.globals.size).toBe(1);
  }));

test('events of a destroyed object are read and dropped, with what they bring', () =>
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
    const proxy = client.registry.bind(WlSeatProxy, client.registry.find('wl_seat')!).getKeyboard();
    harness.settle();
    let heard = 0;
    proxy.handler = { keymap: (_keyboard, _format, fd) => void (fd.close(), heard++) };
    const memory = new OwnedFd(native.memfdCreate('keymap', 1));
    WlKeyboard.sendKeymap(keyboard!, 1, memory.fd, 1);
    memory.close();
    harness.display.flush();
    proxy.release();
    expect(client.objects.isZombie(proxy.id)).toBe(true);
    harness.settle();
    expect(heard).toBe(0);
    expect(client.objects.receiver(proxy.id)).toBeUndefined();
    expect(client.error).toBeUndefined();
  }));

test('a request whose descriptor cannot be sent takes no id: the next one has the next', () =>
  withHarness(async (harness) => {
    const pools: number[] = [];
    harness.display.createGlobal(WlShm, 1, (shm) => {
      shm.handler = {
        createPool: (_, pool, fd) => {
          pools.push(pool.id);
          fd.close();
        },
        release: () => undefined,
      };
    });
    const client = harness.client();
    harness.settle();
    const shm = client.registry.bind(WlShmProxy, client.registry.find('wl_shm')!);
    const notOpen = 0x7fff_fff0;
    expect(() => shm.createPool(notOpen, 1)).toThrow(/EBADF/);
    const pool = shm.createPool(0, 1);
    const waiting = client.roundtrip();
    harness.settle();
    await waiting;
    expect(pools).toEqual([pool.id]);
    expect(client.error).toBeUndefined();
  }));

test('requests on a destroyed object vanish', () =>
  withHarness((harness) => {
    harness.display.createGlobal(WlShm, 2, () => undefined);
    const client = harness.client();
    harness.settle();
    const shm = client.registry.bind(WlShmProxy, client.registry.find('wl_shm')!);
    shm.release();
    shm.release();
    harness.settle();
    expect(client.error).toBeUndefined();
  }));

interface Offering {
  readonly client: ClientDisplay;
  readonly device: WlDataDeviceResource;
  readonly seen: string[];
}

/** A data device on a queue of its own: its events make objects and name them. */
function offering(
  harness: Harness,
): Offering & { queue: ReturnType<ClientDisplay['createQueue']> } {
  let device: WlDataDeviceResource | undefined;
  harness.display.createGlobal(WlSeat, 1, () => undefined);
  harness.display.createGlobal(WlDataDeviceManager, 3, (manager) => {
    manager.handler = {
      createDataSource: () => undefined,
      getDataDevice: (_manager, made) => void (device = made),
      release: () => undefined,
    };
  });
  const client = harness.client();
  harness.settle();
  const seat = client.registry.bind(WlSeatProxy, client.registry.find('wl_seat')!);
  const manager = client.registry.bind(
    WlDataDeviceManagerProxy,
    client.registry.find('wl_data_device_manager')!,
  );
  const queue = client.createQueue();
  const proxy = manager.getDataDevice(seat);
  proxy.queue = queue;
  const seen: string[] = [];
  proxy.handler = {
    dataOffer: (_device, offer) => {
      seen.push(`offer ${offer.queue === queue}`);
      offer.handler = { offer: (_offer, type) => void seen.push(type) };
    },
    selection: (_device, offer) => void seen.push(`selection ${offer?.alive}`),
  };
  harness.settle();
  return { client, device: device!, seen, queue };
}

test('a queue holds events back, with the objects they make, in order', () =>
  withHarness((harness) => {
    const { client, device, seen, queue } = offering(harness);
    const offer = WlDataDevice.sendDataOffer(device);
    WlDataOffer.sendOffer(offer, 'text/plain');
    WlDataOffer.sendOffer(offer, 'text/html');
    WlDataDevice.sendSelection(device, offer);
    let synced = false;
    client.sync(() => (synced = true));
    harness.settle();
    expect(synced).toBe(true);
    expect(seen).toEqual([]);
    expect(queue.size).toBe(4);
    expect(queue.dispatch()).toBe(4);
    expect(seen).toEqual(['offer true', 'text/plain', 'text/html', 'selection true']);
    expect(queue.dispatch()).toBe(0);
    expect(client.error).toBeUndefined();
  }));

test('a server-side object destroyed by the client: its id comes back for another', () =>
  withHarness((harness) => {
    const { client, device, queue } = offering(harness);
    for (let round = 0; round < 5; round++) {
      const offer = WlDataDevice.sendDataOffer(device);
      expect(offer.id).toBe(0xff00_0000);
      harness.settle();
      queue.dispatch();
      client.objects.lookup(offer.id);
      const proxy = client.objects.lookup(offer.id) as unknown as { destroy(): void };
      proxy.destroy();
      harness.settle();
      expect(offer.alive).toBe(false);
    }
    expect(client.error).toBeUndefined();
  }));

test('descriptors of queued events go to their handlers, or are closed with the connection', () =>
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
    const queue = client.createQueue();
    const proxy = client.registry.bind(WlSeatProxy, client.registry.find('wl_seat')!).getKeyboard();
    proxy.queue = queue;
    const sizes: number[] = [];
    proxy.handler = {
      keymap: (_keyboard, _format, fd) => {
        sizes.push(native.fstat(fd.fd).sizeBytes);
        fd.close();
      },
    };
    harness.settle();
    for (const size of [10, 20, 30]) {
      const memory = new OwnedFd(native.memfdCreate('keymap', 1));
      native.ftruncate(memory.fd, size);
      WlKeyboard.sendKeymap(keyboard!, 1, memory.fd, size);
      memory.close();
      if (size !== 20) continue;
      harness.settle();
      queue.dispatch();
    }
    harness.settle();
    expect(sizes).toEqual([10, 20]);
    client.close();
    expect(queue.dispatch()).toBe(0);
  }));

test('a handler that throws is logged and the connection lives', () =>
  withHarness((harness) => {
    const client = harness.client();
    client.sync(() => {
      throw new Error('bug');
    });
    let later = false;
    client.sync(() => (later = true));
    harness.settle();
    expect(later).toBe(true);
    expect(client.open).toBe(true);
  }));

test('closing within a handler ends the dispatch there', () =>
  withHarness((harness) => {
    const client = harness.client();
    let later = false;
    client.sync(() => client.close());
    client.sync(() => (later = true));
    harness.settle();
    expect([later, client.open]).toEqual([false, false]);
  }));

test('dispatch by hand sends, reads and counts', () =>
  withHarness((harness) => {
    const client = harness.client();
    let done = false;
    client.sync(() => (done = true));
    expect(client.dispatch()).toBe(0);
    harness.display.drain();
    expect(client.dispatch()).toBe(2);
    expect(done).toBe(true);
  }));

function connectCode(env: NodeJS.ProcessEnv): string {
  const harness = new Harness();
  try {
    ClientDisplay.connect({ poller: harness.poller, env }).close();
  } catch (error) {
    if (error instanceof ConnectError) return error.code;
    throw error;
  } finally {
    harness.close();
  }
  return 'none';
}

test('without anywhere to connect the reason is told', () => {
  expect(connectCode({})).toBe('NO_RUNTIME_DIR');
  expect(connectCode({ XDG_RUNTIME_DIR: 'relative' })).toBe('NO_RUNTIME_DIR');
  expect(connectCode({ XDG_RUNTIME_DIR: '/nowhere/at/all' })).toBe('FAILED');
  expect(connectCode({ WAYLAND_DISPLAY: '/nowhere/at/all' })).toBe('FAILED');
  expect(connectCode({ WAYLAND_SOCKET: 'x' })).toBe('BAD_WAYLAND_SOCKET');
  expect(connectCode({ WAYLAND_SOCKET: '' })).toBe('BAD_WAYLAND_SOCKET');
  expect(connectCode({ WAYLAND_SOCKET: '100000' })).toBe('BAD_WAYLAND_SOCKET');
});

test('WAYLAND_SOCKET is used once', () =>
  withHarness((harness) => {
    const [ours, theirs] = native.socketPair();
    harness.display.connect(new OwnedFd(ours));
    const env: NodeJS.ProcessEnv = { WAYLAND_SOCKET: `${theirs}` };
    const client = ClientDisplay.connect({ poller: harness.poller, env });
    expect(env).toEqual({});
    let done = false;
    client.sync(() => (done = true));
    harness.settle();
    expect(done).toBe(true);
    client.close();
  }));

test('both ends trace in the format of libwayland', () => {
  const server: string[] = [];
  const client: string[] = [];
  return withHarness(
    (harness) => {
      harness.display.createGlobal(WlShm, 1, () => undefined);
      const display = harness.client({ WAYLAND_DEBUG: '1' }, (line) => void client.push(line));
      display.sync(() => undefined);
      harness.settle();
      expect(client).toEqual([
        '[   1000.000]  -> wl_display@1.get_registry(new id wl_registry@2)\n',
        '[   1000.000]  -> wl_display@1.sync(new id wl_callback@3)\n',
        '[   1000.000] wl_registry@2.global(1, "wl_shm", 1)\n',
        '[   1000.000] wl_callback@3.done(0)\n',
        '[   1000.000] wl_display@1.delete_id(3)\n',
      ]);
      expect(server).toEqual([
        '[   1000.000] wl_display@1.get_registry(new id wl_registry@2)\n',
        '[   1000.000]  -> wl_registry@2.global(1, "wl_shm", 1)\n',
        '[   1000.000] wl_display@1.sync(new id wl_callback@3)\n',
        '[   1000.000]  -> wl_callback@3.done(0)\n',
        '[   1000.000]  -> wl_display@1.delete_id(3)\n',
      ]);
    },
    { env: { WAYLAND_DEBUG: 'server' }, traceTo: (line) => void server.push(line) },
  );
});
