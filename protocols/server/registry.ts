/** wl_registry: which globals there are, told to every client that asks. */
import { WlRegistry } from '../generated/wayland.server.ts';
import type { WlRegistryRequests, WlRegistryResource } from '../generated/wayland.server.ts';
import type { Client } from './client.ts';
import { Global } from './global.ts';
import { HEADER_BYTES } from '../wire/limits.ts';
import { DisplayError, ProtocolError } from './protocol-error.ts';
import type { Resource, ServerInterface } from './resource.ts';

/** wl_registry.global */
const GLOBAL_OPCODE = 0;

/** All globals of a display, live and just removed, and the registries that were told of them. */
export class GlobalRegistry {
  readonly #globals = new Map<number, Global>();
  readonly #removed = new Map<number, Global>();
  readonly #registries = new Set<WlRegistryResource>();
  #nextName = 1;

  create(
    type: ServerInterface<unknown>,
    version: number,
    bind: (resource: Resource) => void,
    filter: ((client: Client) => boolean) | undefined,
  ): Global {
    if (version < 1 || version > type.description.version)
      throw new RangeError(
        `${type.description.name} version ${version}: the protocol knows 1 to ${type.description.version}`,
      );
    const global = new Global(this, this.#nextName++, type, version, bind, filter);
    this.#globals.set(global.name, global);
    for (const registry of this.#registries)
      if (global.visibleTo(registry.client)) sendGlobal(registry, global);
    return global;
  }

  removeGlobal(global: Global): void {
    this.#globals.delete(global.name);
    const audience = new Set<Resource>();
    for (const registry of this.#registries) {
      if (!global.visibleTo(registry.client)) continue;
      audience.add(registry);
      WlRegistry.sendGlobalRemove(registry, global.name);
    }
    if (audience.size === 0) return;
    global.keepFor(audience);
    this.#removed.set(global.name, global);
  }

  /** wl_display.get_registry: from now on the client hears of every global. */
  add(registry: WlRegistryResource): void {
    this.#registries.add(registry);
    registry.addDestroyListener(() => this.#forget(registry));
    registry.handler = this.#requests;
    for (const global of this.#globals.values())
      if (global.visibleTo(registry.client)) sendGlobal(registry, global);
  }

  /** This registry will not bind that removed global any more. False when no such global was removed. */
  acknowledgeRemoval(registry: Resource, name: number): boolean {
    const global = this.#removed.get(name);
    if (global === undefined) return false;
    if (global.release(registry)) this.#removed.delete(name);
    return true;
  }

  readonly #requests: WlRegistryRequests = {
    bind: (registry, name, interfaceName, version, id) =>
      this.#bind(registry, name, interfaceName, version, id),
  };

  #forget(registry: WlRegistryResource): void {
    this.#registries.delete(registry);
    for (const name of this.#removed.keys()) this.acknowledgeRemoval(registry, name);
  }

  /** wl_registry.bind, with the errors of libwayland (wayland-server.c: registry_bind), on the registry. */
  #bind(
    registry: WlRegistryResource,
    name: number,
    interfaceName: string,
    version: number,
    id: number,
  ): void {
    const global = this.#globals.get(name) ?? this.#removed.get(name);
    const fail = (message: string): never => {
      throw new ProtocolError(registry, DisplayError.invalidObject, message);
    };
    if (global === undefined || !global.bindableThrough(registry))
      return fail(`invalid global ${interfaceName} (${name})`);
    const have = global.type.description.name;
    if (have !== interfaceName)
      return fail(`invalid interface for global ${name}: have ${have}, wanted ${interfaceName}`);
    if (version < 1 || version > global.version)
      return fail(
        `invalid version for global ${interfaceName} (${name}): have ${global.version}, wanted ${version}`,
      );
    if (id === 0) return fail('the new object has no id');
    global.bind(registry.client.createResource(global.type, version, id));
  }
}

/** wl_registry.global, as WlRegistry.sendGlobal would write it. */
function sendGlobal({ id, writer }: WlRegistryResource, { announcement }: Global): void {
  const at = writer.begin(id, GLOBAL_OPCODE, HEADER_BYTES + announcement.byteLength);
  writer.words.set(announcement, at);
}
