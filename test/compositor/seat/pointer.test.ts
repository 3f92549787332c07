import { expect, test } from 'vitest';
import { WlSeatProxy } from '../../../protocols/generated/wayland.client.ts';
import { withDesktop } from '../../support/desktop-fixture.ts';
import { BUTTON_LEFT } from '../../support/shell-client.ts';

const BUTTON_RIGHT = 273;

test('enter, motion, leave with surface-local coordinates, each closed by a frame', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(100, 80);
    client.seen.length = 0;
    const { pointer } = fixture.compositor.seat;
    pointer.moveTo(42, 52);
    pointer.moveTo(43.5, 52);
    pointer.moveTo(0, 0);
    fixture.settle();
    expect(client.seen).toEqual([
      `enter ${window.surface.id} 10,20`,
      'frame',
      'motion 11.5,20',
      'frame',
      `leave ${window.surface.id}`,
      'frame',
    ]);
  });
});

test('from one window straight to the other: leave, then enter', () => {
  withDesktop({}, (fixture) => {
    const first = fixture.connect();
    const firstWindow = first.openWindow(50, 50);
    const second = fixture.connect();
    const secondWindow = second.openWindow(50, 50);
    fixture.compositor.shell.move(fixture.compositor.shell.windows[1]!, 200, 32);
    const { pointer } = fixture.compositor.seat;
    pointer.moveTo(40, 40);
    fixture.settle();
    first.take();
    second.take();
    pointer.moveTo(210, 40);
    fixture.settle();
    expect(first.take()).toEqual([`leave ${firstWindow.surface.id}`]);
    expect(second.take()).toEqual([`enter ${secondWindow.surface.id} 10,8`]);
  });
});

test('while a button is down the surface keeps the pointer, outside of it too', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(50, 50);
    const { pointer } = fixture.compositor.seat;
    pointer.moveTo(40, 40);
    fixture.settle();
    client.take();
    pointer.button(BUTTON_LEFT, true);
    pointer.button(BUTTON_RIGHT, true);
    pointer.moveTo(132, 32);
    pointer.button(BUTTON_LEFT, false);
    fixture.settle();
    expect(client.take()).toEqual([
      `button ${BUTTON_LEFT} 1`,
      `button ${BUTTON_RIGHT} 1`,
      'motion 100,0',
      `button ${BUTTON_LEFT} 0`,
    ]);
    pointer.button(BUTTON_RIGHT, false);
    fixture.settle();
    expect(client.take()).toEqual([`button ${BUTTON_RIGHT} 0`, `leave ${window.surface.id}`]);
  });
});

test('a repeated press or release is ignored', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    client.openWindow(50, 50);
    const { pointer } = fixture.compositor.seat;
    pointer.moveTo(40, 40);
    fixture.settle();
    client.take();
    pointer.button(BUTTON_LEFT, false);
    pointer.button(BUTTON_LEFT, true);
    pointer.button(BUTTON_LEFT, true);
    fixture.settle();
    expect(client.take()).toEqual([`button ${BUTTON_LEFT} 1`]);
  });
});

test('a wheel step: source, value120 and axis in one frame', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    client.openWindow(50, 50);
    const { pointer } = fixture.compositor.seat;
    pointer.moveTo(40, 40);
    fixture.settle();
    client.seen.length = 0;
    pointer.axis([{ axis: 0, value: 15, value120: 120, source: 0 }]);
    pointer.axis([{ axis: 1, value: 0, source: 1, stop: true }]);
    fixture.settle();
    expect(client.seen).toEqual([
      'source 0',
      'value120 0 120',
      'axis 0 15',
      'frame',
      'source 1',
      'stop 1',
      'frame',
    ]);
  });
});

test('parts of a detent: version 8 gets each, older ones whole detents when they are', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    client.openWindow(100, 100);
    fixture.compositor.seat.pointer.moveTo(50, 50);
    const seen: string[] = [];
    for (const version of [8, 7, 1]) {
      client.bind(WlSeatProxy, version).getPointer().handler = {
        axisDiscrete: (_, axis, steps) => seen.push(`${version}: discrete ${axis} ${steps}`),
        axisValue120: (_, axis, value) => seen.push(`${version}: value120 ${axis} ${value}`),
        axis: (_, __, axis, value) => seen.push(`${version}: axis ${axis} ${value}`),
      };
    }
    fixture.settle();
    const scroll = (value120: number): string[] => {
      const { pointer } = fixture.compositor.seat;
      pointer.axis([{ axis: 0, value: value120 / 8, value120, source: 0 }]);
      fixture.settle();
      return seen.splice(0);
    };
    expect(scroll(80)).toEqual(['8: value120 0 80', '8: axis 0 10']);
    expect(scroll(80)).toEqual([
      '8: value120 0 80',
      '8: axis 0 10',
      '7: discrete 0 1',
      '7: axis 0 15',
      '1: axis 0 15',
    ]);
    // 40 are open, and not taken against the other direction.
    expect(scroll(-120)).toEqual([
      '8: value120 0 -120',
      '8: axis 0 -15',
      '7: discrete 0 -1',
      '7: axis 0 -15',
      '1: axis 0 -15',
    ]);
  });
});

