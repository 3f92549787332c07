/** Object and new_id arguments of events: called by generated dispatch functions. */
import { WireFormatError } from '../wire/errors.ts';
import type { ClientInterface, Proxy } from './proxy.ts';

/**
 * The object an event names; null when it is null (id 0) or was destroyed on this side meanwhile, which no event can know: so every
 * object argument of an event may be null. Throws a WireFormatError when it never existed or is of another interface.
 */
export function objectArgument<P extends Proxy>(
  proxy: Proxy,
  id: number,
  type: ClientInterface<P>,
): P | null {
  const object = anyObjectArgument(proxy, id);
  if (object === null) {
    if (id === 0 || proxy.objects.isZombie(id)) return null;
    throw new WireFormatError(`unknown object ${id}`);
  }
  if (object.description !== type.description && object.description.name !== type.description.name)
    throw new WireFormatError(`${object.toString()} is not a ${type.description.name}`);
  // The description is the interface's identity.
  return object as P;
}

/** An object of any interface, for an argument without one in the XML; null also when it is not known (wl_display.error). */
export function anyObjectArgument(proxy: Proxy, id: number): Proxy | null {
  return proxy.objects.lookup(id) ?? null;
}

/** Makes and registers the object an event creates (a server-side id), at the version and on the queue of its parent. */
export function newIdArgument<P extends Proxy>(
  proxy: Proxy,
  id: number,
  type: ClientInterface<P>,
): P {
  return proxy.objects.register(type, proxy.version, id, proxy.queue);
}
