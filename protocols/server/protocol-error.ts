/** Errors of clients. */
import type { Resource } from './resource.ts';

/** Global errors of wl_display, on whichever object (wayland.xml: wl_display.error). */
export const DisplayError = {
  invalidObject: 0,
  invalidMethod: 1,
  noMemory: 2,
  implementation: 3,
} as const;

/**
 * Thrown in a request handler for a client's mistake: the code the XML names, on the object the XML names. The dispatcher sends
 * wl_display.error and disconnects that client; the first error wins.
 */
export class ProtocolError extends Error {
  readonly resource: Resource;
  /** Of the resource's interface, or a {@link DisplayError}. */
  readonly code: number;

  constructor(resource: Resource, code: number, message: string) {
    super(message);
    this.name = 'ProtocolError';
    this.resource = resource;
    this.code = code;
  }
}
