/** What a nested compositor in pass-through owes its clients besides the picture: their buffers, frames, memory, input and times. */
import { describe, expect, test } from 'vitest';
import { native } from '../../../native/binding.ts';
import { NESTED_MODES } from '../../../compositor/backend/nested-mode.ts';
import type { WlBufferProxy } from '../../../protocols/generated/wayland.client.ts';
import { WpPresentationProxy } from '../../../protocols/generated/presentation-time.client.ts';
import { withDescriptors } from '../../support/few-descriptors.ts';
import { type NestedClient, withNested } from '../../support/nested-fixture.ts';

const RED = 0xff0000;
const GREEN = 0x00ff00;
const BLUE = 0x0000ff;

test('what is only copied is not asked for again: nothing is drawn while nothing changes', async () => {
  await withNested({}, (fixture) => {
    const client = fixture.connect();
    client.openWindow(100, 80, GREEN);
    client.window(60, 60, RED);
    fixture.frames();
    const before = fixture.inner.stats().desktop.outputs[0]?.frames;
    fixture.frames();
    fixture.frames();
    expect(fixture.inner.stats().desktop.outputs[0]?.frames).toBe(before);
    expect(fixture.clock.nextDeadlineNs()).toBeUndefined();
  });
});

test('passed through, a window costs no painting', async () => {
  await withNested({}, (fixture) => {
    const client = fixture.connect();
    const window = client.window(100, 80, RED);
    const before = fixture.inner.stats().desktop.outputs[0]?.paintedPixels;
    for (let count = 0; count < 5; count++) {
      window.surface.attach(client.sealedBuffer(100, 80, GREEN + count), 0, 0);
      window.surface.damageBuffer(0, 0, 100, 80);
      window.surface.commit();
      fixture.frames();
      expect(fixture.pixel(50, 50)).toBe(GREEN + count);
    }
    expect(fixture.inner.stats().desktop.outputs[0]?.paintedPixels).toBe(before);
  });
});

describe.each<[string, (client: NestedClient) => WlBufferProxy]>([
  ['a buffer to be copied', (client) => client.buffer(64, 64, GREEN)],
  ['shared memory to be passed through', (client) => client.sealedBuffer(64, 64, GREEN)],
  ['a dma-buf', (client) => client.dmabuf(64, 64, GREEN)],
])('%s', (_, makeBuffer) => {
  test.each([0, 1, 2])('with %i descriptors left is shown when there are more', async (left) => {
    await withNested({}, (fixture) => {
      const client = fixture.connect();
      const window = client.window(100, 80, RED);
      window.surface.attach(makeBuffer(client), 0, 0);
      window.surface.damageBuffer(0, 0, 64, 64);
      window.surface.commit();
      fixture.settle();
      withDescriptors(left, () => fixture.clock.advanceBy(2_000_000n));
      fixture.frames();
      expect(fixture.lost).toBeUndefined();
      expect(fixture.pixel(50, 50)).toBe(GREEN);
    });
  });
});

test('what was copied for a while keeps no memory', async () => {
  await withNested({}, (fixture) => {
    const client = fixture.connect();
    const mappings = (): number => native.liveMappings();
    const window = client.window(100, 80, RED);
    const before = mappings();
    const loose = client.loosePixels(100, 80, new Uint32Array(100 * 80), 1);
    window.surface.attach(loose, 0, 0);
    window.surface.damageBuffer(0, 0, 100, 80);
    window.surface.commit();
    fixture.frames();
    // The loose one itself, and a copy, mapped by both compositors.
    expect(mappings()).toBe(before + 1 + 2);
    window.surface.attach(client.sealedBuffer(100, 80, GREEN), 0, 0);
    window.surface.commit();
    fixture.frames();
    expect(fixture.pixel(60, 60)).toBe(GREEN);
    expect(fixture.counts.copied).toHaveProperty(['memory not sealed']);
    window.surface.attach(client.sealedBuffer(100, 80, RED), 0, 0);
    window.surface.commit();
    fixture.frames();
    // Two sealed ones, mapped by both compositors.
    expect(mappings()).toBe(before + 1 + 2 * 2);
  });
});

