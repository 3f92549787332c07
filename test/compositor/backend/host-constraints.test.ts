/** A pointer locked or confined inside holds the host's pointer too. */
import { describe, expect, test } from 'vitest';
import { ZwpPointerConstraintsV1Proxy } from '../../../protocols/generated/pointer-constraints-unstable-v1.client.ts';
import { ZwpRelativePointerManagerV1Proxy } from '../../../protocols/generated/relative-pointer-unstable-v1.client.ts';
import { type NestedClient, type NestedFixture, withNested } from '../../support/nested-fixture.ts';
import type { TestWindow } from '../../support/shell-client.ts';

const ONESHOT = 1;
const PERSISTENT = 2;

interface Scene {
  readonly fixture: NestedFixture;
  readonly client: NestedClient;
  readonly window: TestWindow;
  readonly constraints: ZwpPointerConstraintsV1Proxy;
  /** Of the window, in ours and, at scale 1, in the host. */
  readonly x: number;
  readonly y: number;
  /** What wp_relative_pointer told. */
  readonly relative: string[];
}

async function withWindow(body: (scene: Scene) => void, scale = 1): Promise<void> {
  const hostOutput = { width: 640, height: 480 };
  await withNested({ mode: 'composited', hostOutput, output: { scale } }, (fixture) => {
    const client = fixture.connect();
    client.bindSeat({ keyboard: fixture.inner.seat.keyboard.present });
    const relative: string[] = [];
    client.bind(ZwpRelativePointerManagerV1Proxy).getRelativePointer(client.pointer).handler = {
      relativeMotion: (_, hi, lo, dx, dy, plainDx, plainDy) =>
        relative.push(`${hi * 2 ** 32 + lo} ${dx},${dy} ${plainDx},${plainDy}`),
    };
    const window = client.window(100, 80, 0xff0000);
    const { x = 0, y = 0 } = fixture.inner.shell.windows[0]?.rectangle ?? {};
    fixture.host.seat.pointer.moveTo((x + 50) * scale, (y + 40) * scale);
    fixture.settle();
    client.take();
    relative.length = 0;
    const constraints = client.bind(ZwpPointerConstraintsV1Proxy);
    body({ fixture, client, window, constraints, x, y, relative });
  });
}

function lock({ fixture, client, window, constraints }: Scene, lifetime: 1 | 2 = PERSISTENT) {
  const seen: string[] = [];
  const locked = constraints.lockPointer(window.surface, client.pointer, null, lifetime);
  locked.handler = { locked: () => seen.push('locked'), unlocked: () => seen.push('unlocked') };
  fixture.settle();
  return { locked, seen };
}

function confine(scene: Scene, region: readonly [number, number, number, number]) {
  const { fixture, client, window, constraints } = scene;
  const confined = constraints.confinePointer(
    window.surface,
    client.pointer,
    regionOf(client, region),
    PERSISTENT,
  );
  fixture.settle();
  return confined;
}

function regionOf(client: NestedClient, rect: readonly [number, number, number, number]) {
  const region = client.compositor.createRegion();
  region.add(...rect);
  return region;
}

