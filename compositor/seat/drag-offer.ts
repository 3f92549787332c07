/** A wl_data_offer of a drag: what its receiver would take, and what becomes of the data. */
import {
  WlDataDevice,
  WlDataOffer,
  WlDataSource,
} from '../../protocols/generated/wayland.server.ts';
import type {
  WlDataDeviceResource,
  WlDataOfferResource,
} from '../../protocols/generated/wayland.server.ts';
import {
  WlDataDeviceManagerDndAction,
  WlDataOfferError,
} from '../../protocols/generated/wayland.interfaces.ts';
import { ProtocolError } from '../../protocols/server/protocol-error.ts';
import { ALL_ACTIONS, type DataSource } from './data-source.ts';

const ACTIONS_SINCE = 3;
const NONE = WlDataDeviceManagerDndAction.none;

/** Hovering, then dropped or left; finished at most once. */
export class DragOffer {
  readonly resource: WlDataOfferResource;
  readonly #source: DataSource;
  #state: 'hovering' | 'dropped' | 'over' = 'hovering';
  #accepted: string | null = null;
  #actions: number = NONE;
  #preferred: number = NONE;
  #action: number = NONE;

  constructor(device: WlDataDeviceResource, source: DataSource) {
    this.#source = source;
    this.resource = WlDataDevice.sendDataOffer(device);
    this.resource.handler = {
      accept: (_, __, mimeType) => this.#accept(mimeType),
      receive: (_, mimeType, fd) => {
        if (this.#state !== 'over' && source.resource.alive) source.send(mimeType, fd);
        else fd.close();
      },
      finish: () => this.#finish(),
      setActions: (_, actions, preferred) => this.#setActions(actions, preferred),
      destroy: () => undefined,
    };
    this.resource.addDestroyListener(() => this.#destroyed());
    for (const mimeType of source.mimeTypes) WlDataOffer.sendOffer(this.resource, mimeType);
    // Before version 3 there is nothing to agree on: it is a copy.
    if (device.version < ACTIONS_SINCE) this.#actions = WlDataDeviceManagerDndAction.copy;
    this.#choose();
  }

  /** Whether a drop now would transfer something. */
  get willing(): boolean {
    return this.#accepted !== null && this.#action !== NONE;
  }

  /** After enter: what the source could do. */
  announceActions(): void {
    if (this.resource.version < ACTIONS_SINCE) return;
    WlDataOffer.sendSourceActions(this.resource, this.#sourceActions);
  }

  leave(): void {
    if (this.#state === 'hovering') this.#state = 'over';
  }

  /** The button was released above it. */
  dropped(taken: boolean): void {
    this.#state = taken ? 'dropped' : 'over';
  }

  get #sourceActions(): number {
    return this.#source.actions ?? WlDataDeviceManagerDndAction.copy;
  }

  #accept(mimeType: string | null): void {
    if (this.#state !== 'hovering') return;
    this.#accepted = mimeType;
    if (this.#source.resource.alive) WlDataSource.sendTarget(this.#source.resource, mimeType);
  }

  #setActions(actions: number, preferred: number): void {
    if ((actions & ~ALL_ACTIONS) !== 0) {
      throw this.#error(WlDataOfferError.invalidActionMask, `no such actions: ${actions}`);
    }
    const isOne = (preferred & (preferred - 1)) === 0;
    if (!isOne || (preferred & ~ALL_ACTIONS) !== 0) {
      throw this.#error(WlDataOfferError.invalidAction, `not one action: ${preferred}`);
    }
    if (this.#state === 'over') return;
    this.#actions = actions;
    this.#preferred = preferred;
    this.#choose();
  }

  /** The receiver's preference when both can, else the first both can (wayland.xml: wl_data_offer.set_actions). */
  #choose(): void {
    const common = this.#actions & this.#sourceActions;
    const lowest = common & -common;
    const action = (common & this.#preferred) !== 0 ? this.#preferred : lowest;
    if (action === this.#action) return;
    this.#action = action;
    const { resource } = this.#source;
    if (resource.alive && resource.version >= ACTIONS_SINCE) {
      WlDataSource.sendAction(resource, action);
    }
    if (this.resource.version >= ACTIONS_SINCE) WlDataOffer.sendAction(this.resource, action);
  }

  #finish(): void {
    if (this.#state !== 'dropped' || !this.willing) {
      throw this.#error(WlDataOfferError.invalidFinish, 'finish before an accepted drop');
    }
    this.#state = 'over';
    const { resource } = this.#source;
    if (resource.alive && resource.version >= ACTIONS_SINCE) WlDataSource.sendDndFinished(resource);
  }

  /** Gone after the drop without finish: a version 3 receiver did not take it, an older one has no other way to say so. */
  #destroyed(): void {
    if (this.#state !== 'dropped') return;
    this.#state = 'over';
    const { resource } = this.#source;
    if (!resource.alive || resource.version < ACTIONS_SINCE) return;
    if (this.resource.version < ACTIONS_SINCE) WlDataSource.sendDndFinished(resource);
    else this.#source.cancel();
  }

  #error(code: number, message: string): ProtocolError {
    return new ProtocolError(this.resource, code, message);
  }
}
