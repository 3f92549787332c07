/** What ends up on screen: scale, transform, crop, alpha, subsurfaces; and that nothing is painted without a change. */
import { PNG } from 'pngjs';
import { expect, test } from 'vitest';
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { WlSubcompositorProxy } from '../../../protocols/generated/wayland.client.ts';
import type { WlBufferProxy } from '../../../protocols/generated/wayland.client.ts';
import { WpViewporterProxy } from '../../../protocols/generated/viewporter.client.ts';
import { withDesktop, type DesktopFixture } from '../../support/desktop-fixture.ts';
import type { ShellClient } from '../../support/shell-client.ts';

/** wl_shm.format. */
const ARGB8888 = 0;
const RED = 0xff0000;
const GREEN = 0x00ff00;
const BLUE = 0x0000ff;
const GREY = 0x808080;

/** Four quarters: red green / blue grey. */
function quarters(
  client: ShellClient,
  size: number,
  options: { strideExtra?: number; offset?: number } = {},
): WlBufferProxy {
  const stride = size * 4 + (options.strideExtra ?? 0);
  const offset = options.offset ?? 0;
  const bytes = Buffer.alloc(offset + stride * size);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const left = x < size / 2;
      const colour = y < size / 2 ? (left ? RED : GREEN) : left ? BLUE : GREY;
      bytes.writeUInt32LE(colour, offset + y * stride + 4 * x);
    }
  }
  const fd = new OwnedFd(native.memfdCreate('quarters', 0));
  client.pools.push(fd);
  native.ftruncate(fd.fd, bytes.length);
  native.pwrite(fd.fd, bytes, 0);
  const pool = client.shm.createPool(fd.fd, bytes.length);
  const buffer = pool.createBuffer(offset, size, size, stride, 1);
  pool.destroy();
  return buffer;
}

function corners(fixture: DesktopFixture, x: number, y: number, size: number): number[] {
  const far = size - 2;
  return [
    fixture.pixel(x + 1, y + 1),
    fixture.pixel(x + far, y + 1),
    fixture.pixel(x + 1, y + far),
    fixture.pixel(x + far, y + far),
  ];
}

test.each([
  [0, [RED, GREEN, BLUE, GREY]],
  [1, [BLUE, RED, GREY, GREEN]],
  [2, [GREY, BLUE, GREEN, RED]],
  [3, [GREEN, GREY, RED, BLUE]],
  [4, [GREEN, RED, GREY, BLUE]],
  [5, [RED, BLUE, GREEN, GREY]],
  [6, [BLUE, GREY, RED, GREEN]],
  [7, [GREY, GREEN, BLUE, RED]],
])('buffer transform %i is undone', (transform, expected) => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(40, 40);
    window.surface.setBufferTransform(transform as 0);
    window.surface.attach(quarters(client, 40), 0, 0);
    window.surface.damageBuffer(0, 0, 40, 40);
    window.surface.commit();
    fixture.frames();
    expect(corners(fixture, 32, 32, 40)).toEqual(expected);
  });
});

test('an output transform turns the picture, and a buffer drawn for it is copied straight', () => {
  withDesktop({ outputs: [{ width: 100, height: 100, transform: 1 }] }, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(100, 100);
    window.toplevel.setFullscreen(null);
    fixture.settle();
    window.surface.setBufferTransform(1);
    window.surface.attach(quarters(client, 100), 0, 0);
    window.surface.damageBuffer(0, 0, 100, 100);
    window.xdgSurface.ackConfigure(window.configures.at(-1)?.serial ?? 0);
    window.surface.commit();
    fixture.frames();
    expect(corners(fixture, 0, 0, 100)).toEqual([RED, GREEN, BLUE, GREY]);
  });
});

test('buffer scale 2 on an output of scale 2 is pixel for pixel; the window is half as large', () => {
  withDesktop({ outputs: [{ width: 400, height: 300, scale: 2 }] }, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(20, 20);
    window.surface.setBufferScale(2);
    window.surface.attach(quarters(client, 80), 0, 0);
    window.surface.damageBuffer(0, 0, 80, 80);
    window.surface.commit();
    fixture.frames();
    expect(fixture.compositor.shell.windows[0]?.rectangle).toMatchObject({ width: 40, height: 40 });
    expect(corners(fixture, 64, 64, 80)).toEqual([RED, GREEN, BLUE, GREY]);
  });
});

