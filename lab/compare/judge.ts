/** Reads the promises and the figures off a finished run. */
import type { CommitRecord, DisconnectRecord, Ledger } from '../ledger.ts';
import { distribution, type Distribution } from './result.ts';

export interface Verdict {
  readonly stuckSurfaces: number;
  readonly undeservedDisconnects: number;
  readonly earlyLatches: number;
  readonly failedFencesShown: number;
  readonly earlyReleases: number;
  readonly framesPresented: number;
  readonly framesMissed: number;
  readonly recoveryMs: Distribution;
  readonly reasons: readonly string[];
}

/** `refreshNs` = the output's refresh cycle. Call it when every client has had the time to show its last frame. */
export function judge(ledger: Ledger, refreshNs: bigint): Verdict {
  const surfaces = ledger.surfaces();
  const undeserved = ledger.disconnects.filter((disconnect) => !disconnect.deserved);
  const stuck = countStuck(ledger);
  const early = ledger.commits.filter((record) => record.latchedEarly);
  const failed = ledger.commits.filter((record) => record.failedShown);
  const released = ledger.commits.filter((record) => record.releasedEarly);
  const presented = ledger.commits.filter(isPresented);
  return {
    stuckSurfaces: stuck,
    undeservedDisconnects: undeserved.length,
    earlyLatches: early.length,
    failedFencesShown: failed.length,
    earlyReleases: released.length,
    framesPresented: presented.length,
    framesMissed: surfaces.reduce((sum, { commits }) => sum + missed(commits, refreshNs), 0),
    recoveryMs: distribution(recoveryTimes(ledger)),
    reasons: [
      ...count(stuck, 'surface stuck', 'surfaces stuck'),
      ...cutOff(undeserved),
      ...count(early.length, 'content shown before its fence', 'contents shown before their fence'),
      ...count(failed.length, 'failed fence shown', 'failed fences shown'),
      ...count(released.length, 'release too early', 'releases too early'),
    ],
  };
}

/** Surfaces of clients still there that do not show what they should. */
export function countStuck(ledger: Ledger): number {
  return ledger
    .surfaces()
    .filter(({ client, commits }) => !ledger.isGone(client) && isStuck(commits)).length;
}

/**
 * The last commit whose work was really done never reached the screen, nor any commit after it; or one that was on screen was not
 * called back, and its client waits for ever before it draws again.
 */
function isStuck(commits: readonly CommitRecord[]): boolean {
  if (commits.some((record) => isPresented(record) && record.calledBackAtNs === undefined)) {
    return true;
  }
  const lastShowable = commits.findLastIndex((record) => record.acquire === 'signalled');
  if (lastShowable < 0) return false;
  return !commits.slice(lastShowable).some(isPresented);
}

function isPresented({ presentedAtNs }: CommitRecord): boolean {
  return presentedAtNs !== undefined;
}

/** Refresh cycles between two presented frames of a surface beyond the one each frame takes, while the client was drawing. */
function missed(commits: readonly CommitRecord[], refreshNs: bigint): number {
  const times = commits.flatMap(({ presentedAtNs }) => presentedAtNs ?? []);
  let cycles = 0;
  for (let index = 1; index < times.length; index++) {
    const gapNs = (times[index] ?? 0n) - (times[index - 1] ?? 0n);
    cycles += Math.max(0, Number((gapNs + refreshNs / 2n) / refreshNs) - 1);
  }
  return cycles;
}

/**
 * Per device loss and surface that had been showing frames: the time, in ms, from the loss to its next new frame. A surface that
 * had nothing in flight at the loss counts from its next commit: idling is no recovery.
 */
function recoveryTimes(ledger: Ledger): number[] {
  const samples: number[] = [];
  for (const { atNs } of ledger.deviceEvents.filter((event) => event.type === 'lost')) {
    for (const { commits } of ledger.surfaces()) {
      if (!commits.some((record) => before(record.presentedAtNs, atNs))) continue;
      const next = commits.find((record) => (record.presentedAtNs ?? 0n) > atNs);
      if (next?.presentedAtNs === undefined) continue;
      const fromNs = inFlight(commits, atNs) ? atNs : max(atNs, next.committedAtNs);
      samples.push(Number(next.presentedAtNs - fromNs) / 1e6);
    }
  }
  return samples;
}

function inFlight(commits: readonly CommitRecord[], atNs: bigint): boolean {
  return commits.some(
    (record) =>
      record.committedAtNs <= atNs &&
      !before(record.presentedAtNs, atNs) &&
      !before(record.droppedAtNs, atNs),
  );
}

function before(timeNs: bigint | undefined, limitNs: bigint): boolean {
  return timeNs !== undefined && timeNs <= limitNs;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

/** One line a rule that clients are said to have broken. */
function cutOff(disconnects: readonly DisconnectRecord[]): string[] {
  const clients = new Map<string, number>();
  for (const { reason } of disconnects) clients.set(reason, (clients.get(reason) ?? 0) + 1);
  return [...clients].flatMap(([reason, number]) =>
    count(number, 'client cut', 'clients cut').map((text) => `${text}: ${reason}`),
  );
}

function count(number: number, one: string, many: string): string[] {
  if (number === 0) return [];
  return [`${number} ${number === 1 ? one : many}`];
}
