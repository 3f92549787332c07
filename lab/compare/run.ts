/** One run: one scenario under one strategy with one seed, played and judged. */
import { SyncClient } from '../clients/sync-client.ts';
import { DEFAULT_CLIENT, type ClientOptions, type Scenario } from '../scenarios/scenario.ts';
import type { LabWorld } from '../world/world.ts';
import { countLostReleases } from './audit.ts';
import { countStuck, judge } from './judge.ts';
import { PROMISES, type RunResult } from './result.ts';
import { timelineOf, type RunTimeline } from './timeline.ts';

/** What happens without anybody's doing once the clients have stopped. */
const AFTERMATH_MS = 100;
/** Time for frames in flight to reach the screen, and for a policy that waits before it gives a point up. */
const LAST_FRAME_MS = 3500;
/** Releases are looked at after 50 ms, 100 ms more, 200 ms more… until none is missing or the sum is over three seconds. */
const FIRST_RELEASE_CHECK_MS = 50;
const RELEASE_CHECKS = 6;
const GOODBYE_MS = 100;

export interface RunOptions {
  readonly strategy: string;
  readonly scenario: Scenario;
  readonly seed: number;
  readonly world: LabWorld;
  /** Told what became of each commit, before the world is taken down. */
  readonly onTimeline?: (timeline: RunTimeline) => void;
}

/** Plays, judges and takes everything down; the world is disposed whatever happens. */
export async function runScenario({
  strategy,
  scenario,
  seed,
  world,
  onTimeline,
}: RunOptions): Promise<RunResult> {
  const startNs = world.clock.nowNs();
  const clients: SyncClient[] = [];
  const reasons: string[] = [];
  try {
    const baseline = world.usage();
    try {
      await scenario.play({
        world,
        clients,
        startClient: (options) => start(world, clients, options),
      });
    } catch (error) {
      reasons.push(`the scenario broke off: ${message(error)}`);
    }
    for (const client of clients) client.stop();
    await world.advance(AFTERMATH_MS);
    await world.until(() => allShown(world), LAST_FRAME_MS);
    const verdict = judge(world.ledger, world.refreshNs);

    const judgedNs = world.clock.nowNs();
    await world.restore();
    for (const client of clients) client.destroySurface();
    const lostReleases = await lostInTheEnd(world, clients);

    const peak = world.peakUsage();
    for (const client of clients) client.close();
    await world.advance(GOODBYE_MS);
    const left = world.usage();
    const commits = world.ledger.commits.length;
    const counts = {
      stuckSurfaces: verdict.stuckSurfaces,
      undeservedDisconnects: verdict.undeservedDisconnects,
      earlyLatches: verdict.earlyLatches,
      failedFencesShown: verdict.failedFencesShown,
      earlyReleases: verdict.earlyReleases,
      lostReleases,
      leakedFds: Math.max(0, left.fds - baseline.fds),
      leakedHandles: Math.max(0, left.handles - baseline.handles),
    };
    reasons.push(...verdict.reasons);
    if (lostReleases > 0)
      reasons.push(`${lostReleases} ${lostReleases === 1 ? 'release' : 'releases'} lost`);
    if (counts.leakedFds > 0) reasons.push(`${counts.leakedFds} fds leaked`);
    if (counts.leakedHandles > 0) reasons.push(`${counts.leakedHandles} handles leaked`);
    const ok = reasons.length === 0 && PROMISES.every((promise) => counts[promise] === 0);
    const { ledger, refreshNs } = world;
    const spec = { strategy, scenario: scenario.name, seed, ok, lostReleases };
    onTimeline?.(timelineOf({ ...spec, ledger, refreshNs, startNs, endNs: judgedNs }));
    return {
      strategy,
      scenario: scenario.name,
      seed,
      surfaces: world.ledger.surfaces().length,
      ...counts,
      framesPresented: verdict.framesPresented,
      framesMissed: verdict.framesMissed,
      recoveryMs: verdict.recoveryMs,
      peakFds: peak.fds - baseline.fds,
      peakImports: peak.handles - baseline.handles,
      syscallsPerCommit: commits === 0 ? 0 : round(left.syscalls / commits),
      ok,
      reasons,
    };
  } finally {
    for (const client of clients) client.close();
    await world.dispose();
  }
}

/** No work is under way and every surface shows its last frame: nothing more will come. */
function allShown(world: LabWorld): boolean {
  const { ledger } = world;
  if (ledger.commits.some((record) => record.acquire === 'pending')) return false;
  return countStuck(ledger) === 0;
}

/** Releases still not signalled when they had three seconds for it. */
async function lostInTheEnd(world: LabWorld, clients: readonly SyncClient[]): Promise<number> {
  let lost = 0;
  for (let check = 0; check < RELEASE_CHECKS; check++) {
    await world.advance(FIRST_RELEASE_CHECK_MS * 2 ** check);
    lost = countLostReleases(world, clients);
    if (lost === 0) break;
  }
  return lost;
}

async function start(
  world: LabWorld,
  clients: SyncClient[],
  options: Partial<ClientOptions> = {},
): Promise<SyncClient> {
  const client = await SyncClient.start(world, { ...DEFAULT_CLIENT, ...options });
  clients.push(client);
  return client;
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
