/** A client's wl_data_source: for the clipboard or one drag, never both, never twice. */
import { WlDataSource } from '../../protocols/generated/wayland.server.ts';
import type { WlDataSourceResource } from '../../protocols/generated/wayland.server.ts';
import {
  WlDataDeviceManagerDndAction,
  WlDataSourceError,
} from '../../protocols/generated/wayland.interfaces.ts';
import type { OwnedFd } from '../../native/fd.ts';
import type { Client } from '../../protocols/server/client.ts';
import { ProtocolError } from '../../protocols/server/protocol-error.ts';
import { MimeTypes } from './mime-types.ts';
import { passWriteEnd, type TransferSource } from './selection.ts';

/** All actions wl_data_device knows. */
export const ALL_ACTIONS: number =
  WlDataDeviceManagerDndAction.copy |
  WlDataDeviceManagerDndAction.move |
  WlDataDeviceManagerDndAction.ask;

export class DataSource implements TransferSource {
  readonly resource: WlDataSourceResource;
  readonly mimeTypes: MimeTypes;
  /** Null: the source said nothing of actions. */
  actions: number | null = null;
  #use: 'none' | 'selection' | 'drag' = 'none';

  /** Takes the resource over. `gone` is called when it is destroyed. */
  constructor(resource: WlDataSourceResource, gone: (source: DataSource) => void) {
    this.resource = resource;
    this.mimeTypes = new MimeTypes(resource.client);
    resource.data = this;
    resource.handler = {
      offer: (_, mimeType) => this.mimeTypes.add(mimeType),
      setActions: (_, actions) => this.#setActions(actions),
      destroy: () => undefined,
    };
    resource.addDestroyListener(() => {
      gone(this);
      this.mimeTypes.release();
    });
  }

  static of(resource: WlDataSourceResource): DataSource {
    return resource.data as DataSource;
  }

  get client(): Client {
    return this.resource.client;
  }

  get used(): boolean {
    return this.#use !== 'none';
  }

  /** Marks what it is used for. Throws invalid_source when it has actions, which are for drags alone. */
  use(use: 'selection' | 'drag'): void {
    if (use === 'selection' && this.actions !== null) {
      throw new ProtocolError(
        this.resource,
        WlDataSourceError.invalidSource,
        'a source with drag and drop actions cannot be a selection',
      );
    }
    this.#use = use;
  }

  send(mimeType: string, fd: OwnedFd): void {
    passWriteEnd(this.client, fd, (writeFd) =>
      WlDataSource.sendSend(this.resource, mimeType, writeFd),
    );
  }

  cancel(): void {
    WlDataSource.sendCancelled(this.resource);
  }

  #setActions(actions: number): void {
    if ((actions & ~ALL_ACTIONS) !== 0) {
      throw new ProtocolError(
        this.resource,
        WlDataSourceError.invalidActionMask,
        `no such drag and drop actions: ${actions}`,
      );
    }
    if (this.actions !== null || this.#use !== 'none') {
      throw new ProtocolError(
        this.resource,
        WlDataSourceError.invalidSource,
        'actions are set once, before the drag',
      );
    }
    this.actions = actions;
  }
}
