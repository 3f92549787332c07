/** What the fuzzer plays sessions against. */
import type { Poller } from '../../native/poller.ts';
import type { Display } from '../../protocols/server/display.ts';
import type { FdKind } from './input.ts';

/** A server in this process, turned by hand. */
export interface FuzzTarget {
  readonly name: string;
  readonly display: Display;
  readonly poller: Poller;
  /** Whether windows get frames here. */
  readonly showsWindows: boolean;
  /** What can happen on its side: input, devices that come and go. */
  readonly actions: readonly string[];
  /** One of {@link actions}; others do nothing (an old corpus). */
  act(action: string): void;
  /** Undoes what actions left behind, at the end of a session. */
  rest(): void;
  /** A descriptor only this target has, borrowed. */
  lend(kind: FdKind): number | undefined;
  /** Descriptors it needs for itself at the moment, in this process. */
  ownFds(): number;
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
