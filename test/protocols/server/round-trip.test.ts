import { expect, test } from 'vitest';
import { WlCompositor } from '../../../protocols/generated/wayland.server.ts';
import { WlCompositorProxy } from '../../../protocols/generated/wayland.client.ts';
import { withHarness } from './harness.ts';

test('a client sees the globals after one round trip and binds one', () =>
  withHarness(async (harness) => {
    const bound: number[] = [];
    harness.display.createGlobal(WlCompositor, 4, (resource) => void bound.push(resource.version));
    const client = harness.client();
    let done = false;
    client.sync(() => (done = true));
    harness.settle();
    expect(done).toBe(true);
    expect([...client.registry.globals.values()]).toEqual([
      { name: 1, interface: 'wl_compositor', version: 4 },
    ]);
    const compositor = client.registry.bind(
      WlCompositorProxy,
      client.registry.find('wl_compositor')!,
    );
    expect(compositor.version).toBe(4);
    harness.settle();
    expect(bound).toEqual([4]);
    expect(client.error).toBeUndefined();
  }));

test('ids are used again after delete_id', () =>
  withHarness((harness) => {
    const client = harness.client();
    harness.settle();
    const before = client.objects.size;
    for (let round = 0; round < 100; round++) {
      client.sync(() => undefined);
      harness.settle();
    }
    expect(client.objects.size).toBe(before);
    expect([...harness.display.clients][0]!.objectCount).toBe(2);
  }));

test('the driven poller needs no hand: a roundtrip resolves', () =>
  withHarness(async (harness) => {
    const client = harness.client();
    harness.poller.start();
    await client.roundtrip();
    await client.roundtrip();
    harness.poller.stop();
    client.close();
    await expect(client.roundtrip()).rejects.toThrow('closed');
  }));