test('a viewport crops and scales', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const viewporter = client.bind(WpViewporterProxy);
    const window = client.openWindow(20, 20);
    const viewport = viewporter.getViewport(window.surface);
    viewport.setSource(20, 0, 20, 20);
    viewport.setDestination(100, 50);
    window.surface.attach(quarters(client, 40), 0, 0);
    window.surface.damageBuffer(0, 0, 40, 40);
    window.surface.commit();
    fixture.frames();
    expect(fixture.pixel(40, 40)).toBe(GREEN);
    expect(fixture.pixel(125, 75)).toBe(GREEN);
    expect(fixture.compositor.shell.windows[0]?.rectangle).toMatchObject({
      width: 100,
      height: 50,
    });
  });
});

test.each([0, 1, 2, 3, 4, 5, 6, 7] as const)(
  'scaled up, a crop shows nothing of what is around it, transform %i',
  (transform) => {
    withDesktop({}, (fixture) => {
      const client = fixture.connect();
      const viewport = client.bind(WpViewporterProxy);
      const window = client.openWindow(20, 20);
      const cropped = viewport.getViewport(window.surface);
      cropped.setSource(20, 0, 20, 20);
      cropped.setDestination(70, 50);
      window.surface.setBufferTransform(transform);
      window.surface.attach(quarters(client, 40), 0, 0);
      window.surface.damageBuffer(0, 0, 40, 40);
      window.surface.commit();
      fixture.frames();
      const seen = new Set<number>();
      for (let y = 0; y < 50; y++)
        for (let x = 0; x < 70; x++) seen.add(fixture.pixel(32 + x, 32 + y));
      expect([...seen]).toEqual([expect.toBeOneOf([RED, GREEN, BLUE, GREY])]);
    });
  },
);

test.each([
  ['stride', { strideExtra: 2 }],
  ['offset', { offset: 2 }],
])('an odd %s is drawn like any other', (_, layout) => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(40, 40);
    window.surface.attach(quarters(client, 40, layout), 0, 0);
    window.surface.damageBuffer(0, 0, 40, 40);
    window.surface.commit();
    fixture.frames();
    expect(corners(fixture, 32, 32, 40)).toEqual([RED, GREEN, BLUE, GREY]);
  });
});

test('subsurfaces are drawn in their order and move with their parent', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const subcompositor = client.bind(WlSubcompositorProxy);
    const window = client.openWindow(60, 60, RED);
    const child = client.compositor.createSurface();
    const sub = subcompositor.getSubsurface(child, window.surface);
    sub.setPosition(10, 10);
    child.attach(client.buffer(20, 20, GREEN), 0, 0);
    child.commit();
    window.surface.commit();
    fixture.frames();
    expect(fixture.pixel(45, 45)).toBe(GREEN);
    sub.placeBelow(window.surface);
    window.surface.commit();
    fixture.frames();
    expect(fixture.pixel(45, 45)).toBe(RED);
    sub.placeAbove(window.surface);
    window.surface.commit();
    fixture.compositor.shell.move(fixture.compositor.shell.windows[0]!, 100, 100);
    fixture.frames();
    expect(fixture.pixel(115, 115)).toBe(GREEN);
    expect(fixture.pixel(45, 45)).not.toBe(GREEN);
  });
});

test('only what changed is painted, and an idle screen sets no timer', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(100, 100, RED);
    fixture.frames();
    const painted = (): number => fixture.compositor.stats().desktop.outputs[0]?.paintedPixels ?? 0;
    const before = painted();
    window.surface.attach(client.buffer(100, 100, GREEN), 0, 0);
    window.surface.damageBuffer(10, 20, 30, 5);
    window.surface.commit();
    fixture.frames();
    expect(painted() - before).toBe(30 * 5);
    expect(fixture.pixel(45, 53)).toBe(GREEN);
    expect(fixture.pixel(80, 80)).toBe(RED);
    expect(fixture.compositor.outputs[0]?.clock.idle).toBe(true);
    expect(painted() - before).toBe(150);
  });
});

