/** Copy and paste, drag and drop, primary selection: between two clients, with the bytes arriving. */
import { readSync } from 'node:fs';
import { expect, test } from 'vitest';
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import {
  WlDataDeviceManagerProxy,
  type WlDataDeviceProxy,
  type WlDataOfferProxy,
  type WlDataSourceProxy,
} from '../../../protocols/generated/wayland.client.ts';
import {
  WlDataDeviceError,
  WlDataOfferError,
  WlDataSourceError,
} from '../../../protocols/generated/wayland.interfaces.ts';
import {
  ZwpPrimarySelectionDeviceManagerV1Proxy,
  type ZwpPrimarySelectionOfferV1Proxy,
} from '../../../protocols/generated/wp-primary-selection-unstable-v1.client.ts';
import { withDescriptors } from '../../support/few-descriptors.ts';
import { withDesktop, type DesktopFixture } from '../../support/desktop-fixture.ts';
import type { ShellClient } from '../../support/shell-client.ts';

const BUTTON_LEFT = 272;
const COPY = 1;
const MOVE = 2;
const TEXT = 'text/plain';

interface Transfer {
  readonly manager: WlDataDeviceManagerProxy;
  readonly device: WlDataDeviceProxy;
  readonly seen: string[];
  offer: WlDataOfferProxy | null;
}

function transferOf(client: ShellClient): Transfer {
  const manager = client.bind(WlDataDeviceManagerProxy);
  const device = manager.getDataDevice(client.seat);
  const transfer: Transfer = { manager, device, seen: [], offer: null };
  device.handler = {
    dataOffer: (_, offer) => {
      offer.handler = {
        offer: (_offer, mimeType) => transfer.seen.push(`offer ${mimeType}`),
        sourceActions: (_offer, actions) => transfer.seen.push(`source actions ${actions}`),
        action: (_offer, action) => transfer.seen.push(`action ${action}`),
      };
    },
    selection: (_, offer) => {
      transfer.offer = offer;
      transfer.seen.push(offer ? 'selection' : 'no selection');
    },
    enter: (_, __, surface, x, y, offer) => {
      transfer.offer = offer;
      transfer.seen.push(`enter ${surface?.id} ${x},${y}${offer ? '' : ' nothing'}`);
    },
    motion: (_, __, x, y) => transfer.seen.push(`motion ${x},${y}`),
    leave: () => transfer.seen.push('leave'),
    drop: () => transfer.seen.push('drop'),
  };
  return transfer;
}

function sourceOf(
  transfer: Transfer,
  text: string,
  actions?: number,
): { source: WlDataSourceProxy; seen: string[] } {
  const source = transfer.manager.createDataSource();
  const seen: string[] = [];
  source.offer(TEXT);
  if (actions !== undefined) source.setActions(actions);
  source.handler = {
    send: (_, mimeType, fd) => {
      seen.push(`send ${mimeType}`);
      native.sendmsg(fd.fd, Buffer.from(text), 0, text.length, new Int32Array(1), 0);
      fd.close();
    },
    target: (_, mimeType) => seen.push(`target ${mimeType}`),
    action: (_, action) => seen.push(`action ${action}`),
    cancelled: () => seen.push('cancelled'),
    dndDropPerformed: () => seen.push('performed'),
    dndFinished: () => seen.push('finished'),
  };
  return { source, seen };
}

/** Asks for the data over a socket pair and gives what arrived. */
function receive(fixture: DesktopFixture, ask: (fd: number) => void): string {
  const [readFd, writeFd] = native.socketPair();
  using reader = new OwnedFd(readFd);
  const writer = new OwnedFd(writeFd);
  ask(writer.fd);
  fixture.settle();
  writer.close();
  fixture.settle();
  const bytes = new Uint8Array(100);
  const count = native.recvmsg(reader.fd, bytes, 0, bytes.length, new Int32Array(254));
  return Buffer.from(bytes.subarray(0, Math.max(0, count))).toString();
}

test('what one client copies the other pastes once it has the keyboard', () => {
  withDesktop({}, (fixture) => {
    const from = fixture.connect();
    const fromTransfer = transferOf(from);
    from.openWindow(30, 30);
    const { source, seen } = sourceOf(fromTransfer, 'hello');
    fromTransfer.device.setSelection(source, from.serials.key);
    fixture.settle();
    const to = fixture.connect();
    const toTransfer = transferOf(to);
    fixture.settle();
    expect(toTransfer.seen).toEqual([]);
    to.openWindow(30, 30);
    expect(toTransfer.seen).toEqual([`offer ${TEXT}`, 'selection']);
    expect(receive(fixture, (fd) => toTransfer.offer?.receive(TEXT, fd))).toBe('hello');
    expect(seen).toEqual([`send ${TEXT}`]);
  });
});

test('a newer selection cancels the older; a client without the keyboard cannot set one', () => {
  withDesktop({}, (fixture) => {
    const background = fixture.connect();
    const backgroundTransfer = transferOf(background);
    background.openWindow(30, 30);
    const client = fixture.connect();
    const transfer = transferOf(client);
    client.openWindow(30, 30);
    const first = sourceOf(transfer, 'first');
    const second = sourceOf(transfer, 'second');
    const refused = sourceOf(backgroundTransfer, 'refused');
    transfer.device.setSelection(first.source, 0);
    transfer.device.setSelection(second.source, 0);
    fixture.settle();
    backgroundTransfer.device.setSelection(refused.source, 0);
    fixture.settle();
    expect([first.seen, second.seen, refused.seen]).toEqual([['cancelled'], [], ['cancelled']]);
    client.display.close();
    fixture.settle();
    expect(backgroundTransfer.seen).toEqual(expect.arrayContaining(['no selection']));
  });
});

