/** Copy and paste, drag and drop of a test client: what it is told, sources with a text, what arrives. */
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import {
  WlDataDeviceManagerProxy,
  type WlDataDeviceProxy,
  type WlDataOfferProxy,
  type WlDataSourceProxy,
} from '../../protocols/generated/wayland.client.ts';
import type { DesktopFixture } from './desktop-fixture.ts';
import type { ShellClient } from './shell-client.ts';

/** wl_data_device_manager.dnd_action. */
export const COPY = 1;
export const MOVE = 2;
export const TEXT = 'text/plain';

/** A client's data device, and all it was told, in order. */
export interface Transfer {
  readonly manager: WlDataDeviceManagerProxy;
  readonly device: WlDataDeviceProxy;
  readonly seen: string[];
  offer: WlDataOfferProxy | null;
}

/** Gives the client its data device. */
export function transferOf(client: ShellClient): Transfer {
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

/** A source that writes the text to whoever asks for it. */
export function sourceOf(
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
export function receive(fixture: DesktopFixture, ask: (fd: number) => void): string {
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
