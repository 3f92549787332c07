/** What the fuzzer plays sessions against. */
import type { Poller } from '../../native/poller.ts';
import type { Display } from '../../protocols/server/display.ts';

/** A server in this process, turned by hand. */
export interface FuzzTarget {
  readonly name: string;
  readonly display: Display;
  readonly poller: Poller;
  /** Lets time pass, so that what waits for it gets its turn. */
  advance(): void;
  /** Bugs of the server's own that it reported since the last call: what its log got as errors. */
  takeErrors(): readonly string[];
  /** What the server holds for clients, by kind; compared before and after a session. */
  held(): Readonly<Record<string, number>>;
  dispose(): void;
}

/** Makes a fresh target; the fuzzer starts over with one after each failure. */
export type FuzzTargetFactory = () => FuzzTarget;