describe('a lock', () => {
  test('keeps the host’s pointer, and all of its motion goes on', async () => {
    await withWindow((scene) => {
      const { fixture, client, x, y, relative } = scene;
      const { pointer } = fixture.host.seat;
      lock(scene);
      for (const dx of [1000, 1000, -3000])
        pointer.moveBy(dx, 2.5, Number(fixture.clock.nowNs() / 1_000_000n));
      fixture.settle();
      expect([pointer.x, pointer.y]).toEqual([x + 50, y + 40]);
      expect(client.take()).toEqual([]);
      const now = String(fixture.clock.nowNs() / 1000n);
      expect(relative).toEqual([
        `${now} 1000,2.5 1000,2.5`,
        `${now} 1000,2.5 1000,2.5`,
        `${now} -3000,2.5 -3000,2.5`,
      ]);
    });
  });

  test('passes on what the device moved before acceleration, and when', async () => {
    await withWindow((scene) => {
      const { fixture, relative } = scene;
      lock(scene);
      fixture.host.seat.pointer.moveRelative({
        timeUs: 5 * 2 ** 32 + 7,
        dx: 4,
        dy: -6,
        dxUnaccelerated: 1.5,
        dyUnaccelerated: -2.25,
      });
      fixture.settle();
      expect(relative).toEqual([`${5 * 2 ** 32 + 7} 4,-6 1.5,-2.25`]);
    });
  });

  test('that ends lets the host’s pointer go, to where the client had it last', async () => {
    await withWindow((scene) => {
      const { fixture, x, y } = scene;
      const { pointer } = fixture.host.seat;
      const { locked } = lock(scene);
      pointer.moveBy(20, 0);
      locked.setCursorPositionHint(10, 20);
      locked.destroy();
      fixture.settle();
      expect([pointer.x, pointer.y]).toEqual([x + 10, y + 20]);
      pointer.moveBy(5, 6);
      fixture.settle();
      const inner = fixture.inner.seat.pointer;
      expect([inner.x, inner.y]).toEqual([x + 15, y + 26]);
      expect(pointer.constraint).toBeUndefined();
    });
  });

  test('the host takes away is none for the client, until the host grants it again', async () => {
    await withWindow((scene) => {
      const { fixture, x, y } = scene;
      const { pointer } = fixture.host.seat;
      const { seen } = lock(scene);
      pointer.constraint?.suspend();
      fixture.host.display.flush();
      fixture.settle();
      pointer.moveBy(5, 5);
      fixture.settle();
      expect(seen).toEqual(['locked', 'unlocked']);
      expect(fixture.inner.seat.pointer.x).toBe(x + 55);
      pointer.constraint?.resume();
      fixture.host.display.flush();
      fixture.settle();
      expect(seen).toEqual(['locked', 'unlocked', 'locked']);
      pointer.moveBy(100, 100);
      fixture.settle();
      expect([pointer.x, pointer.y]).toEqual([x + 55, y + 45]);
    });
  });

  test('that holds once is over when the host takes it away', async () => {
    await withWindow((scene) => {
      const { fixture } = scene;
      const { pointer } = fixture.host.seat;
      const { seen } = lock(scene, ONESHOT);
      pointer.constraint?.suspend();
      fixture.host.display.flush();
      fixture.settle();
      pointer.moveBy(1, 1);
      fixture.settle();
      expect(seen).toEqual(['locked', 'unlocked']);
      expect(pointer.constraint).toBeUndefined();
    });
  });

  test('ends with the keyboard of its window in the host', async () => {
    await withWindow((scene) => {
      const { fixture } = scene;
      const { seen } = lock(scene);
      fixture.host.shell.activate(null);
      fixture.host.display.flush();
      fixture.settle();
      expect(seen).toEqual(['locked', 'unlocked']);
      expect(fixture.host.seat.pointer.constraint).toBeUndefined();
      fixture.host.shell.activate(fixture.host.shell.windows[0] ?? null);
      fixture.host.display.flush();
      fixture.settle();
      expect(seen).toEqual(['locked', 'unlocked', 'locked']);
      expect(fixture.host.seat.pointer.constraint?.kind).toBe('lock');
    });
  });
});

describe('a confinement', () => {
  test('keeps the host’s pointer in its region, wherever that goes', async () => {
    await withWindow((scene) => {
      const { fixture, client, window, x, y } = scene;
      const { pointer } = fixture.host.seat;
      const confined = confine(scene, [40, 30, 20, 20]);
      pointer.moveBy(200, 1);
      fixture.settle();
      expect([pointer.x, pointer.y]).toEqual([x + 59, y + 41]);
      confined.setRegion(regionOf(client, [50, 30, 30, 20]));
      window.surface.commit();
      fixture.settle();
      pointer.moveBy(200, 0);
      fixture.settle();
      expect(pointer.x).toBe(x + 79);
      const [inner] = fixture.inner.shell.windows;
      if (inner) fixture.inner.shell.move(inner, x + 7, y);
      fixture.frames();
      pointer.moveBy(200, 0);
      fixture.settle();
      expect(pointer.x).toBe(x + 86);
      expect(fixture.inner.seat.pointer.x).toBe(x + 86);
      confined.destroy();
      fixture.settle();
      pointer.moveBy(30, 0);
      expect(pointer.x).toBe(x + 116);
    });
  });

  test('is in the host’s coordinates, its motion in ours', async () => {
    await withWindow((scene) => {
      const { fixture, x, relative } = scene;
      confine(scene, [40, 30, 20, 20]);
      fixture.host.seat.pointer.moveBy(200, 0, 1);
      fixture.settle();
      // One host pixel before the edge, as we have it ourselves.
      expect(fixture.host.seat.pointer.x).toBe((x + 60) * 1.25 - 1);
      expect(fixture.inner.seat.pointer.x).toBe(x + 59);
      expect(relative).toEqual(['1000 160,0 200,0']);
    }, 1.25);
  });
});

test('coming into the window is no motion of the device; motion is told once', async () => {
  await withWindow(({ fixture, x, y, relative }) => {
    const { pointer } = fixture.host.seat;
    pointer.leave();
    fixture.settle();
    pointer.moveBy(1, 2, 6);
    pointer.moveBy(3, 4, 7);
    fixture.settle();
    const inner = fixture.inner.seat.pointer;
    expect([inner.x, inner.y]).toEqual([x + 54, y + 46]);
    expect(relative).toEqual(['7000 3,4 3,4']);
  });
});