test('a surface that moves below the pointer is a warp, for older objects a motion', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    client.openWindow(100, 100);
    fixture.compositor.seat.pointer.moveTo(60, 60);
    const older: string[] = [];
    client.bind(WlSeatProxy, 10).getPointer().handler = {
      motion: (_, __, x, y) => older.push(`motion ${x},${y}`),
    };
    fixture.frames();
    client.take();
    const [toplevel] = fixture.compositor.shell.windows;
    if (!toplevel) throw new Error('no window');
    fixture.compositor.shell.move(toplevel, 20, 10);
    fixture.frames();
    expect(client.take()).toEqual(['warp 40,50']);
    expect(older).toEqual(['motion 40,50']);
  });
});

test('version 7 gets whole steps, version 4 the axis alone', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    client.openWindow(50, 50);
    const seen: string[] = [];
    for (const version of [7, 4]) {
      const pointer = client.bind(WlSeatProxy, version).getPointer();
      pointer.handler = {
        axisSource: (_, source) => seen.push(`${version}: source ${source}`),
        axisDiscrete: (_, axis, steps) => seen.push(`${version}: discrete ${axis} ${steps}`),
        axisValue120: () => seen.push(`${version}: value120`),
        axis: (_, __, axis, value) => seen.push(`${version}: axis ${axis} ${value}`),
      };
    }
    fixture.settle();
    fixture.compositor.seat.pointer.moveTo(40, 40);
    fixture.compositor.seat.pointer.axis([{ axis: 0, value: 30, value120: 240, source: 0 }]);
    fixture.settle();
    expect(seen).toEqual(['7: source 0', '7: discrete 0 2', '7: axis 0 30', '4: axis 0 30']);
  });
});

test('where the input region has a hole the pointer reaches what is below', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const below = client.openWindow(100, 100);
    const above = client.openWindow(100, 100);
    const [first, second] = fixture.compositor.shell.windows;
    fixture.compositor.shell.move(second!, first!.x, first!.y);
    const region = client.compositor.createRegion();
    region.add(0, 0, 100, 50);
    above.surface.setInputRegion(region);
    above.surface.commit();
    fixture.settle();
    client.take();
    fixture.compositor.seat.pointer.moveTo(40, 40);
    fixture.compositor.seat.pointer.moveTo(40, 100);
    fixture.settle();
    expect(client.take()).toEqual([
      `enter ${above.surface.id} 8,8`,
      `leave ${above.surface.id}`,
      `enter ${below.surface.id} 8,68`,
    ]);
  });
});

test('a window that appears under the pointer is entered at the next frame', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    fixture.compositor.seat.pointer.moveTo(50, 50);
    const window = client.openWindow(60, 60);
    fixture.frames();
    expect(client.take()).toContain(`enter ${window.surface.id} 18,18`);
    client.display.close();
    fixture.frames();
    expect(fixture.compositor.seat.pointer.focus).toBeNull();
  });
});

test('the pointer stays on the outputs', () => {
  withDesktop({}, (fixture) => {
    const { pointer } = fixture.compositor.seat;
    pointer.moveBy(-50, 1e9);
    expect([pointer.x, pointer.y]).toEqual([0, 299]);
  });
});

test('the cursor surface is drawn at its hot spot, while its client has the pointer', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    client.openWindow(100, 100, 0x111111);
    const { pointer } = fixture.compositor.seat;
    pointer.moveTo(60, 60);
    fixture.settle();
    const cursor = client.compositor.createSurface();
    client.pointer.setCursor(client.serials.enter, cursor, 2, 3);
    cursor.attach(client.buffer(8, 8, 0xff00ff), 0, 0);
    cursor.commit();
    fixture.frames();
    expect(fixture.pixel(58, 57)).toBe(0xff00ff);
    expect(fixture.pixel(57, 57)).toBe(0x111111);
    pointer.moveTo(80, 80);
    fixture.frames();
    expect(fixture.pixel(58, 57)).toBe(0x111111);
    expect(fixture.pixel(78, 77)).toBe(0xff00ff);
    pointer.moveTo(5, 5);
    fixture.frames();
    expect(fixture.pixel(4, 4)).not.toBe(0xff00ff);
  });
});

test('what a commit puts below the pointer is entered at once, not with the next frame', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(100, 100);
    fixture.compositor.seat.pointer.moveTo(82, 82);
    fixture.settle();
    client.take();
    const empty = client.compositor.createRegion();
    window.surface.setInputRegion(empty);
    window.surface.commit();
    fixture.settle();
    expect(client.take()).toEqual([`leave ${window.surface.id}`]);
    window.surface.setInputRegion(null);
    window.surface.commit();
    fixture.settle();
    expect(client.take()).toEqual([`enter ${window.surface.id} 50,50`]);
  });
});
