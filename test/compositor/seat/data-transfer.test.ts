/** Copy and paste, and the primary selection: between two clients, with the bytes arriving. */
import { readSync } from 'node:fs';
import { expect, test } from 'vitest';
import { native } from '../../../native/binding.ts';
import {
  WlDataDeviceError,
  WlDataOfferError,
  WlDataSourceError,
} from '../../../protocols/generated/wayland.interfaces.ts';
import {
  ZwpPrimarySelectionDeviceManagerV1Proxy,
  type ZwpPrimarySelectionOfferV1Proxy,
} from '../../../protocols/generated/wp-primary-selection-unstable-v1.client.ts';
import {
  COPY,
  receive,
  sourceOf,
  TEXT,
  type Transfer,
  transferOf,
} from '../../support/data-transfer-client.ts';
import { withDescriptors } from '../../support/few-descriptors.ts';
import { withDesktop } from '../../support/desktop-fixture.ts';

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
