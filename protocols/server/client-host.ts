/** What a client needs of its display. */
import type { Poller } from '../../native/poller.ts';
import type { ChunkPool } from '../wire/chunk-pool.ts';
import type { FdsInFlight } from '../wire/fds-in-flight.ts';
import type { WireLimits } from '../wire/limits.ts';
import type { WireLog } from '../wire/log.ts';
import type { Trace } from '../wire/trace.ts';
import type { Client } from './client.ts';
import type { RequestReader } from './request-reader.ts';

/** The display as its clients see it. */
export interface ClientHost {
  readonly poller: Poller;
  readonly pool: ChunkPool;
  readonly limits: WireLimits;
  readonly fdsInFlight: FdsInFlight;
  readonly log: WireLog;
  readonly trace: Trace | null;
  /** What reads the requests of the one client that is being served. */
  readonly requests: RequestReader;
  /** It has events to send. */
  markDirty(client: Client): void;
  /** The kernel takes no descriptors for it at the moment. */
  markHeldUp(client: Client): void;
  /** It has sent descriptors that no request took. */
  markStraying(client: Client): void;
  /** It is to be freed at the end of the turn. */
  markDoomed(client: Client): void;
  /** It has requests that came and were not dispatched: after a pause, or because it had its share of the turn. */
  markBacklog(client: Client): void;
  /** Readable or writable. */
  serve(client: Client, events: number): void;
  /** It is gone with all its objects. */
  forget(client: Client): void;
}
