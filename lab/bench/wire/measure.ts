/**
 * Plays the tests of the wire against all servers.
 *
 * A test that is not cold measures the steady state: every server has played it once before the first round, so that what is compiled
 * is compiled, and a round is long enough (some tenths of a second) that a collection or a late compilation is one of many things in it.
 * What a fresh server does is for the cold tests.
 */
import { BenchBrokenError } from '../errors.ts';
import type { BenchResult } from '../result.ts';
import { median, medianRatio, rounded, takeTurns } from '../statistics.ts';
import type { Pair } from '../statistics.ts';
import { runClient } from './peers.ts';
import type { ClientReport, WirePrograms, WireServer, WireServerKind } from './peers.ts';
import type { WireTest } from './tests.ts';

/** Above this share of the time somebody is busy, he is what it waits for. */
const BUSY_SHARE = 0.8;
/** Above this share of our wall time a server that does nothing takes, there is nothing to gain in ours. */
const FLOOR_SHARE = 0.8;

/** A server that has started, and how to start another one. */
export interface Measured {
  readonly kind: WireServerKind;
  readonly server: WireServer;
}

/** All that is compared. */
export interface WireServers {
  readonly ours: Measured;
  readonly peers: readonly Measured[];
  /** Sets the limit of what can be reached (peers/wire-floor.c), and in node (node-floor.ts). */
  readonly floor: Measured;
  readonly nodeFloor: Measured;
}

export interface MeasureOptions {
  readonly programs: WirePrograms;
  readonly rounds: number;
  /** Multiplies the iterations: below 1 for a quick look. */
  readonly scale: number;
}

/** One result a peer. Throws a BenchBrokenError when a server did not see all requests. */
export async function measureTest(
  test: WireTest,
  servers: WireServers,
  options: MeasureOptions,
): Promise<BenchResult[]> {
  // A node that has just started is no floor: what ours is after its warm-up is not to be had with less.
  const floors = test.cold ? [servers.floor] : [servers.floor, servers.nodeFloor];
  const measured = [servers.ours, ...floors, ...servers.peers];
  const sides = measured.map((side) => () => (test.cold ? playCold : play)(test, side, options));
  if (!test.cold) for (const side of sides) await side();
  const rounds = await takeTurns(options.rounds, sides);
  const pairsWith = (index: number): Pair<ClientReport>[] =>
    rounds.map((round) => ({ ours: round[0]!, theirs: round[index]! }));
  return servers.peers.map(({ kind }, index) =>
    resultOf(test, kind.name, pairsWith(1 + floors.length + index), {
      c: pairsWith(1),
      ...(test.cold ? {} : { node: pairsWith(2) }),
    }),
  );
}

async function playCold(
  test: WireTest,
  { kind }: Measured,
  options: MeasureOptions,
): Promise<ClientReport> {
  const server = await kind.start();
  try {
    return await play(test, { kind, server }, options);
  } finally {
    await server.stop();
  }
}

async function play(
  test: WireTest,
  { kind, server }: Measured,
  { programs, scale }: MeasureOptions,
): Promise<ClientReport> {
  const iterations = Math.max(1, Math.round(test.iterations * scale));
  const warmUp = Math.round(test.warmUpIterations * scale);
  const before = await server.requests();
  const args = [server.socketPath, test.run, test.clients, warmUp, iterations].map(String);
  const report = await runClient(programs.clients[test.client], args);
  const seen = (await server.requests()) - before;
  if (seen !== report.requests)
    throw new BenchBrokenError(
      `${test.name}: the clients made ${report.requests} requests, ${kind.name} saw ${seen}`,
    );
  return report;
}

/** The same rounds, with a floor for "theirs". */
interface WithFloors {
  readonly c: readonly Pair<ClientReport>[];
  readonly node?: readonly Pair<ClientReport>[];
}

function resultOf(
  test: WireTest,
  peer: string,
  pairs: readonly Pair<ClientReport>[],
  withFloors: WithFloors,
): BenchResult {
  const per = (figure: (report: ClientReport) => number, side: 'ours' | 'theirs') =>
    rounded(median(pairs.map((pair) => figure(pair[side]) / pair[side].messages)));
  const wallRatio = medianRatio(pairs, (report) => report.wallNs);
  const cpuRatio = medianRatio(pairs, (report) => report.cpuNs);
  const reachable = (
    withFloor: readonly Pair<ClientReport>[],
    figure: (report: ClientReport) => number,
  ): number => {
    const limits = pairs.map(({ theirs }, index) => ({ ours: withFloor[index]!.theirs, theirs }));
    return rounded(medianRatio(limits, figure));
  };
  const floorShare = medianRatio(withFloors.c, (report) => report.wallNs);
  return {
    name: test.name,
    peer,
    rounds: pairs.length,
    wallRatio: rounded(wallRatio),
    cpuRatio: rounded(cpuRatio),
    mainThreadCpuRatio: rounded(medianRatio(pairs, (report) => report.mainThreadNs)),
    ours: per((report) => report.wallNs, 'ours'),
    theirs: per((report) => report.wallNs, 'theirs'),
    unit: test.unit,
    oursCpuNs: per((report) => report.cpuNs, 'ours'),
    theirsCpuNs: per((report) => report.cpuNs, 'theirs'),
    limitedBy: limitOf(
      pairs.map(({ ours }) => ours),
      floorShare,
    ),
    floorShare: rounded(floorShare),
    floorWallRatio: reachable(withFloors.c, (report) => report.wallNs),
    floorCpuRatio: reachable(withFloors.c, (report) => report.cpuNs),
    ...(withFloors.node && {
      nodeFloorWallRatio: reachable(withFloors.node, (report) => report.wallNs),
      nodeFloorCpuRatio: reachable(withFloors.node, (report) => report.cpuNs),
    }),
    ...targetOf(test, wallRatio, cpuRatio),
  };
}

function limitOf(
  reports: readonly ClientReport[],
  floorShare: number,
): NonNullable<BenchResult['limitedBy']> {
  if (floorShare > FLOOR_SHARE) return 'floor';
  const server = median(reports.map(({ mainThreadNs, wallNs }) => mainThreadNs / wallNs));
  const client = median(reports.map(({ clientCpuNs, wallNs }) => clientCpuNs / wallNs));
  if (Math.max(server, client) < BUSY_SHARE) return 'wake-ups';
  return server > client ? 'server' : 'client';
}

function targetOf(
  { target }: WireTest,
  wallRatio: number,
  cpuRatio: number,
): Pick<BenchResult, 'target' | 'reached'> {
  const parts: string[] = [];
  if (target.wall !== undefined) parts.push(`wall ≥ ${target.wall}`);
  if (target.cpu !== undefined) parts.push(`CPU ≥ ${target.cpu}`);
  const reached = wallRatio >= (target.wall ?? 0) && cpuRatio >= (target.cpu ?? 0);
  return { target: parts.join(', '), reached };
}
