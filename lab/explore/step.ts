/**
 * One step of an exploration, as plain data: it can be printed, left out, made simpler and played again. A step names things by
 * small numbers; where there is no such thing it does nothing, so that any part of a trace is a trace.
 */
import type { SimOperation } from '../../devices/simulated/sim-calls.ts';

/** How far the work of a commit is when the commit is sent. */
export type WorkAtCommit = 'done' | 'running' | 'later';

/** What happens at the moment of a race: see {@link RaceStep}. */
export type RaceAct = 'submit' | 'signal' | 'fail' | 'unplug';

interface Base {
  /** Sent in one turn with the next step: the compositor sees both at once. */
  readonly together?: true;
}

/** A client connects, with a window of this many surfaces; the third is a child of the second (`chain`) or of the first. */
export interface ConnectStep extends Base {
  readonly do: 'connect';
  readonly client: number;
  readonly surfaces: number;
  readonly tree: 'chain' | 'siblings';
  readonly gpu: number;
  /** One timeline for acquire and release points, or one for each. */
  readonly timelines: 'shared' | 'separate';
  /** With points, or with the fences of its buffers alone. */
  readonly sync: 'explicit' | 'implicit';
}

/** A buffer with points; without them its work is at least running. */
export interface CommitStep extends Base {
  readonly do: 'commit';
  readonly client: number;
  readonly surface: number;
  readonly work: WorkAtCommit;
  /** Points left out before this one, for later commits to use. */
  readonly skip: number;
  /** Uses a point left out before: lower than that of an earlier commit. */
  readonly low: boolean;
}

/** An earlier commit's work gets a fence: the client's nth point still without. */
export interface SubmitStep extends Base {
  readonly do: 'submit';
  readonly client: number;
  readonly nth: number;
}

/** The client's nth running work ends; errno 0 is success. */
export interface EndStep extends Base {
  readonly do: 'end';
  readonly client: number;
  readonly nth: number;
  readonly errno: number;
}

/** What concerns one surface: a commit without a buffer, one that takes the buffer away, a mode, the end. */
export interface SurfaceStep extends Base {
  readonly do: 'empty' | 'unmap' | 'sync' | 'desync' | 'destroy';
  readonly client: number;
  readonly surface: number;
}

/** What concerns one client: its process ends, it makes new buffers and timelines, it destroys its timeline objects. */
export interface ClientStep extends Base {
  readonly do: 'die' | 'renew' | 'forget-timelines';
  readonly client: number;
}

export interface UnplugStep extends Base {
  readonly do: 'unplug';
  readonly gpu: number;
  /** What its driver does with running work. */
  readonly work: 'fail' | 'leave';
  readonly ueventMs: number;
}

export interface PlugStep extends Base {
  readonly do: 'plug';
  readonly gpu: number;
  readonly ueventMs: number;
}

export interface TimeStep extends Base {
  readonly do: 'time';
  readonly ms: number;
}

/** The compositor's next calls of this kind fail. */
export interface FaultStep extends Base {
  readonly do: 'fault';
  readonly operation: SimOperation;
  readonly code: 'EMFILE' | 'ENOMEM';
  readonly times: number;
}

/** At the compositor's next call of this kind, just before or after it, something else happens. */
export interface RaceStep extends Base {
  readonly do: 'race';
  readonly operation: SimOperation;
  readonly phase: 'before' | 'after';
  readonly act: RaceAct;
  readonly client: number;
  readonly gpu: number;
}

export type Step =
  | ConnectStep
  | CommitStep
  | SubmitStep
  | EndStep
  | SurfaceStep
  | ClientStep
  | UnplugStep
  | PlugStep
  | TimeStep
  | FaultStep
  | RaceStep;

/** A run: everything that is played, and nothing that is not in here. */
export interface Trace {
  readonly strategy: string;
  readonly seed: number;
  readonly steps: readonly Step[];
}

/** One line: `commit client 1 surface 0 work later`. */
export function describeStep({ do: name, ...rest }: Step): string {
  const words = Object.entries(rest)
    .filter(([, value]) => value !== false)
    .map(([key, value]) => (value === true ? key : `${key} ${String(value)}`));
  return [name, ...words].join(' ');
}
