/** Plays the tests of the wire against both servers. */
import { BenchBrokenError } from '../errors.ts';
import type { BenchResult } from '../result.ts';
import { limitOf } from '../limit.ts';
import { alternate, median, medianRatio, rounded } from '../statistics.ts';
import type { Pair } from '../statistics.ts';
import { runClient, WireServer } from './peers.ts';
import type { ClientReport, WirePrograms } from './peers.ts';
import type { WireTest } from './tests.ts';

/** Both servers of a comparison. */
export interface WireServers {
  readonly ours: WireServer;
  readonly theirs: WireServer;
}

export interface MeasureOptions {
  readonly programs: WirePrograms;
  readonly rounds: number;
  /** Multiplies the iterations: below 1 for a quick look. */
  readonly scale: number;
  readonly peer: string;
}

/** One result. Throws a BenchBrokenError when a server did not see all requests. */
export async function measureTest(
  test: WireTest,
  servers: WireServers,
  options: MeasureOptions,
): Promise<BenchResult> {
  const { programs } = options;
  const side = (server: WireServer, start: () => Promise<WireServer>) => () =>
    test.cold ? playCold(test, start, options) : play(test, server, options);
  const pairs = await alternate(
    options.rounds,
    side(servers.ours, () => WireServer.ours()),
    side(servers.theirs, () => WireServer.theirs(programs)),
  );
  return resultOf(test, pairs, options);
}

async function playCold(
  test: WireTest,
  start: () => Promise<WireServer>,
  options: MeasureOptions,
): Promise<ClientReport> {
  const server = await start();
  try {
    return await play(test, server, options);
  } finally {
    await server.stop();
  }
}

async function play(
  test: WireTest,
  server: WireServer,
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
      `${test.name}: the clients made ${report.requests} requests, the server saw ${seen}`,
    );
  return report;
}

function resultOf(
  test: WireTest,
  pairs: readonly Pair<ClientReport>[],
  { peer }: MeasureOptions,
): BenchResult {
  const per = (figure: (report: ClientReport) => number, side: 'ours' | 'theirs') =>
    rounded(median(pairs.map((pair) => figure(pair[side]) / pair[side].messages)));
  const wallRatio = medianRatio(pairs, (report) => report.wallNs);
  const cpuRatio = medianRatio(pairs, (report) => report.cpuNs);
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
    limitedBy: limitOf(pairs.map(({ ours }) => ours)),
    ...targetOf(test, wallRatio, cpuRatio),
  };
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
