/** Every interface the bindings know, by name, with the server side of each. */
import { manifest } from '../../protocols/generated/manifest.ts';
import { kebabCase, pascalCase } from '../../protocols/scanner/names.ts';
import type { ServerInterface } from '../../protocols/server/resource.ts';

/** A send function of a server interface: the resource, then the arguments but for new_ids. */
export type SendEvent = (resource: unknown, ...args: unknown[]) => unknown;

/** Generated object of an interface: `description`, `dispatch` and a `send…` an event. */
export type AnyServerInterface = ServerInterface<unknown>;

/** All interfaces. Where two protocols define one of the same name, the more mature one counts. */
export async function loadServerInterfaces(): Promise<ReadonlyMap<string, AnyServerInterface>> {
  const all = new Map<string, AnyServerInterface>();
  for (const { protocol, interfaces } of manifest) {
    const file = `../../protocols/generated/${kebabCase(protocol)}.server.${EXTENSION}`;
    const module = (await import(file)) as Record<string, AnyServerInterface>;
    for (const { name } of interfaces) {
      const type = module[pascalCase(name)];
      if (type === undefined) throw new Error(`no server side of ${name} in ${file}`);
      if (!all.has(name)) all.set(name, type);
    }
  }
  return all;
}

/** This file runs as it is in tests and compiled otherwise; a computed import has to know. */
const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

/** The function that sends an event of `type`. */
export function sendFunction(type: AnyServerInterface, eventName: string): SendEvent {
  const name = `send${pascalCase(eventName)}`;
  return (type as unknown as Record<string, SendEvent>)[name] as SendEvent;
}
