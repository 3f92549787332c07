/** wl_data_device_manager 4 (wayland.xml): clipboard, and drag and drop. */
import {
  WlDataDevice,
  WlDataDeviceManager,
  WlDataOffer,
} from '../../protocols/generated/wayland.server.ts';
import type {
  WlDataDeviceResource,
  WlDataOfferResource,
  WlDataSourceResource,
  WlSurfaceResource,
} from '../../protocols/generated/wayland.server.ts';
import {
  WlDataDeviceError,
  WlDataOfferError,
} from '../../protocols/generated/wayland.interfaces.ts';
import type { Display } from '../../protocols/server/display.ts';
import { ProtocolError } from '../../protocols/server/protocol-error.ts';
import { ClientResources } from '../seat/client-resources.ts';
import { DataSource } from '../seat/data-source.ts';
import { Drag, DRAG_ICON_ROLE, DragIconRole } from '../seat/drag.ts';
import type { SceneRoot } from '../render/scene.ts';
import type { Seat } from '../seat/seat.ts';
import { Selection, type TransferSource } from '../seat/selection.ts';
import { Surface } from '../surface/surface.ts';

const VERSION = 4;

/** Where drags are seen and felt; the desktop is one. */
export interface DragScene {
  readonly seat: Seat;
  /** Draws above the windows and below the cursor. Returns the remover. */
  addOverlay(root: () => SceneRoot | null): () => void;
  sceneChanged(): void;
}

/** The clipboard of the scene's seat. */
export function createDataDeviceGlobal(display: Display, scene: DragScene): Selection {
  const transfers = new Transfers(scene);
  display.createGlobal(WlDataDeviceManager, VERSION, (manager) => {
    manager.handler = {
      createDataSource: (_, resource) => {
        const source: DataSource = new DataSource(resource, () => transfers.sourceGone(source));
      },
      getDataDevice: (_, device) => transfers.addDevice(device),
      release: () => undefined,
    };
  });
  return transfers.selection;
}

class Transfers {
  readonly selection: Selection;
  readonly #scene: DragScene;
  readonly #devices = new ClientResources<WlDataDeviceResource>();
  #drag: Drag | undefined;

  constructor(scene: DragScene) {
    this.#scene = scene;
    this.selection = new Selection(scene.seat, (client, source) => {
      for (const device of this.#devices.of(client)) announce(device, source);
    });
    scene.addOverlay(() => this.#drag?.iconRoot() ?? null);
  }

  addDevice(device: WlDataDeviceResource): void {
    this.#devices.add(device);
    device.handler = {
      setSelection: (_, source, serial) => this.#setSelection(device, source, serial),
      startDrag: (_, source, origin, icon, serial) =>
        this.#startDrag(device, source, origin, icon, serial),
      release: () => undefined,
    };
    const focus = this.#scene.seat.keyboard.focus;
    if (focus?.client === device.client && this.selection.source) {
      announce(device, this.selection.source);
    }
  }

  sourceGone(source: DataSource): void {
    this.selection.gone(source);
    if (this.#drag?.source === source) this.#drag.cancel();
  }

  #setSelection(
    device: WlDataDeviceResource,
    resource: WlDataSourceResource | null,
    serial: number,
  ): void {
    const source = resource && takeSource(device, resource);
    source?.use('selection');
    this.selection.request(device.client, source, serial);
  }

  #startDrag(
    device: WlDataDeviceResource,
    sourceResource: WlDataSourceResource | null,
    originResource: WlSurfaceResource,
    iconResource: WlSurfaceResource | null,
    serial: number,
  ): void {
    const source = sourceResource && takeSource(device, sourceResource);
    const origin = Surface.of(originResource);
    const icon = iconResource ? Surface.of(iconResource) : null;
    if (icon) takeIconRole(device, icon);
    const { seat } = this.#scene;
    source?.use('drag');
    if (this.#drag || !seat.pointer.holdsPress(device.client, serial)) {
      source?.cancel();
      return;
    }
    const drag = new Drag({
      seat,
      devices: this.#devices,
      source,
      origin,
      icon,
      ended: () => {
        this.#drag = undefined;
        this.#scene.sceneChanged();
      },
    });
    this.#drag = drag;
    drag.start();
  }
}

function takeSource(device: WlDataDeviceResource, resource: WlDataSourceResource): DataSource {
  const source = DataSource.of(resource);
  if (!source.used) return source;
  throw new ProtocolError(
    device,
    WlDataDeviceError.usedSource,
    `wl_data_source@${resource.id} was used before`,
  );
}

function takeIconRole(device: WlDataDeviceResource, icon: Surface): void {
  if (icon.role instanceof DragIconRole) return;
  if (!icon.canTakeRole(DRAG_ICON_ROLE)) {
    throw new ProtocolError(
      device,
      WlDataDeviceError.role,
      `wl_surface@${icon.id} has the role ${icon.roleName}`,
    );
  }
  icon.setRole(new DragIconRole());
}

/** A new offer of the selection, or none. */
function announce(device: WlDataDeviceResource, source: TransferSource | null): void {
  if (!source) {
    WlDataDevice.sendSelection(device, null);
    return;
  }
  const offer = WlDataDevice.sendDataOffer(device);
  offer.handler = {
    accept: () => undefined,
    receive: (_, mimeType, fd) => source.send(mimeType, fd),
    finish: () => {
      throw notDragged(offer, WlDataOfferError.invalidFinish);
    },
    setActions: () => {
      throw notDragged(offer, WlDataOfferError.invalidOffer);
    },
    destroy: () => undefined,
  };
  for (const mimeType of source.mimeTypes) WlDataOffer.sendOffer(offer, mimeType);
  WlDataDevice.sendSelection(device, offer);
}

function notDragged(offer: WlDataOfferResource, code: number): ProtocolError {
  return new ProtocolError(offer, code, 'the offer is of a selection, not of a drag');
}
