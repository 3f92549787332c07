/** Clients that die in the middle of something: everybody else goes on, and the seat is free. */
import { expect, test } from 'vitest';
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import {
  WlDataDeviceManagerProxy,
  WlSubcompositorProxy,
} from '../../protocols/generated/wayland.client.ts';
import { ZwpPointerConstraintsV1Proxy } from '../../protocols/generated/pointer-constraints-unstable-v1.client.ts';
import { Bystander, type Case, judge, pressNewest } from '../support/bystander.ts';
import { withDesktop } from '../support/desktop-fixture.ts';
import { BUTTON_LEFT, type TestWindow } from '../support/shell-client.ts';

test('a client that dies in the middle of a message', () => {
  withDesktop({}, (fixture) => {
    const bystander = new Bystander(fixture);
    const [serverFd, clientFd] = native.socketPair();
    fixture.compositor.display.connect(new OwnedFd(serverFd));
    // wl_display.get_registry, cut off after its header.
    const half = new Uint8Array(Uint32Array.of(1, (12 << 16) | 1).buffer);
    native.sendmsg(clientFd, half, 0, half.byteLength, new Int32Array(1), 0);
    fixture.settle();
    native.close(clientFd);
    fixture.settle();
    expect(fixture.compositor.display.clients.size).toBe(1);
    bystander.expectUnharmed(fixture);
  });
});

test('a client that dies between attach and commit, in the middle of a tree', () => {
  judge(({ fixture, client }) => {
    const window = client.openWindow(50, 50);
    const subcompositor = client.bind(WlSubcompositorProxy);
    let parent = window.surface;
    for (let depth = 0; depth < 5; depth++) {
      const child = client.compositor.createSurface();
      subcompositor.getSubsurface(child, parent);
      child.attach(client.buffer(10, 10), 0, 0);
      child.frame();
      child.commit();
      parent = child;
    }
    window.surface.attach(client.buffer(50, 50), 0, 0);
    window.surface.frame();
    fixture.settle();
    client.close();
    fixture.settle();
  });
});

/** What is under way when the client dies; the button is down on its window. */
const MOMENTS: Readonly<Record<string, (scene: Case, window: TestWindow) => void>> = {
  press: () => undefined,
  move: ({ client }, { toplevel }) => toplevel.move(client.seat, client.serials.press),
  resize: ({ client }, { toplevel }) => toplevel.resize(client.seat, client.serials.press, 8),
  touch: ({ fixture }) => fixture.compositor.seat.touch.down(0, 20, 20),
  drag: ({ client }, { surface }) => {
    const manager = client.bind(WlDataDeviceManagerProxy);
    const source = manager.createDataSource();
    manager.getDataDevice(client.seat).startDrag(source, surface, null, client.serials.press);
  },
  lock: ({ client }, { surface }) => {
    const persistent = 2;
    client
      .bind(ZwpPointerConstraintsV1Proxy)
      .lockPointer(surface, client.pointer, null, persistent);
  },
  'popup grab': ({ fixture, client }, { xdgSurface }) => {
    const popup = client.createPopup(xdgSurface, client.positioner(9, 9, [0, 0, 1, 1]));
    popup.popup.grab(client.seat, client.serials.press);
    popup.surface.commit();
    fixture.settle();
    client.draw(popup, 9, 9);
  },
};

test.each(Object.entries(MOMENTS))('a client that dies in the middle of a %s', (moment, begin) => {
  withDesktop({}, (fixture) => {
    const bystander = new Bystander(fixture);
    const client = fixture.connect();
    const window = client.openWindow(100, 100);
    const { pointer, touch } = fixture.compositor.seat;
    const [, toplevel] = fixture.compositor.shell.windows;
    if (toplevel) fixture.compositor.shell.move(toplevel, 0, 0);
    pressNewest(fixture);
    begin({ fixture, client }, window);
    fixture.settle();
    pointer.moveBy(3, 3);
    fixture.settle();
    client.close();
    fixture.settle();
    if (moment === 'touch') touch.up(0);
    pointer.button(BUTTON_LEFT, false);
    pointer.moveTo(360, 260);
    fixture.settle();
    expect(pointer.focus?.client).toBe([...fixture.compositor.display.clients][0]);
    expect(fixture.compositor.seat.keyboard.focus).toBe(pointer.focus);
    bystander.expectUnharmed(fixture);
  });
});
