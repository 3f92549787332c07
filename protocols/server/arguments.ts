/** Object and new_id arguments of requests: called by generated dispatch functions. */
import { WireFormatError } from '../wire/errors.ts';
import type { InterfaceDescription } from '../wire/interface-description.ts';
import type { Resource, ServerInterface } from './resource.ts';

/** The object a request names. Throws a WireFormatError when it is null, unknown or of another interface. */
export function objectArgument<R>(
  resource: Resource,
  id: number,
  type: ServerInterface<R>,
): Resource<R> {
  const object = resource.client.resource(id);
  if (object === undefined) throw unknownObject(id);
  if (object.description !== type.description) requireSameName(object, type.description);
  // The description is the interface's identity, so the handler is of its type.
  return object as Resource<R>;
}

/** As {@link objectArgument}, but null (id 0) is allowed. */
export function nullableObjectArgument<R>(
  resource: Resource,
  id: number,
  type: ServerInterface<R>,
): Resource<R> | null {
  return id === 0 ? null : objectArgument(resource, id, type);
}

/** An object of any interface: an argument without one in the XML. */
export function anyObjectArgument(resource: Resource, id: number): Resource {
  const object = resource.client.resource(id);
  if (object === undefined) throw unknownObject(id);
  return object;
}

/** As {@link anyObjectArgument}, but null (id 0) is allowed. */
export function nullableAnyObjectArgument(resource: Resource, id: number): Resource | null {
  return id === 0 ? null : anyObjectArgument(resource, id);
}

/**
 * Makes and registers the object a request creates, at the version of its parent and without a handler.
 * Throws a WireFormatError for an id the client may not use.
 */
export function newIdArgument<R>(
  resource: Resource,
  id: number,
  type: ServerInterface<R>,
): Resource<R> {
  return resource.client.createRequested(resource.kind.childOf(type), id);
}

function unknownObject(id: number): WireFormatError {
  return new WireFormatError(
    id === 0 ? 'null object for an argument that is not nullable' : `unknown object ${id}`,
  );
}

/** Two descriptions of one name are one interface: a user's own scan of the same XML. */
function requireSameName(object: Resource, description: InterfaceDescription): void {
  if (object.description.name === description.name) return;
  throw new WireFormatError(`${object.toString()} is not a ${description.name}`);
}
