/** zwp_primary_selection_device_manager_v1 1 (primary-selection-unstable-v1.xml): select to copy, middle click to paste. */
import {
  ZwpPrimarySelectionDeviceManagerV1,
  ZwpPrimarySelectionDeviceV1,
  ZwpPrimarySelectionOfferV1,
  ZwpPrimarySelectionSourceV1,
} from '../../protocols/generated/wp-primary-selection-unstable-v1.server.ts';
import type {
  ZwpPrimarySelectionDeviceV1Resource,
  ZwpPrimarySelectionSourceV1Resource,
} from '../../protocols/generated/wp-primary-selection-unstable-v1.server.ts';
import type { Display } from '../../protocols/server/display.ts';
import type { Seat } from '../seat/seat.ts';
import { ClientResources } from '../seat/client-resources.ts';
import { MimeTypes } from '../seat/mime-types.ts';
import { passWriteEnd, Selection, type TransferSource } from '../seat/selection.ts';

const VERSION = 1;

export function createPrimarySelectionGlobal(display: Display, seat: Seat): Selection {
  const devices = new ClientResources<ZwpPrimarySelectionDeviceV1Resource>();
  const selection = new Selection(seat, (client, source) => {
    for (const device of devices.of(client)) announce(device, source);
  });
  display.createGlobal(ZwpPrimarySelectionDeviceManagerV1, VERSION, (manager) => {
    manager.handler = {
      createSource: (_, resource) => {
        const source = createSource(resource);
        resource.addDestroyListener(() => selection.gone(source));
      },
      getDevice: (_, device) => {
        devices.add(device);
        device.handler = {
          setSelection: (_device, resource, serial) => {
            const source = resource && (resource.data as TransferSource);
            selection.request(device.client, source, serial);
          },
          destroy: () => undefined,
        };
        if (seat.keyboard.focus?.client === device.client && selection.source) {
          announce(device, selection.source);
        }
      },
      destroy: () => undefined,
    };
  });
  return selection;
}

function createSource(resource: ZwpPrimarySelectionSourceV1Resource): TransferSource {
  const mimeTypes = new MimeTypes(resource.client);
  const source: TransferSource = {
    client: resource.client,
    mimeTypes,
    send: (mimeType, fd) =>
      passWriteEnd(resource.client, fd, (writeFd) =>
        ZwpPrimarySelectionSourceV1.sendSend(resource, mimeType, writeFd),
      ),
    cancel: () => ZwpPrimarySelectionSourceV1.sendCancelled(resource),
  };
  resource.data = source;
  resource.handler = {
    offer: (_, mimeType) => mimeTypes.add(mimeType),
    destroy: () => undefined,
  };
  resource.addDestroyListener(() => mimeTypes.release());
  return source;
}

function announce(
  device: ZwpPrimarySelectionDeviceV1Resource,
  source: TransferSource | null,
): void {
  if (!source) {
    ZwpPrimarySelectionDeviceV1.sendSelection(device, null);
    return;
  }
  const offer = ZwpPrimarySelectionDeviceV1.sendDataOffer(device);
  offer.handler = {
    receive: (_, mimeType, fd) => source.send(mimeType, fd),
    destroy: () => undefined,
  };
  for (const mimeType of source.mimeTypes) ZwpPrimarySelectionOfferV1.sendOffer(offer, mimeType);
  ZwpPrimarySelectionDeviceV1.sendSelection(device, offer);
}
