/** ext_foreign_toplevel_list_v1 1 (ext-foreign-toplevel-list-v1.xml): the list of windows, for task bars and captures outside of sandboxes. */
import { randomUUID } from 'node:crypto';
import { ExtForeignToplevelListV1 } from '../../protocols/generated/ext-foreign-toplevel-list-v1.server.ts';
import type { ExtForeignToplevelListV1Resource } from '../../protocols/generated/ext-foreign-toplevel-list-v1.server.ts';
import type { Display } from '../../protocols/server/display.ts';
import { UNSANDBOXED } from '../client-state.ts';
import type { Shell } from '../shell/shell.ts';
import type { Toplevel } from '../shell/toplevel.ts';
import { ForeignToplevels } from './foreign-toplevels.ts';

const VERSION = 1;

export function createForeignToplevelListGlobal(display: Display, shell: Shell): void {
  /** The same for all clients and for as long as the window is mapped. */
  const identifiers = new Map<Toplevel, string>();
  const lists = new Set<ForeignToplevels>();
  const changed = (toplevel: Toplevel): void => {
    if (!identifiers.has(toplevel) || lists.size === 0) return;
    for (const list of lists) list.changed(toplevel);
    display.endTurnSoon();
  };
  shell.addWindowListener({
    mapped: (toplevel) => {
      identifiers.set(toplevel, randomUUID().replaceAll('-', ''));
      changed(toplevel);
    },
    unmapped: (toplevel) => {
      identifiers.delete(toplevel);
      for (const list of lists) list.closed(toplevel);
    },
    titleChanged: changed,
  });
  display.onTurnEnd(() => {
    for (const list of lists) {
      list.tell();
      if (list.done) lists.delete(list);
    }
  });
  const bind = (resource: ExtForeignToplevelListV1Resource): void => {
    const list = new ForeignToplevels(resource, (toplevel) => identifiers.get(toplevel));
    lists.add(list);
    resource.addDestroyListener(() => list.stop());
    resource.handler = {
      stop: () => {
        list.stop();
        ExtForeignToplevelListV1.sendFinished(resource);
      },
      destroy: () => undefined,
    };
    for (const toplevel of identifiers.keys()) list.changed(toplevel);
    list.tell();
  };
  display.createGlobal(ExtForeignToplevelListV1, VERSION, bind, UNSANDBOXED);
}
