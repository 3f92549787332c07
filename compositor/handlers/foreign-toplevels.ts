/** What the client of one ext_foreign_toplevel_list_v1 knows of the windows: told as fast as it reads, each change once. */
import {
  ExtForeignToplevelHandleV1,
  ExtForeignToplevelListV1,
} from '../../protocols/generated/ext-foreign-toplevel-list-v1.server.ts';
import type {
  ExtForeignToplevelHandleV1Resource,
  ExtForeignToplevelListV1Resource,
} from '../../protocols/generated/ext-foreign-toplevel-list-v1.server.ts';
import type { Toplevel } from '../shell/toplevel.ts';

/** Other clients choose the titles, and how many: more than this is not left to the client's queue before it has read. */
const MAX_QUEUED_BYTES = 32 * 1024;

export class ForeignToplevels {
  readonly #list: ExtForeignToplevelListV1Resource;
  readonly #identifierOf: (toplevel: Toplevel) => string | undefined;
  /** Of the windows it was told of; null where it destroyed the handle: it wants to know no more. */
  readonly #handles = new Map<Toplevel, ExtForeignToplevelHandleV1Resource | null>();
  /** New to the client, or of another title. */
  readonly #changed = new Set<Toplevel>();
  #stopped = false;

  /** `identifierOf`: undefined for windows that are gone. */
  constructor(
    list: ExtForeignToplevelListV1Resource,
    identifierOf: (toplevel: Toplevel) => string | undefined,
  ) {
    this.#list = list;
    this.#identifierOf = identifierOf;
  }

  /** Nothing will ever have to be told any more. */
  get done(): boolean {
    return this.#stopped && this.#handles.size === 0;
  }

  /** A window is there now, or called otherwise: {@link tell} says so. */
  changed(toplevel: Toplevel): void {
    const handle = this.#handles.get(toplevel);
    if (handle === undefined ? !this.#stopped : handle !== null) this.#changed.add(toplevel);
  }

  closed(toplevel: Toplevel): void {
    this.#changed.delete(toplevel);
    const handle = this.#handles.get(toplevel);
    this.#handles.delete(toplevel);
    if (handle) ExtForeignToplevelHandleV1.sendClosed(handle);
  }

  /** No window that comes is told any more; those the client has are. */
  stop(): void {
    this.#stopped = true;
    for (const toplevel of this.#changed)
      if (!this.#handles.has(toplevel)) this.#changed.delete(toplevel);
    for (const [toplevel, handle] of this.#handles)
      if (handle === null) this.#handles.delete(toplevel);
  }

  /** Tells what the client does not know, as long as it reads. At the end of each turn: one in which it has read ends as well. */
  tell(): void {
    for (const toplevel of this.#changed) {
      if (this.#isBehind()) return;
      this.#changed.delete(toplevel);
      this.#describe(this.#handles.get(toplevel) ?? this.#announce(toplevel), toplevel);
    }
  }

  #isBehind(): boolean {
    const { client } = this.#list;
    const { writer } = client.connection;
    if (!writer.blocked && writer.queuedBytes > MAX_QUEUED_BYTES) client.flush();
    return writer.blocked;
  }

  #announce(toplevel: Toplevel): ExtForeignToplevelHandleV1Resource {
    const handle = ExtForeignToplevelListV1.sendToplevel(this.#list);
    handle.handler = { destroy: () => undefined };
    handle.data = toplevel;
    handle.addDestroyListener(() => {
      if (this.#handles.get(toplevel) !== handle) return;
      if (this.#stopped) this.#handles.delete(toplevel);
      else this.#handles.set(toplevel, null);
      this.#changed.delete(toplevel);
    });
    this.#handles.set(toplevel, handle);
    ExtForeignToplevelHandleV1.sendIdentifier(handle, this.#identifierOf(toplevel) ?? '');
    return handle;
  }

  #describe(handle: ExtForeignToplevelHandleV1Resource, toplevel: Toplevel): void {
    ExtForeignToplevelHandleV1.sendTitle(handle, toplevel.title);
    ExtForeignToplevelHandleV1.sendAppId(handle, toplevel.appId);
    ExtForeignToplevelHandleV1.sendDone(handle);
  }
}
