/** What a client hears about a request that could not be dispatched. Texts and codes after wayland-server.c. */
import { isSystemError } from '../../native/errors.ts';
import { WireFormatError } from '../wire/errors.ts';
import { sinceOf } from '../wire/interface-description.ts';
import type { WireLog } from '../wire/log.ts';
import type { Client } from './client.ts';
import { DisplayError, ProtocolError } from './protocol-error.ts';
import type { Resource } from './resource.ts';

const OUT_OF_MEMORY = new Set(['ENOMEM', 'EMFILE', 'ENFILE']);

/** A request to an id that names no object. */
export function invalidObject(client: Client, id: number): ProtocolError {
  return new ProtocolError(
    client.displayResource,
    DisplayError.invalidObject,
    `invalid object ${id}`,
  );
}

/** Throws when the interface has no such request, or not in the version that was bound. */
export function checkMethod(resource: Resource, opcode: number): void {
  const request = resource.description.requests[opcode];
  const since = request === undefined ? 0 : sinceOf(request);
  if (request !== undefined && since <= resource.version) return;
  const versions = request === undefined ? '' : ` (since ${since} > ${resource.version})`;
  throw new ProtocolError(
    resource.client.displayResource,
    DisplayError.invalidMethod,
    `invalid method ${opcode}${versions}, object ${resource.toString()}`,
  );
}

/**
 * Tells the client what the dispatch of its request `opcode` to `id` threw. A mistake goes to the client that made it; a failure of
 * ours is logged and costs this client its connection, no other.
 */
export function reportRequestError(
  client: Client,
  error: unknown,
  id: number,
  opcode: number,
  log: WireLog,
): void {
  if (error instanceof ProtocolError) {
    error.resource.client.postError(error.resource, error.code, error.message);
    return;
  }
  const description = client.describe(id);
  const request = description?.requests[opcode]?.name ?? `opcode ${opcode}`;
  const where = `${description?.name ?? 'object'}@${id}.${request}`;
  if (error instanceof WireFormatError) {
    const message = `invalid arguments for ${where}: ${error.message}`;
    client.postError(client.displayResource, DisplayError.invalidMethod, message);
    return;
  }
  log.error(`client ${client.number}: ${where} failed`, error);
  if (isSystemError(error) && OUT_OF_MEMORY.has(error.code)) client.postNoMemory();
  else client.postImplementationError(`${where} failed in the server`);
}
