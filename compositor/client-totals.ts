/** What all clients together may make the compositor hold: whoever holds less than its share is served even when all is used up. */
import { SharedLimit } from './shared-limit.ts';

/** Limits of all clients together. */
export interface TotalBudgets {
  /** Content updates that wait: for a fence, a latch, a time, or their parent's commit. */
  readonly updates: number;
  /** Live wl_surfaces. */
  readonly surfaces: number;
  /** Live wl_buffer storages. */
  readonly buffers: number;
  /** Bytes of shared memory pools and dma-bufs; what two clients share counts for both. */
  readonly bufferBytes: number;
  /** Descriptors kept for dma-bufs and pools. */
  readonly bufferFds: number;
}

/** A plain snapshot. */
export interface TotalStats extends TotalBudgets {
  /** Descriptors on their way: received and not taken by a request, or not sent yet. */
  readonly fdsInFlight: number;
}

export const MAX_TOTAL_UPDATES = 16_384;
export const MAX_TOTAL_SURFACES = 32_768;
export const MAX_TOTAL_BUFFERS = 65_536;
export const MAX_TOTAL_BUFFER_BYTES: number = 64 * 2 ** 30;
/** Part of RLIMIT_NOFILE for the buffers of all clients. */
export const BUFFER_FD_SHARE_TOTAL = 0.25;
/** Part of it that one client may hold, whoever else is there. */
export const BUFFER_FD_SHARE_CLIENT = 0.1;

/** The defaults under a limit of `nofile` descriptors (RLIMIT_NOFILE, soft). */
export function defaultTotalBudgets(nofile: number): TotalBudgets {
  return {
    updates: MAX_TOTAL_UPDATES,
    surfaces: MAX_TOTAL_SURFACES,
    buffers: MAX_TOTAL_BUFFERS,
    bufferBytes: MAX_TOTAL_BUFFER_BYTES,
    bufferFds: Math.floor(nofile * BUFFER_FD_SHARE_TOTAL),
  };
}

export class ClientTotals {
  readonly updates: SharedLimit;
  readonly surfaces: SharedLimit;
  readonly buffers: SharedLimit;
  readonly bufferBytes: SharedLimit;
  readonly bufferFds: SharedLimit;
  #clients = 0;

  constructor(budgets: TotalBudgets) {
    const sharers = (): number => this.#clients;
    this.updates = new SharedLimit(budgets.updates, sharers);
    this.surfaces = new SharedLimit(budgets.surfaces, sharers);
    this.buffers = new SharedLimit(budgets.buffers, sharers);
    this.bufferBytes = new SharedLimit(budgets.bufferBytes, sharers);
    this.bufferFds = new SharedLimit(budgets.bufferFds, sharers);
  }

  clientCame(): void {
    this.#clients++;
  }

  clientWent(): void {
    this.#clients--;
  }

  get held(): TotalBudgets {
    return {
      updates: this.updates.held,
      surfaces: this.surfaces.held,
      buffers: this.buffers.held,
      bufferBytes: this.bufferBytes.held,
      bufferFds: this.bufferFds.held,
    };
  }
}
