/**
 * What became of each commit of a run, small enough to be handed from a worker to the report: whole microseconds since the
 * run's start.
 */
import type { AcquireTruth, CommitRecord, Ledger } from '../ledger.ts';
import type { RunSpec } from './plan.ts';

/** One commit. A key is missing when that never happened. */
export interface TimelineCommit {
  readonly committedUs: number;
  /** Its acquire point got a fence. */
  readonly submittedUs?: number;
  readonly acquire: AcquireTruth;
  /** Its acquire fence ended. */
  readonly acquireUs?: number;
  readonly latchedUs?: number;
  readonly presentedUs?: number;
  /** Applied without its content, or discarded. */
  readonly droppedUs?: number;
  /** Its client saw the release point signalled. */
  readonly releasedUs?: number;
  readonly latchedEarly?: true;
  readonly failedShown?: true;
}

export interface TimelineSurface {
  readonly client: number;
  readonly surface: number;
  /** In commit order. */
  readonly commits: readonly TimelineCommit[];
}

export interface RunTimeline extends RunSpec {
  readonly ok: boolean;
  /** 0: a commit without `releasedUs` got its release all the same, when its client was no longer looking. */
  readonly lostReleases: number;
  readonly refreshUs: number;
  /** When the judging was over. */
  readonly endUs: number;
  readonly deviceEvents: readonly {
    readonly type: 'lost' | 'added';
    readonly device: string;
    readonly atUs: number;
  }[];
  readonly disconnects: readonly { readonly client: number; readonly reason: string }[];
  /** The telling ones when there are more than {@link MAX_SURFACES}: those a promise was broken to first. */
  readonly surfaces: readonly TimelineSurface[];
  /** How many more there were. */
  readonly surfacesLeftOut: number;
}

/** A page has room for so many lanes a run. */
export const MAX_SURFACES = 4;
const MAX_COMMITS = 1000;

export interface TimelineOptions extends RunSpec {
  readonly ok: boolean;
  readonly lostReleases: number;
  readonly ledger: Ledger;
  readonly refreshNs: bigint;
  /** Of the run's clock. */
  readonly startNs: bigint;
  readonly endNs: bigint;
}

export function timelineOf(options: TimelineOptions): RunTimeline {
  const { ledger, startNs } = options;
  const lanes = ledger
    .surfaces()
    .toSorted((a, b) => interest(b.commits) - interest(a.commits))
    .slice(0, MAX_SURFACES)
    .sort((a, b) => a.client - b.client || a.surface - b.surface);
  return {
    strategy: options.strategy,
    scenario: options.scenario,
    seed: options.seed,
    ok: options.ok,
    lostReleases: options.lostReleases,
    refreshUs: microseconds(options.refreshNs),
    endUs: microseconds(options.endNs - startNs),
    // Later ones are the clean-up's.
    deviceEvents: ledger.deviceEvents
      .filter(({ atNs }) => atNs < options.endNs)
      .map(({ type, device, atNs }) => ({ type, device, atUs: microseconds(atNs - startNs) })),
    disconnects: ledger.disconnects.map(({ client, reason }) => ({ client, reason })),
    surfaces: lanes.map(({ client, surface, commits }) => ({
      client,
      surface,
      commits: commits
        .filter(({ committedAtNs }) => committedAtNs <= options.endNs)
        .slice(0, MAX_COMMITS)
        .map((record) => commit(record, options)),
    })),
    surfacesLeftOut: ledger.surfaces().length - lanes.length,
  };
}

/** Shown wrongly, then stuck, then those with most to see. */
function interest(records: readonly CommitRecord[]): number {
  const wrong = records.some((record) => record.latchedEarly || record.failedShown) ? 2e6 : 0;
  const stuck = records.at(-1)?.presentedAtNs === undefined ? 1e6 : 0;
  return wrong + stuck + records.length;
}

/** What came after the judging is the clean-up's doing and left out. */
function commit(record: CommitRecord, { startNs, endNs }: TimelineOptions): TimelineCommit {
  const { committedAtNs, acquire } = record;
  const at = <Key extends string>(
    key: Key,
    timeNs: bigint | undefined,
  ): { readonly [name in Key]?: number } =>
    timeNs === undefined || timeNs > endNs
      ? {}
      : ({ [key]: microseconds(timeNs - startNs) } as { readonly [name in Key]: number });
  return {
    committedUs: microseconds(committedAtNs - startNs),
    ...at('submittedUs', record.submittedAtNs),
    acquire,
    ...at('acquireUs', record.acquireAtNs),
    ...at('latchedUs', record.latchedAtNs),
    ...at('presentedUs', record.presentedAtNs),
    ...at('droppedUs', record.droppedAtNs),
    ...at('releasedUs', record.releasedAtNs),
    ...(record.latchedEarly ? { latchedEarly: true } : {}),
    ...(record.failedShown ? { failedShown: true } : {}),
  };
}

function microseconds(durationNs: bigint): number {
  return Math.round(Number(durationNs) / 1000);
}

/** Keeps one run a cell: the first seed that failed, else the first there was. In whatever order runs come in, the same. */
export class TimelineSelection {
  readonly #byCell = new Map<string, RunTimeline>();

  readonly add = (timeline: RunTimeline): void => {
    const key = `${timeline.scenario}\0${timeline.strategy}`;
    const held = this.#byCell.get(key);
    const better =
      !held || (held.ok === timeline.ok ? timeline.seed < held.seed : held.ok && !timeline.ok);
    if (better) this.#byCell.set(key, timeline);
  };

  /** In an order that depends on nothing but what they are of. */
  all(): RunTimeline[] {
    const cells = [...this.#byCell].sort(([a], [b]) => (a < b ? -1 : 1));
    return cells.map(([, timeline]) => timeline);
  }

  of(scenario: string, strategy: string): RunTimeline | undefined {
    return this.#byCell.get(`${scenario}\0${strategy}`);
  }
}
