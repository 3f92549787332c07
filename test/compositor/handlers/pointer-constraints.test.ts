/** Locked and confined pointers, relative motion, cursor shapes. */
import { expect, test } from 'vitest';
import {
  WpCursorShapeDeviceV1Error,
  WpCursorShapeDeviceV1Shape,
} from '../../../protocols/generated/cursor-shape-v1.interfaces.ts';
import { ZwpPointerConstraintsV1Error } from '../../../protocols/generated/pointer-constraints-unstable-v1.interfaces.ts';
import { WpCursorShapeManagerV1Proxy } from '../../../protocols/generated/cursor-shape-v1.client.ts';
import { ZwpPointerConstraintsV1Proxy } from '../../../protocols/generated/pointer-constraints-unstable-v1.client.ts';
import { ZwpRelativePointerManagerV1Proxy } from '../../../protocols/generated/relative-pointer-unstable-v1.client.ts';
import { WlSubcompositorProxy } from '../../../protocols/generated/wayland.client.ts';
import { withDesktop, type DesktopFixture } from '../../support/desktop-fixture.ts';
import type { ShellClient, TestWindow } from '../../support/shell-client.ts';

const ONESHOT = 1;
const PERSISTENT = 2;

function setUp(fixture: DesktopFixture) {
  const client = fixture.connect();
  const window = client.openWindow(100, 100);
  const constraints = client.bind(ZwpPointerConstraintsV1Proxy);
  const { pointer } = fixture.compositor.seat;
  pointer.moveTo(82, 82);
  fixture.settle();
  client.take();
  return { client, window, constraints, pointer };
}

function lock(
  client: ShellClient,
  window: TestWindow,
  constraints: ZwpPointerConstraintsV1Proxy,
  lifetime: 1 | 2,
) {
  const seen: string[] = [];
  const locked = constraints.lockPointer(window.surface, client.pointer, null, lifetime);
  locked.handler = { locked: () => seen.push('locked'), unlocked: () => seen.push('unlocked') };
  return { locked, seen };
}

test('a locked pointer stays, relative motion goes on', () => {
  withDesktop({}, (fixture) => {
    const { client, window, constraints, pointer } = setUp(fixture);
    const relative: string[] = [];
    client.bind(ZwpRelativePointerManagerV1Proxy).getRelativePointer(client.pointer).handler = {
      relativeMotion: (_, __, ___, dx, dy) => relative.push(`${dx},${dy}`),
    };
    const { locked, seen } = lock(client, window, constraints, PERSISTENT);
    fixture.settle();
    expect(seen).toEqual(['locked']);
    pointer.moveBy(30, -7.5);
    fixture.settle();
    expect([pointer.x, pointer.y]).toEqual([82, 82]);
    expect(client.take()).toEqual([]);
    expect(relative).toEqual(['30,-7.5']);
    locked.setCursorPositionHint(10, 20);
    locked.destroy();
    fixture.settle();
    expect([pointer.x, pointer.y]).toEqual([42, 52]);
    pointer.moveBy(1, 1);
    expect([pointer.x, pointer.y]).toEqual([43, 53]);
  });
});

test('of a device that reports places, a locked pointer tells each step, not the way from where it is held', () => {
  withDesktop({}, (fixture) => {
    const { client, window, constraints, pointer } = setUp(fixture);
    const relative: string[] = [];
    client.bind(ZwpRelativePointerManagerV1Proxy).getRelativePointer(client.pointer).handler = {
      relativeMotion: (_, __, ___, dx, dy) => relative.push(`${dx},${dy}`),
    };
    const { locked } = lock(client, window, constraints, PERSISTENT);
    fixture.settle();
    for (const x of [85, 88, 86]) pointer.moveTo(x, 82);
    locked.destroy();
    fixture.settle();
    for (const x of [87, 89]) pointer.moveTo(x, 82);
    fixture.settle();
    expect(relative).toEqual(['3,0', '3,0', '-2,0', '1,0', '2,0']);
    expect(pointer.x).toBe(89);
  });
});

test('a lock waits until the pointer is on its surface; a oneshot one holds once', () => {
  withDesktop({}, (fixture) => {
    const { client, window, constraints, pointer } = setUp(fixture);
    pointer.moveTo(300, 200);
    const { seen } = lock(client, window, constraints, ONESHOT);
    fixture.settle();
    expect(seen).toEqual([]);
    pointer.moveTo(50, 50);
    fixture.settle();
    expect(seen).toEqual(['locked']);
    window.surface.attach(null, 0, 0);
    window.surface.commit();
    fixture.frames();
    expect(seen).toEqual(['locked', 'unlocked']);
    pointer.moveTo(10, 10);
    expect([pointer.x, pointer.y]).toEqual([10, 10]);
  });
});

