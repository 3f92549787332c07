/** How clients and displays end: what is still sent, and in which order objects go. */
import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { ClientDisplay } from '../../../protocols/client/client-display.ts';
import { WlCompositor, WlShm } from '../../../protocols/generated/wayland.server.ts';
import { WlCompositorProxy, WlShmProxy } from '../../../protocols/generated/wayland.client.ts';
import { Harness, withHarness } from './harness.ts';

const DISPLAY = 1;
const REGISTRY = 2;

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

test('a listener that removes itself, or a later one, on the death of the client', () =>
  withHarness((harness) => {
    const told: string[] = [];
    const { client } = harness.raw();
    const removeFirst = client.addDestroyListener(() => {
      told.push('first');
      removeFirst();
      removeThird();
    });
    client.addDestroyListener(() => told.push('second'));
    const removeThird = client.addDestroyListener(() => told.push('third'));
    client.disconnect();
    harness.settle();
    expect(told).toEqual(['first', 'second']);
  }));

test('a failing listener of the display keeps no other client from being freed', () =>
  withHarness((harness) => {
    harness.display.addClientListener({
      destroyed: () => {
        throw new Error('bug');
      },
    });
    const clients = [harness.raw(), harness.raw()];
    for (const { client } of clients) client.disconnect();
    harness.settle();
    expect(harness.display.clients.size).toBe(0);
    expect(clients.map(({ raw }) => raw.read() && raw.closed)).toEqual([true, true]);
    expect(harness.logged.map(({ level }) => level)).toEqual(['error', 'error']);
  }));

test('a listener that throws refuses the client: those told of it before are told of its end', () =>
  withHarness((harness) => {
    const told: string[] = [];
    const remember = (name: string) => ({
      created: () => void told.push(`${name} created`),
      destroyed: () => void told.push(`${name} destroyed`),
    });
    harness.display.addClientListener(remember('first'));
    const stopRefusing = harness.display.addClientListener({
      created: () => {
        throw new Error('no room');
      },
      destroyed: () => void told.push('refuser destroyed'),
    });
    harness.display.addClientListener(remember('last'));
    expect(() => harness.raw()).toThrow('no room');
    harness.settle();
    expect(told).toEqual(['first created', 'first destroyed']);
    expect(harness.display.clients.size).toBe(0);
    stopRefusing();
    expect(harness.raw().client.alive).toBe(true);
  }));

test('a connection whose maker does not get it is ended', () =>
  withHarness((harness) => {
    const path = `/tmp/syncline-lifetime-${process.pid}`;
    const socket = new OwnedFd(native.listenUnix(path, 8));
    harness.display.listenFd(socket, () => {
      throw new Error('no sandbox for it');
    });
    const client = ClientDisplay.connect({
      poller: harness.poller,
      env: { WAYLAND_DISPLAY: path },
    });
    harness.settle();
    rmSync(path);
    expect(harness.display.clients.size).toBe(0);
    expect(client.open).toBe(false);
    expect(harness.logged.map(({ level }) => level)).toEqual(['error']);
    client.close();
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