test('a frame callback without damage comes at the vertical blank, without painting', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(50, 50);
    fixture.frames();
    const before = fixture.compositor.stats().desktop.outputs[0];
    let done = 0;
    window.surface.frame().handler = { done: () => done++ };
    window.surface.commit();
    fixture.settle();
    expect(done).toBe(0);
    fixture.frames();
    expect(done).toBe(1);
    const after = fixture.compositor.stats().desktop.outputs[0];
    expect(after?.paintedPixels).toBe(before?.paintedPixels);
    expect((after?.frames ?? 0) - (before?.frames ?? 0)).toBe(1);
  });
});

test('alpha means nothing in the opaque region; where it counts what is below is seen, never the frame before', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(40, 40, GREEN);
    fixture.frames();
    const fd = new OwnedFd(native.memfdCreate('transparent', 0));
    client.pools.push(fd);
    native.ftruncate(fd.fd, 40 * 40 * 4);
    const pool = client.shm.createPool(fd.fd, 40 * 40 * 4);
    const region = client.compositor.createRegion();
    region.add(0, 0, 20, 40);
    window.surface.setOpaqueRegion(region);
    window.surface.attach(pool.createBuffer(0, 40, 40, 160, ARGB8888), 0, 0);
    window.surface.damageBuffer(0, 0, 40, 40);
    window.surface.commit();
    fixture.frames();
    expect(fixture.pixel(33, 50)).toBe(0);
    expect(fixture.pixel(51, 50)).toBe(0);
    const background = fixture.pixel(0, 0);
    expect(fixture.pixel(52, 50)).toBe(background);
    expect(fixture.pixel(71, 50)).toBe(background);
  });
});

test('what lies below something opaque is not drawn', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    client.openWindow(100, 100, RED);
    fixture.frames();
    const painted = (): number => fixture.compositor.stats().desktop.outputs[0]?.paintedPixels ?? 0;
    const before = painted();
    const above = client.openWindow(100, 100, GREEN);
    fixture.compositor.shell.move(fixture.compositor.shell.windows[1]!, 32, 32);
    fixture.frames();
    expect(painted() - before).toBe(100 * 100);
    expect(above.surface.alive).toBe(true);
  });
});

test('a truncated pool costs its client the buffer, nobody else anything', () => {
  withDesktop({}, (fixture) => {
    const bystander = fixture.connect();
    const good = bystander.openWindow(30, 30, BLUE);
    const client = fixture.connect();
    const window = client.openWindow(100, 100, RED);
    const buffer = client.buffer(100, 100, GREEN);
    window.surface.attach(buffer, 0, 0);
    window.surface.damageBuffer(0, 0, 100, 100);
    window.surface.commit();
    fixture.settle();
    native.ftruncate(client.pools.at(-1)?.fd ?? -1, 0);
    fixture.frames();
    bystander.draw(good, 30, 30, GREEN);
    fixture.frames();
    expect(fixture.pixel(40, 40)).toBe(GREEN);
    expect(bystander.error).toBeUndefined();
  });
});

test('a screenshot is the picture', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    client.openWindow(50, 50, 0x123456);
    fixture.frames();
    const png = fixture.compositor.desktop.screenshot();
    const picture = PNG.sync.read(png ?? Buffer.alloc(0));
    expect([picture.width, picture.height]).toEqual([400, 300]);
    const at = 4 * (40 * 400 + 40);
    expect([...picture.data.subarray(at, at + 4)]).toEqual([0x12, 0x34, 0x56, 0xff]);
  });
});

test('a still window is not presented again with its neighbour’s frames', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    client.openWindow(40, 40, RED);
    const moving = client.openWindow(40, 40, GREEN);
    fixture.frames();
    for (let round = 0; round < 3; round++) {
      client.draw(moving, 40, 40, round % 2 === 0 ? BLUE : GREEN);
      fixture.frames();
    }
    const frames = [...fixture.compositor.surfaces].map((surface) => surface.framesPresented);
    expect(frames).toEqual([1, 4]);
  });
});
