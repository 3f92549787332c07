/** Commits and fences as Chrome trace JSON (the Trace Event Format), for chrome://tracing and Perfetto. */
import { closeSync, openSync, writeSync } from 'node:fs';
import type { CommitTrace, CommitTraceEvent } from '../compositor/trace.ts';
import type { SyncTrace } from '../sync/trace.ts';

const FLUSH_BYTES = 65_536;
/** Thread number of device events; surfaces use their object ids. */
const DEVICES_THREAD = 0;

/** One process row a client, one thread row a surface; a commit is an async span from commit to presented or discarded. */
export class ChromeTrace {
  readonly #fd: number;
  #buffer = '[\n';
  #first = true;
  #closed = false;

  constructor(path: string) {
    this.#fd = openSync(path, 'w');
  }

  readonly commit: CommitTrace = (event) => {
    const { type, timeNs, client, surface, update, ...rest } = event;
    const row = { pid: client, tid: surface, ts: microseconds(timeNs) };
    const span = { cat: 'commit', id: update, name: `update ${update}`, ...row };
    const isEnd = ENDS.has(type);
    const phase = type === 'commit' ? 'b' : isEnd ? 'e' : 'n';
    this.#write({ ...span, ph: phase, args: { type, ...rest } });
    this.#write({ ph: 'i', s: 't', cat: 'commit', name: type, ...row, args: { update, ...rest } });
  };

  readonly sync: SyncTrace = (event) => {
    const { type, timeNs, ...rest } = event;
    this.#write({
      ph: 'i',
      s: type.startsWith('device') ? 'g' : 'p',
      cat: 'sync',
      name: type,
      pid: DEVICES_THREAD,
      tid: DEVICES_THREAD,
      ts: microseconds(timeNs),
      args: rest,
    });
  };

  /** Writes the rest. Idempotent. */
  dispose(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#buffer += '\n]\n';
    this.#flush();
    closeSync(this.#fd);
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
    writeSync(this.#fd, this.#buffer);
    this.#buffer = '';
  }
}

const ENDS = new Set<CommitTraceEvent['type']>(['presented', 'discarded']);

function microseconds(timeNs: bigint): number {
  return Number(timeNs) / 1000;
}
