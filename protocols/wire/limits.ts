/** What one peer may make us hold. */

/** Limits of a connection. All are per client (the client side uses the same for its one connection). */
export interface WireLimits {
  /** Longest message accepted or sent. libwayland up to 1.22 cannot take more than 4096; the wire's own end is 65532. */
  readonly maxMessageBytes: number;
  /** Read and dispatched in one turn of the loop before the next client has its turn. */
  readonly maxBytesPerTurn: number;
  /** Dispatched in one turn: handlers may take long. The rest waits for the next turn. */
  readonly maxMessagesPerTurn: number;
  /** Events waiting for a client that does not read. Beyond it the client is cut. */
  readonly maxQueuedBytes: number;
  /** Descriptors waiting for a client that does not read. Beyond it the client is cut. */
  readonly maxQueuedFds: number;
  /** Descriptors received and not taken by a message yet. libwayland holds 1024 as well. */
  readonly maxPendingFds: number;
  /** Live objects made by the client. */
  readonly maxObjects: number;
}

export const DEFAULT_WIRE_LIMITS: WireLimits = {
  maxMessageBytes: 4096,
  maxBytesPerTurn: 64 * 1024,
  maxMessagesPerTurn: 4096,
  maxQueuedBytes: 4 * 1024 * 1024,
  maxQueuedFds: 512,
  maxPendingFds: 1024,
  maxObjects: 1 << 18,
};

/** The defaults where nothing else is said. Written out, so that the objects of all displays have one shape for the compiler. */
export function wireLimits(wanted: Partial<WireLimits> = {}): WireLimits {
  const usual = DEFAULT_WIRE_LIMITS;
  return {
    maxMessageBytes: wanted.maxMessageBytes ?? usual.maxMessageBytes,
    maxBytesPerTurn: wanted.maxBytesPerTurn ?? usual.maxBytesPerTurn,
    maxMessagesPerTurn: wanted.maxMessagesPerTurn ?? usual.maxMessagesPerTurn,
    maxQueuedBytes: wanted.maxQueuedBytes ?? usual.maxQueuedBytes,
    maxQueuedFds: wanted.maxQueuedFds ?? usual.maxQueuedFds,
    maxPendingFds: wanted.maxPendingFds ?? usual.maxPendingFds,
    maxObjects: wanted.maxObjects ?? usual.maxObjects,
  };
}

/** sendmsg of libwayland carries at most this many descriptors (connection.c: MAX_FDS_OUT), and so do we. */
export const MAX_FDS_PER_SEND = 28;

/** SCM_MAX_FD of the kernel: one recvmsg never yields more. */
export const MAX_FDS_PER_RECEIVE = 253;

export const HEADER_BYTES = 8;
