/**
 * The bench `compositor`: ours against weston, sway and labwc, headless, all composing with pixman, under the same C client.
 *
 * What is asked of us is asked against weston; the others are measured in the same rounds, so that there is more than one judge.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { requirePackages } from '../../kernel/debian.ts';
import { VmUnavailableError } from '../../kernel/errors.ts';
import { BenchUnavailableError } from '../errors.ts';
import { limitOf } from '../limit.ts';
import { LineProcess } from '../line-process.ts';
import { COMMIT_CLIENT, peerProgram } from '../peer-programs.ts';
import type { BenchResult } from '../result.ts';
import { median, medianRatio, rounded, takeTurns } from '../statistics.ts';
import type { Pair } from '../statistics.ts';
import { floorServer, nodeFloorServer, runClient, wirePrograms } from '../wire/peers.ts';
import type { ClientReport } from '../wire/peers.ts';
import { DesktopServer } from './desktop-server.ts';
import type { WireServer } from '../wire/peers.ts';
import { describeDesktop, labwc, SWAY, SYNCLINE, WESTON } from './desktops.ts';
import type { DesktopKind } from './desktops.ts';
import { DESKTOP_TESTS } from './tests.ts';
import type { DesktopTest } from './tests.ts';

export interface CompositorBenchOptions {
  readonly rounds: number;
  /** Multiplies the iterations: below 1 for a quick look, which downloads nothing. */
  readonly scale: number;
  /** Names of tests; empty: all. */
  readonly tests: readonly string[];
  onResult(result: BenchResult): void;
}

const START = 'compositor-start';
const IDLE = 'compositor-idle';
const MAX_START_MS = 250;
const MAX_IDLE_MIB = 90;
const IDLE_MS = 2_000;

export const COMPOSITOR_TEST_NAMES: readonly string[] = [
  ...DESKTOP_TESTS.map(({ name }) => name),
  START,
  IDLE,
];

/** A compositor that is there. The first peer is the one we are judged by. */
interface Peer {
  readonly kind: DesktopKind;
  readonly description: string;
}

/** Servers that do nothing but answer, in C and in node, and the client that asks them for no more than a round trip. */
interface Floors {
  readonly client: string;
  readonly c: WireServer;
  readonly node: WireServer;
}

interface BenchContext {
  readonly client: string;
  readonly floors: Floors;
  readonly peers: readonly Peer[];
  readonly options: CompositorBenchOptions;
}

/** Ours first, then the peers' in their order. */
type Servers = readonly DesktopServer[];

/** Throws a BenchUnavailableError without weston or a compiler. */
export async function runCompositorBench(options: CompositorBenchOptions): Promise<void> {
  const wanted = (name: string): boolean =>
    options.tests.length === 0 || options.tests.includes(name);
  await requireWeston();
  const client = await peerProgram(COMMIT_CLIENT);
  const peers = await findPeers(options);
  const context = { client, floors: await startFloors(), peers, options };
  const servers: DesktopServer[] = [];
  try {
    for (const kind of [SYNCLINE, ...context.peers.map((peer) => peer.kind)])
      servers.push(await DesktopServer.start(kind, context.client));
    for (const test of DESKTOP_TESTS)
      if (wanted(test.name)) await measureClient(test, servers, context);
    if (wanted(IDLE)) await measureIdle(servers, context);
  } finally {
    for (const server of [...servers, context.floors.c, context.floors.node]) await server.stop();
  }
  if (wanted(START)) await measureStart(context);
}

async function startFloors(): Promise<Floors> {
  const programs = await wirePrograms();
  const c = await floorServer(programs).start();
  try {
    return { client: programs.clients.libwayland, c, node: await nodeFloorServer().start() };
  } catch (error) {
    await c.stop();
    throw error;
  }
}

/** Throws a BenchUnavailableError. */
export async function requireWeston(): Promise<void> {
  try {
    await requirePackages(['weston']);
  } catch (error) {
    if (error instanceof VmUnavailableError)
      throw new BenchUnavailableError(error.message, { cause: error });
    throw error;
  }
}

/** Those there are; the others are results that say why not. */
async function findPeers({ scale, onResult }: CompositorBenchOptions): Promise<Peer[]> {
  const peers: Peer[] = [];
  const add = (kind: DesktopKind): void => {
    const description = describeDesktop(kind);
    if (description === undefined) onResult(missing(`${kind.name} is not installed`));
    else peers.push({ kind, description });
  };
  add(WESTON);
  add(SWAY);
  try {
    add(await labwc(scale >= 1));
  } catch (error) {
    if (!(error instanceof BenchUnavailableError)) throw error;
    onResult(missing(`labwc: ${error.message}`));
  }
  return peers;
}

function missing(reason: string): BenchResult {
  const figures = { rounds: 0, wallRatio: null, cpuRatio: null, ours: null, theirs: null };
  return { name: 'compositor', peer: '', ...figures, unit: '', note: `skipped: ${reason}` };
}

async function measureClient(
  test: DesktopTest,
  servers: Servers,
  { client, floors, peers, options }: BenchContext,
): Promise<void> {
  const iterations = Math.max(1, Math.round(test.iterations * options.scale));
  const warmUp = Math.round(test.warmUpIterations * options.scale);
  const play = (program: string, socketPath: string, run: string) => () =>
    runClient(program, [socketPath, run, '1', String(warmUp), String(iterations)]);
  const floored = test.floored === true ? [floors.c, floors.node] : [];
  const rounds = await takeTurns(options.rounds, [
    ...servers.map(({ socketPath }) => play(client, socketPath, test.run)),
    ...floored.map(({ socketPath }) => play(floors.client, socketPath, 'sync')),
  ]);
  peers.forEach((peer, index) => {
    options.onResult({
      ...clientResult(test, peer, pairsOf(rounds, index), index === 0),
      ...(test.floored && floorRatios(rounds, index, peers.length)),
    });
  });
}

