/** How a client's connection ends. */

/** Why the connection is gone: wl_display.error of the server, or a failure of the socket. Fields that do not apply are undefined. */
export class WaylandClientError extends Error {
  /** Of wl_display.error: the object, its interface if known, and the error code of that interface. */
  readonly objectId: number | undefined;
  readonly interface: string | undefined;
  readonly code: number | undefined;
  /** Of the socket: EPROTO for what cannot be parsed, EPIPE and ECONNRESET when the server left. */
  readonly errno: number | undefined;

  constructor(
    message: string,
    detail: { objectId?: number; interface?: string | undefined; code?: number; errno?: number },
  ) {
    super(message);
    this.name = 'WaylandClientError';
    this.objectId = detail.objectId;
    this.interface = detail.interface;
    this.code = detail.code;
    this.errno = detail.errno;
  }
}
