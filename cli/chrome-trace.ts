/** Commits and fences as Chrome trace JSON (the Trace Event Format), for chrome://tracing and Perfetto. */
import { closeSync, openSync, writeSync } from 'node:fs';
import type { CommitTrace, CommitTraceEvent } from '../compositor/trace.ts';
import type { SyncTrace } from '../sync/trace.ts';

const FLUSH_BYTES = 65_536;
/** Process and thread number of what belongs to no client; clients count from 1. */
const COMPOSITOR = 0;

/** A content update on its way to the screen: the span around it all, and the stage it is in. */
interface OpenUpdate {
  readonly row: Row;
  readonly update: number;
  stage: Stage;
  applied: boolean;
}

/** What an update waits for: its acquire fence, its turn, the end of the frame. */
type Stage = 'acquire fence' | 'queued' | 'frame';

interface Row {
  /** A process a client. */
  readonly pid: number;
  /** A thread a surface. */
  readonly tid: number;
}

/**
 * Writes the file. Each content update is a span from its commit until it is presented, discarded or replaced, with its stages inside; each
 * buffer held is another until its release. All spans are closed when the trace is.
 */
export class ChromeTrace {
  readonly #fd: number;
  readonly #failed: (error: unknown) => void;
  readonly #open = new Map<number, OpenUpdate>();
  /** Updates whose fence was found signalled before their commit was traced. */
  readonly #settledEarly = new Set<number>();
  readonly #held = new Map<number, Row>();
  readonly #named = new Set<string>();
  #buffer = '{"displayTimeUnit":"ms","traceEvents":[\n';
  #first = true;
  #closed = false;
  #lastNs = 0n;

  /** `failed`: the file takes no more, the trace is given up. Told once; whoever is being traced is not bothered. */
  constructor(path: string, failed: (error: unknown) => void) {
    this.#failed = failed;
    this.#fd = openSync(path, 'w');
    this.#name('process_name', { pid: COMPOSITOR, tid: COMPOSITOR }, 'explicit sync');
    this.#name('thread_name', { pid: COMPOSITOR, tid: COMPOSITOR }, 'devices and fences');
  }

  readonly commit: CommitTrace = (event) => {
    const { timeNs, client, surface, update } = event;
    const row = { pid: client, tid: surface };
    this.#lastNs = timeNs;
    this.#nameRow(row);
    switch (event.type) {
      case 'commit':
        this.#begin(event, row);
        break;
      case 'signalled':
        if (this.#open.has(update)) this.#stage(update, 'queued', timeNs);
        else this.#settledEarly.add(update);
        break;
      case 'applied':
        this.#applied(row, update, timeNs);
        break;
      case 'latched':
        this.#stage(update, 'frame', timeNs);
        break;
      case 'presented':
      case 'discarded':
        this.#settledEarly.delete(update);
        this.#end(update, timeNs, event.type);
        break;
      case 'released':
        this.#release(update, timeNs);
        break;
    }
    const { type, timeNs: _, client: _client, surface: _surface, ...args } = event;
    this.#write({
      ph: 'i',
      s: 't',
      cat: 'commit',
      name: type,
      ...row,
      ts: microseconds(timeNs),
      args,
    });
  };

  readonly sync: SyncTrace = (event) => {
    const { type, timeNs, ...args } = event;
    this.#lastNs = timeNs;
    this.#write({
      ph: 'i',
      s: type.startsWith('device') ? 'g' : 't',
      cat: 'sync',
      name: type,
      pid: COMPOSITOR,
      tid: COMPOSITOR,
      ts: microseconds(timeNs),
      args,
    });
  };

  /** Closes what is open and writes the rest. Idempotent. */
  dispose(): void {
    if (this.#closed) return;
    for (const update of this.#open.keys()) this.#end(update, this.#lastNs, 'trace ended');
    for (const update of this.#held.keys()) this.#release(update, this.#lastNs);
    this.#buffer += '\n]}\n';
    this.#flush();
    this.#close();
  }

  #begin(event: CommitTraceEvent & { type: 'commit' }, row: Row): void {
    const { update, timeNs, acquire, release } = event;
    const waits = acquire !== null && !this.#settledEarly.delete(update);
    const stage = waits ? 'acquire fence' : 'queued';
    this.#open.set(update, { row, update, stage, applied: false });
    this.#span('b', 'update', `update ${update}`, update, row, timeNs);
    this.#span('b', 'update', stage, update, row, timeNs);
    if (release === null) return;
    this.#held.set(update, row);
    this.#span('b', 'buffer', `buffer of update ${update}`, update, row, timeNs);
  }

  #stage(update: number, stage: Stage, timeNs: bigint): void {
    const open = this.#open.get(update);
    if (!open || open.stage === stage || open.stage === 'frame') return;
    this.#span('e', 'update', open.stage, update, open.row, timeNs);
    this.#span('b', 'update', stage, update, open.row, timeNs);
    open.stage = stage;
  }

  /** An update applied before and in no frame yet never will be. */
  #applied(row: Row, update: number, timeNs: bigint): void {
    for (const other of this.#open.values()) {
      const sameSurface = other.row.pid === row.pid && other.row.tid === row.tid;
      if (sameSurface && other.update !== update && other.applied && other.stage !== 'frame') {
        this.#end(other.update, timeNs, 'replaced');
      }
    }
    const open = this.#open.get(update);
    if (open) open.applied = true;
  }

  #end(update: number, timeNs: bigint, how: string): void {
    const open = this.#open.get(update);
    if (!open) return;
    this.#open.delete(update);
    this.#span('e', 'update', open.stage, update, open.row, timeNs);
    this.#span('e', 'update', `update ${update}`, update, open.row, timeNs, { how });
  }

  #release(update: number, timeNs: bigint): void {
    const row = this.#held.get(update);
    if (!row || !this.#held.delete(update)) return;
    this.#span('e', 'buffer', `buffer of update ${update}`, update, row, timeNs);
  }

  #span(
    ph: 'b' | 'e',
    cat: 'update' | 'buffer',
    name: string,
    id: number,
    row: Row,
    timeNs: bigint,
    args: Readonly<Record<string, unknown>> = {},
  ): void {
    this.#write({ ph, cat, name, id, ...row, ts: microseconds(timeNs), args });
  }

  #nameRow(row: Row): void {
    this.#name('process_name', { pid: row.pid, tid: COMPOSITOR }, `client ${row.pid}`);
    this.#name('thread_name', row, `wl_surface@${row.tid}`);
  }

  #name(what: 'process_name' | 'thread_name', row: Row, name: string): void {
    const key = `${what} ${row.pid} ${row.tid}`;
    if (this.#named.has(key)) return;
    this.#named.add(key);
    this.#write({ ph: 'M', name: what, ...row, ts: 0, args: { name } });
  }

  #write(event: object): void {
    if (this.#closed) return;
    const text = JSON.stringify(event, (_, value: unknown) =>
      typeof value === 'bigint' ? Number(value) : value,
    );
    this.#buffer += this.#first ? text : `,\n${text}`;
    this.#first = false;
    if (this.#buffer.length > FLUSH_BYTES) this.#flush();
  }

  #flush(): void {
    if (this.#closed) return;
    try {
      writeSync(this.#fd, this.#buffer);
    } catch (error) {
      this.#close();
      this.#failed(error);
    }
    this.#buffer = '';
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
  }
}

function microseconds(timeNs: bigint): number {
  return Number(timeNs) / 1000;
}