test('a confined pointer stays within the region', () => {
  withDesktop({}, (fixture) => {
    const { client, window, constraints, pointer } = setUp(fixture);
    const region = client.compositor.createRegion();
    region.add(40, 40, 20, 20);
    const confined = constraints.confinePointer(window.surface, client.pointer, region, PERSISTENT);
    let active = false;
    confined.handler = { confined: () => (active = true) };
    fixture.settle();
    expect(active).toBe(true);
    pointer.moveTo(300, 84);
    expect(pointer.x).toBe(32 + 59);
    expect(pointer.y).toBe(84);
    const smaller = client.compositor.createRegion();
    smaller.add(0, 0, 10, 10);
    confined.setRegion(smaller);
    fixture.settle();
    expect(pointer.y).toBe(84);
    window.surface.commit();
    fixture.settle();
    expect(pointer.y).toBeLessThan(42);
    expect(client.error).toBeUndefined();
  });
});

test('a constraint that ends after the next one began does not end that', () => {
  withDesktop({}, (fixture) => {
    const { client, window, constraints, pointer } = setUp(fixture);
    const surface = client.compositor.createSurface();
    client.bind(WlSubcompositorProxy).getSubsurface(surface, window.surface).setPosition(0, 0);
    surface.attach(client.buffer(20, 20), 0, 0);
    surface.commit();
    window.surface.commit();
    fixture.settle();
    // The older object is that of the surface which has the pointer later.
    lock(client, { ...window, surface }, constraints, PERSISTENT);
    const { seen } = lock(client, window, constraints, PERSISTENT);
    fixture.settle();
    expect(seen).toEqual(['locked']);
    pointer.warp(35, 36);
    fixture.settle();
    expect(seen).toEqual(['locked', 'unlocked']);
    pointer.moveBy(40, 40);
    expect([pointer.x, pointer.y]).toEqual([35, 36]);
  });
});

test('a second constraint on a surface is an error', () => {
  withDesktop({}, (fixture) => {
    const { client, window, constraints } = setUp(fixture);
    lock(client, window, constraints, ONESHOT);
    lock(client, window, constraints, ONESHOT);
    fixture.settle();
    expect(client.error).toEqual({
      interface: 'zwp_pointer_constraints_v1',
      code: ZwpPointerConstraintsV1Error.alreadyConstrained,
    });
  });
});

test('a cursor shape replaces the client’s image; a shape that does not exist is an error', () => {
  withDesktop({}, (fixture) => {
    const { client } = setUp(fixture);
    const device = client.bind(WpCursorShapeManagerV1Proxy).getPointer(client.pointer);
    device.setShape(client.serials.enter - 1, 4);
    fixture.settle();
    expect(fixture.compositor.desktop.cursor.shape).toBeNull();
    device.setShape(client.serials.enter, 4);
    fixture.settle();
    expect(fixture.compositor.desktop.cursor.shape).toBe(4);
    device.setShape(client.serials.enter, 999 as 1);
    fixture.settle();
    expect(client.error).toEqual({
      interface: 'wp_cursor_shape_device_v1',
      code: WpCursorShapeDeviceV1Error.invalidShape,
    });
  });
});

test('a shape of version 2 is none for an object of version 1', () => {
  withDesktop({}, (fixture) => {
    const { client } = setUp(fixture);
    const newer = client.bind(WpCursorShapeManagerV1Proxy).getPointer(client.pointer);
    newer.setShape(client.serials.enter, WpCursorShapeDeviceV1Shape.allResize);
    fixture.settle();
    const { cursor } = fixture.compositor.desktop;
    expect(cursor.shape).toBe(WpCursorShapeDeviceV1Shape.allResize);
    const older = client.bind(WpCursorShapeManagerV1Proxy, 1).getPointer(client.pointer);
    older.setShape(client.serials.enter, WpCursorShapeDeviceV1Shape.allResize);
    fixture.settle();
    expect(client.error?.code).toBe(WpCursorShapeDeviceV1Error.invalidShape);
  });
});

test('a lock ends when another window gets the keyboard, and begins again with it', () => {
  withDesktop({}, (fixture) => {
    const { client, window, constraints } = setUp(fixture);
    const { seen } = lock(client, window, constraints, PERSISTENT);
    fixture.settle();
    const other = client.openWindow(10, 10);
    const [first, second] = fixture.compositor.shell.windows;
    if (first && second) fixture.compositor.shell.move(second, 300, 200);
    fixture.settle();
    expect(seen).toEqual(['locked', 'unlocked']);
    fixture.compositor.shell.activate(first ?? null);
    fixture.compositor.display.flush();
    fixture.settle();
    expect(seen).toEqual(['locked', 'unlocked', 'locked']);
    expect(other.closes).toBe(0);
  });
});