/** What the floors, the last two of a round, reach against the `index`th of so many peers. */
function floorRatios(
  rounds: readonly (readonly ClientReport[])[],
  index: number,
  peers: number,
): Partial<BenchResult> {
  const reached = (floor: number, figure: (report: ClientReport) => number): number =>
    rounded(medianRatio(pairsOf(rounds, index, 1 + peers + floor), figure));
  const wall = (report: ClientReport): number => report.wallNs / report.messages;
  const cpu = (report: ClientReport): number => report.cpuNs / report.messages;
  return {
    floorWallRatio: reached(0, wall),
    floorCpuRatio: reached(0, cpu),
    nodeFloorWallRatio: reached(1, wall),
    nodeFloorCpuRatio: reached(1, cpu),
  };
}

/** Of each round the `index`th peer's and ours, or whose place it is that `side` says. */
function pairsOf<T>(rounds: readonly (readonly T[])[], index: number, side = 0): Pair<T>[] {
  return rounds.flatMap((round) => {
    const ours = round[side];
    const theirs = round[1 + index];
    return ours === undefined || theirs === undefined ? [] : [{ ours, theirs }];
  });
}

function clientResult(
  test: DesktopTest,
  { description }: Peer,
  pairs: readonly Pair<ClientReport>[],
  judged: boolean,
): BenchResult {
  const each = (figure: (report: ClientReport) => number, side: 'ours' | 'theirs'): number =>
    median(pairs.map((pair) => figure(pair[side])));
  const cpuNs = (report: ClientReport): number => report.cpuNs / report.messages;
  const wallRatio = medianRatio(pairs, (report) => report.wallNs / report.messages);
  const cpuRatio = medianRatio(pairs, cpuNs);
  const shown = each(test.shown, 'ours');
  const { target } = test;
  return {
    name: test.name,
    peer: description,
    rounds: pairs.length,
    wallRatio: test.paced ? null : rounded(wallRatio),
    cpuRatio: rounded(cpuRatio),
    ours: rounded(shown),
    theirs: rounded(each(test.shown, 'theirs')),
    unit: test.unit,
    oursCpuNs: rounded(each(cpuNs, 'ours')),
    theirsCpuNs: rounded(each(cpuNs, 'theirs')),
    ...(!test.paced && { limitedBy: limitOf(pairs.map(({ ours }) => ours)) }),
    ...(judged &&
      target && { target: target.text, reached: target.reached({ wallRatio, cpuRatio, shown }) }),
  };
}

/** With one client that shows a window and does nothing. */
async function measureIdle(
  servers: Servers,
  { client, peers, options }: BenchContext,
): Promise<void> {
  const idle = async (server: DesktopServer) => {
    const holder = new LineProcess(client, [server.socketPath, 'hold']);
    try {
      await holder.line();
      await sleep(IDLE_MS);
      const beforeMs = server.cpuMs;
      await sleep(IDLE_MS);
      const busyMs = server.cpuMs - beforeMs;
      return { percent: (100 * busyMs) / IDLE_MS, mib: server.residentMib };
    } finally {
      await holder.end();
    }
  };
  const rounds = await takeTurns(
    1,
    servers.map((server) => () => idle(server)),
  );
  peers.forEach(({ description }, index) => {
    const [pair] = pairsOf(rounds, index);
    if (!pair) return;
    const { ours, theirs } = pair;
    const common = { peer: description, rounds: 1, wallRatio: null, cpuRatio: null };
    options.onResult({
      ...common,
      name: `${IDLE}-cpu`,
      ours: rounded(ours.percent),
      theirs: rounded(theirs.percent),
      unit: '% of a CPU',
      ...(index === 0 && { target: '0 %', reached: ours.percent === 0 }),
    });
    options.onResult({
      ...common,
      name: `${IDLE}-memory`,
      memoryRatio: rounded(theirs.mib / ours.mib),
      ours: rounded(ours.mib),
      theirs: rounded(theirs.mib),
      unit: 'MiB resident',
      ...(index === 0 && { target: `≤ ${MAX_IDLE_MIB} MiB`, reached: ours.mib <= MAX_IDLE_MIB }),
    });
  });
}

async function measureStart({ client, peers, options }: BenchContext): Promise<void> {
  const start = (kind: DesktopKind) => async (): Promise<number> => {
    const server = await DesktopServer.start(kind, client);
    await server.stop();
    return server.startMs;
  };
  const kinds = [SYNCLINE, ...peers.map(({ kind }) => kind)];
  const rounds = await takeTurns(options.rounds, kinds.map(start));
  peers.forEach(({ description }, index) => {
    const pairs = pairsOf(rounds, index);
    const ours = median(pairs.map((pair) => pair.ours));
    options.onResult({
      name: START,
      peer: description,
      rounds: pairs.length,
      wallRatio: rounded(medianRatio(pairs, (startMs) => startMs)),
      cpuRatio: null,
      ours: rounded(ours),
      theirs: rounded(median(pairs.map((pair) => pair.theirs))),
      unit: 'ms to first frame',
      ...(index === 0 && { target: `≤ ${MAX_START_MS} ms`, reached: ours <= MAX_START_MS }),
    });
  });
}
