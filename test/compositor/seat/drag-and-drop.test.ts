/** Drag and drop between two clients, with the bytes arriving. */
import { expect, test } from 'vitest';
import type { WlDataOfferProxy } from '../../../protocols/generated/wayland.client.ts';
import {
  WlDataDeviceError,
  WlDataOfferError,
} from '../../../protocols/generated/wayland.interfaces.ts';
import {
  COPY,
  MOVE,
  receive,
  sourceOf,
  TEXT,
  transferOf,
} from '../../support/data-transfer-client.ts';
import { withDesktop, type DesktopFixture } from '../../support/desktop-fixture.ts';
import { BUTTON_LEFT } from '../../support/shell-client.ts';

function startDrag(fixture: DesktopFixture, actions: number) {
  const from = fixture.connect();
  const fromTransfer = transferOf(from);
  const origin = from.openWindow(50, 50);
  const to = fixture.connect();
  const toTransfer = transferOf(to);
  const target = to.openWindow(50, 50);
  fixture.compositor.shell.move(fixture.compositor.shell.windows[1]!, 200, 100);
  // Having had the keyboard, both know that there is nothing to paste.
  fromTransfer.seen.length = 0;
  toTransfer.seen.length = 0;
  const { pointer } = fixture.compositor.seat;
  pointer.moveTo(40, 40);
  pointer.button(BUTTON_LEFT, true);
  fixture.settle();
  const { source, seen } = sourceOf(fromTransfer, 'dragged', actions);
  const icon = from.compositor.createSurface();
  fromTransfer.device.startDrag(source, origin.surface, icon, from.serials.press);
  icon.attach(from.buffer(6, 6, 0xfedcba), 0, 0);
  icon.commit();
  fixture.settle();
  return { from, fromTransfer, to, toTransfer, target, origin, pointer, source, seen };
}

test('a drag: enter, actions agreed on, drop, data, finish; the icon follows the pointer', () => {
  withDesktop({}, (fixture) => {
    const drag = startDrag(fixture, COPY | MOVE);
    expect(drag.fromTransfer.seen.slice(-3)).toEqual([
      `offer ${TEXT}`,
      `enter ${drag.origin.surface.id} 8,8`,
      `source actions ${COPY | MOVE}`,
    ]);
    drag.pointer.moveTo(210, 120);
    fixture.frames();
    expect(fixture.pixel(212, 122)).toBe(0xfedcba);
    expect(drag.fromTransfer.seen.at(-1)).toBe('leave');
    expect(drag.toTransfer.seen).toEqual([
      `offer ${TEXT}`,
      `enter ${drag.target.surface.id} 10,20`,
      `source actions ${COPY | MOVE}`,
    ]);
    const { offer } = drag.toTransfer;
    offer?.accept(0, TEXT);
    offer?.setActions(COPY | MOVE, MOVE);
    fixture.settle();
    expect(drag.seen).toEqual([`target ${TEXT}`, `action ${MOVE}`]);
    drag.pointer.moveTo(211, 120);
    drag.pointer.button(BUTTON_LEFT, false);
    fixture.settle();
    expect(drag.toTransfer.seen.slice(-3)).toEqual([`action ${MOVE}`, 'motion 11,20', 'drop']);
    expect(receive(fixture, (fd) => offer?.receive(TEXT, fd))).toBe('dragged');
    offer?.finish();
    fixture.settle();
    expect(drag.seen.slice(2)).toEqual(['performed', `send ${TEXT}`, 'finished']);
    fixture.frames();
    expect(fixture.pixel(213, 122)).not.toBe(0xfedcba);
  });
});

test('dropped where nobody accepts, the drag is cancelled', () => {
  withDesktop({}, (fixture) => {
    const drag = startDrag(fixture, COPY);
    drag.pointer.moveTo(210, 120);
    drag.pointer.button(BUTTON_LEFT, false);
    fixture.settle();
    expect(drag.seen).toContain('cancelled');
    expect(drag.toTransfer.seen.at(-1)).toBe('leave');
    expect(fixture.compositor.seat.pointer.grabbed).toBe(false);
  });
});

test('the source’s client dies in the middle of its drag', () => {
  withDesktop({}, (fixture) => {
    const drag = startDrag(fixture, COPY);
    drag.pointer.moveTo(210, 120);
    drag.from.display.close();
    fixture.settle();
    expect(fixture.compositor.seat.pointer.grabbed).toBe(false);
    drag.pointer.button(BUTTON_LEFT, false);
    fixture.settle();
    expect(drag.to.error).toBeUndefined();
  });
});

test.each([
  [
    'actions that do not exist',
    WlDataOfferError.invalidActionMask,
    (offer: WlDataOfferProxy) => offer.setActions(64, 1),
  ],
  [
    'two preferred actions',
    WlDataOfferError.invalidAction,
    (offer: WlDataOfferProxy) => offer.setActions(3, 3),
  ],
  [
    'finish before the drop',
    WlDataOfferError.invalidFinish,
    (offer: WlDataOfferProxy) => offer.finish(),
  ],
])('offer errors: %s', (_, code, mistake) => {
  withDesktop({}, (fixture) => {
    const drag = startDrag(fixture, COPY | MOVE);
    drag.pointer.moveTo(210, 120);
    fixture.settle();
    if (drag.toTransfer.offer) mistake(drag.toTransfer.offer);
    fixture.settle();
    expect(drag.to.error).toEqual({ interface: 'wl_data_offer', code });
  });
});

test('a window is no drag icon', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const { manager, device } = transferOf(client);
    const { surface } = client.openWindow(30, 30);
    device.startDrag(manager.createDataSource(), surface, surface, 0);
    fixture.settle();
    expect(client.error).toEqual({ interface: 'wl_data_device', code: WlDataDeviceError.role });
  });
});