test('who lost the keyboard while copying still copies, unless another one has copied since', () => {
  withDesktop({}, (fixture) => {
    const { keyboard } = fixture.compositor.seat;
    const press = (): void => {
      keyboard.key(46, true);
      keyboard.key(46, false);
      fixture.settle();
    };
    const first = fixture.connect();
    const firstTransfer = transferOf(first);
    first.openWindow(30, 30);
    press();
    const second = fixture.connect();
    const secondTransfer = transferOf(second);
    second.openWindow(30, 30);
    const copied = sourceOf(firstTransfer, 'copied');
    firstTransfer.device.setSelection(copied.source, first.serials.key);
    fixture.settle();
    expect(copied.seen).toEqual([]);
    expect(secondTransfer.seen.slice(-2)).toEqual([`offer ${TEXT}`, 'selection']);

    const foreign = sourceOf(firstTransfer, 'foreign');
    press();
    firstTransfer.device.setSelection(foreign.source, second.serials.key);
    const newer = sourceOf(secondTransfer, 'newer');
    secondTransfer.device.setSelection(newer.source, second.serials.key);
    fixture.settle();
    const late = sourceOf(firstTransfer, 'late');
    firstTransfer.device.setSelection(late.source, first.serials.key);
    fixture.settle();
    expect([copied.seen, foreign.seen, newer.seen, late.seen]).toEqual([
      ['cancelled'],
      ['cancelled'],
      [],
      ['cancelled'],
    ]);
  });
});

test('a source is used once', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const transfer = transferOf(client);
    client.openWindow(30, 30);
    const { source } = sourceOf(transfer, 'once');
    transfer.device.setSelection(source, 0);
    transfer.device.setSelection(source, 0);
    fixture.settle();
    expect(client.error).toEqual({
      interface: 'wl_data_device',
      code: WlDataDeviceError.usedSource,
    });
  });
});

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

test('an offer of the selection knows no actions', () => {
  withDesktop({}, (fixture) => {
    const from = fixture.connect();
    const transfer = transferOf(from);
    from.openWindow(30, 30);
    transfer.device.setSelection(sourceOf(transfer, 'text').source, 0);
    fixture.settle();
    const to = fixture.connect();
    const toTransfer = transferOf(to);
    to.openWindow(30, 30);
    toTransfer.offer?.setActions(COPY, COPY);
    fixture.settle();
    expect(to.error).toEqual({ interface: 'wl_data_offer', code: WlDataOfferError.invalidOffer });
  });
});

test.each<[string, number, (transfer: Transfer) => void]>([
  [
    'actions that do not exist',
    WlDataSourceError.invalidActionMask,
    ({ manager }) => manager.createDataSource().setActions(64),
  ],
  [
    'actions set twice',
    WlDataSourceError.invalidSource,
    ({ manager }) => {
      const source = manager.createDataSource();
      source.setActions(COPY);
      source.setActions(COPY);
    },
  ],
  [
    'a selection with actions',
    WlDataSourceError.invalidSource,
    ({ manager, device }) => {
      const source = manager.createDataSource();
      source.setActions(COPY);
      device.setSelection(source, 0);
    },
  ],
])('source errors: %s', (_, code, mistake) => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const transfer = transferOf(client);
    client.openWindow(30, 30);
    mistake(transfer);
    fixture.settle();
    expect(client.error).toEqual({ interface: 'wl_data_source', code });
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

test('primary selection', () => {
  withDesktop({}, (fixture) => {
    const from = fixture.connect();
    from.openWindow(30, 30);
    const manager = from.bind(ZwpPrimarySelectionDeviceManagerV1Proxy);
    const source = manager.createSource();
    source.offer(TEXT);
    source.handler = {
      send: (_, __, fd) => {
        native.sendmsg(fd.fd, Buffer.from('primary'), 0, 7, new Int32Array(1), 0);
        fd.close();
      },
    };
    manager.getDevice(from.seat).setSelection(source, 0);
    fixture.settle();
    const to = fixture.connect();
    let offer: ZwpPrimarySelectionOfferV1Proxy | null = null;
    to.bind(ZwpPrimarySelectionDeviceManagerV1Proxy).getDevice(to.seat).handler = {
      selection: (_, offered) => {
        offer = offered;
      },
    };
    to.openWindow(30, 30);
    const pasted = receive(fixture, (fd) => offer?.receive(TEXT, fd));
    expect(pasted).toBe('primary');
  });
});

test('a paste whose descriptor cannot be sent on is empty', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    client.openWindow(100, 80);
    const transfer = transferOf(client);
    const { source } = sourceOf(transfer, 'text');
    transfer.device.setSelection(source, client.serials.press);
    fixture.settle();
    const [readFd, writeFd] = native.pipe();
    transfer.offer?.receive(TEXT, writeFd);
    client.display.flush();
    native.close(writeFd);
    // One for what arrives, none to send it on with.
    withDescriptors(1, () => fixture.settle());
    expect(readSync(readFd, new Uint8Array(8))).toBe(0);
    native.close(readFd);
    expect(client.error).toBeUndefined();
  });
});