test('a buffer replaced without any damage comes back to its client', async () => {
  await withNested({}, (fixture) => {
    const client = fixture.connect();
    const window = client.window(100, 80, RED);
    let released = 0;
    const first = client.sealedBuffer(100, 80, GREEN);
    first.handler = { release: () => released++ };
    window.surface.attach(first, 0, 0);
    window.surface.commit();
    fixture.frames();
    expect(released).toBe(0);
    window.surface.attach(client.sealedBuffer(100, 80, BLUE), 0, 0);
    window.surface.commit();
    fixture.frames();
    expect(released).toBe(1);
  });
});

test('one buffer committed again and again is released as often as it is let go', async () => {
  await withNested({}, (fixture) => {
    const client = fixture.connect();
    const window = client.window(100, 80, RED);
    let released = 0;
    const buffer = client.sealedBuffer(100, 80, GREEN);
    buffer.handler = { release: () => released++ };
    for (let count = 0; count < 4; count++) {
      window.surface.attach(buffer, 0, 0);
      window.surface.damageBuffer(0, 0, 100, 80);
      window.surface.commit();
      fixture.advance(5_000_000n);
    }
    expect(released).toBe(0);
    expect(fixture.pixel(50, 50)).toBe(GREEN);
    window.surface.attach(client.sealedBuffer(100, 80, BLUE), 0, 0);
    window.surface.damageBuffer(0, 0, 100, 80);
    window.surface.commit();
    fixture.frames();
    expect(released).toBe(1);
    expect(fixture.pixel(50, 50)).toBe(BLUE);
  });
});

test('a screenshot of the inner one shows what the host shows', async () => {
  await withNested({}, (fixture) => {
    const client = fixture.connect();
    client.window(100, 80, RED);
    const [inner] = fixture.inner.outputs;
    const [host] = fixture.host.outputs;
    expect(fixture.inner.desktop.screenshot(inner)).toEqual(fixture.host.desktop.screenshot(host));
  });
});

test.each(NESTED_MODES)('input arrives in mode %s', async (mode) => {
  await withNested({ mode }, (fixture) => {
    const client = fixture.connect();
    client.bindSeat({ keyboard: fixture.inner.seat.keyboard.present });
    const window = client.window(100, 80, RED);
    const [toplevel] = fixture.inner.shell.windows;
    const { x = 0, y = 0 } = toplevel?.rectangle ?? {};
    client.take();
    fixture.host.seat.pointer.moveTo(x + 12, y + 34);
    fixture.settle();
    fixture.host.seat.keyboard.key(30, true);
    fixture.host.seat.keyboard.key(30, false);
    fixture.settle();
    const seen = client.take();
    expect(seen).toContain(`enter ${window.surface.id} 12,34`);
    expect(seen).toEqual(expect.arrayContaining(['key 30 1', 'key 30 0']));
  });
});

test('a window of the host made larger is a larger output, and back', async () => {
  await withNested({ output: { width: 200, height: 150 } }, (fixture) => {
    const client = fixture.connect();
    client.window(100, 80, RED);
    const [window] = fixture.host.shell.windows;
    if (!window) throw new Error('no window in the host');
    for (const maximized of [true, false, true]) {
      fixture.host.shell.setMaximized(window, maximized);
      fixture.frames();
    }
    expect(fixture.inner.outputs[0]?.description).toMatchObject({ width: 320, height: 240 });
    expect(fixture.lost).toBeUndefined();
  });
});

test('presentation is told in the host’s own times, frame callbacks when the host asks for a frame', async () => {
  await withNested({}, (fixture) => {
    const client = fixture.connect();
    const window = client.window(100, 80, RED);
    const hostTimes: bigint[] = [];
    const told: string[] = [];
    const presentation = client.bind(WpPresentationProxy);
    for (let count = 0; count < 3; count++) {
      presentation.feedback(window.surface).handler = {
        presented: (_, high, low, ns, refresh, __, ___, flags) => {
          const seconds = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
          hostTimes.push(seconds * 1_000_000_000n + BigInt(ns));
          told.push(`${refresh} ${flags}`);
        },
      };
      window.surface.attach(client.sealedBuffer(100, 80, GREEN + count), 0, 0);
      window.surface.damageBuffer(0, 0, 100, 80);
      window.surface.commit();
      fixture.frames();
    }
    // The host's vertical blanks, which it calls synchronised.
    expect(told).toEqual(['16666666 1', '16666666 1', '16666666 1']);
    const [first = 0n, second = 0n] = hostTimes;
    const periods = Number(second - first) / 16_666_666.67;
    expect(Math.abs(periods - Math.round(periods))).toBeLessThan(1e-4);
  });
});
