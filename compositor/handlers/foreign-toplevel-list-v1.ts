/** ext_foreign_toplevel_list_v1 1 (ext-foreign-toplevel-list-v1.xml): the list of windows, for task bars and captures outside of sandboxes. */
import { randomUUID } from 'node:crypto';
import {
  ExtForeignToplevelHandleV1,
  ExtForeignToplevelListV1,
} from '../../protocols/generated/ext-foreign-toplevel-list-v1.server.ts';
import type {
  ExtForeignToplevelHandleV1Resource,
  ExtForeignToplevelListV1Resource,
} from '../../protocols/generated/ext-foreign-toplevel-list-v1.server.ts';
import type { Display } from '../../protocols/server/display.ts';
import { UNSANDBOXED } from '../client-state.ts';
import type { Shell } from '../shell/shell.ts';
import type { Toplevel } from '../shell/toplevel.ts';

const VERSION = 1;

export function createForeignToplevelListGlobal(display: Display, shell: Shell): void {
  /** The same for all clients and for as long as the window is mapped. */
  const identifiers = new Map<Toplevel, string>();
  const lists = new Map<ExtForeignToplevelListV1Resource, Handles>();
  shell.addWindowListener({
    mapped: (toplevel) => {
      identifiers.set(toplevel, randomUUID().replaceAll('-', ''));
      for (const [list, handles] of lists) announce(list, handles, toplevel, identifiers);
    },
    unmapped: (toplevel) => {
      identifiers.delete(toplevel);
      for (const handles of lists.values()) {
        const handle = handles.get(toplevel);
        handles.delete(toplevel);
        if (handle) ExtForeignToplevelHandleV1.sendClosed(handle);
      }
    },
    titleChanged: (toplevel) => {
      for (const handles of lists.values()) {
        const handle = handles.get(toplevel);
        if (handle) describe(handle, toplevel);
      }
    },
  });
  const bind = (list: ExtForeignToplevelListV1Resource): void => {
    const handles: Handles = new Map();
    lists.set(list, handles);
    list.addDestroyListener(() => lists.delete(list));
    list.handler = {
      stop: () => {
        if (lists.delete(list)) ExtForeignToplevelListV1.sendFinished(list);
      },
      destroy: () => undefined,
    };
    for (const toplevel of shell.windows) announce(list, handles, toplevel, identifiers);
  };
  display.createGlobal(ExtForeignToplevelListV1, VERSION, bind, UNSANDBOXED);
}

type Handles = Map<Toplevel, ExtForeignToplevelHandleV1Resource>;

function announce(
  list: ExtForeignToplevelListV1Resource,
  handles: Handles,
  toplevel: Toplevel,
  identifiers: ReadonlyMap<Toplevel, string>,
): void {
  const identifier = identifiers.get(toplevel);
  if (identifier === undefined) return;
  const handle = ExtForeignToplevelListV1.sendToplevel(list);
  handle.handler = { destroy: () => undefined };
  handle.data = toplevel;
  handle.addDestroyListener(() => {
    if (handles.get(toplevel) === handle) handles.delete(toplevel);
  });
  handles.set(toplevel, handle);
  ExtForeignToplevelHandleV1.sendIdentifier(handle, identifier);
  describe(handle, toplevel);
}

function describe(handle: ExtForeignToplevelHandleV1Resource, toplevel: Toplevel): void {
  ExtForeignToplevelHandleV1.sendTitle(handle, toplevel.title);
  ExtForeignToplevelHandleV1.sendAppId(handle, toplevel.appId);
  ExtForeignToplevelHandleV1.sendDone(handle);
}
