/** Errors of the byte stream itself. */

/**
 * What a peer sent does not fit the signature of its message. The server answers wl_display.error invalid_method, as
 * libwayland does (wayland-server.c: wl_client_connection_data); a client gives the connection up with EPROTO.
 */
export class WireFormatError extends Error {
  readonly code = 'WIRE_FORMAT';

  constructor(detail: string) {
    super(detail);
    this.name = 'WireFormatError';
  }
}
