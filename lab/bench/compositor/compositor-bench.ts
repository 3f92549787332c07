/** The bench `compositor`: ours against weston, headless, both composing with pixman, under the same C client. */
import { setTimeout as sleep } from 'node:timers/promises';
import { requirePackages } from '../../kernel/debian.ts';
import { VmUnavailableError } from '../../kernel/errors.ts';
import { runProcess } from '../../kernel/process.ts';
import { BenchUnavailableError } from '../errors.ts';
import { LineProcess } from '../line-process.ts';
import { COMMIT_CLIENT, peerProgram } from '../peer-programs.ts';
import type { BenchResult } from '../result.ts';
import { alternate, median, medianRatio, rounded } from '../statistics.ts';
import type { Pair } from '../statistics.ts';
import { runClient } from '../wire/peers.ts';
import type { ClientReport } from '../wire/peers.ts';
import { DesktopServer, SYNCLINE, WESTON } from './desktop-server.ts';

export interface CompositorBenchOptions {
  readonly rounds: number;
  readonly scale: number;
  /** Names of tests; empty: all. */
  readonly tests: readonly string[];
  onResult(result: BenchResult): void;
}

interface CommitTest {
  readonly name: string;
  /** The client program's own name of it. */
  readonly run: string;
  readonly warmUpIterations: number;
  readonly iterations: number;
  readonly unit: string;
  /** The frame clock sets the pace: only the CPU time is compared. */
  readonly paced: boolean;
}

const COMMIT_TESTS: readonly CommitTest[] = [
  {
    name: 'compositor-commit',
    run: 'commits',
    warmUpIterations: 3_000,
    iterations: 4_000,
    unit: 'ns/commit',
    paced: false,
  },
  {
    name: 'compositor-commit-100-windows',
    run: 'many',
    warmUpIterations: 40,
    iterations: 40,
    unit: 'ns/commit',
    paced: false,
  },
  {
    name: 'compositor-frame-1024x640',
    run: 'frames',
    warmUpIterations: 30,
    iterations: 90,
    unit: 'ns/frame',
    paced: true,
  },
];

const START = 'compositor-start';
const IDLE = 'compositor-idle';
const MAX_START_MS = 250;
const MAX_IDLE_MIB = 90;
const IDLE_MS = 2_000;

export const COMPOSITOR_TEST_NAMES: readonly string[] = [
  ...COMMIT_TESTS.map(({ name }) => name),
  START,
  IDLE,
];

/** Throws a BenchUnavailableError without weston or a compiler. */
export async function runCompositorBench(options: CompositorBenchOptions): Promise<void> {
  const wanted = (name: string): boolean =>
    options.tests.length === 0 || options.tests.includes(name);
  await requireWeston();
  const client = await peerProgram(COMMIT_CLIENT);
  const peer = `${(await runProcess('weston', ['--version'])).toString().trim()}, headless, pixman`;
  const bench = { client, peer, options };
  const servers: Servers = {
    ours: await DesktopServer.start(SYNCLINE, client),
    theirs: await DesktopServer.start(WESTON, client),
  };
  try {
    for (const test of COMMIT_TESTS)
      if (wanted(test.name)) options.onResult(await measureCommits(test, servers, bench));
    if (wanted(IDLE))
      for (const result of await measureIdle(servers, bench)) options.onResult(result);
  } finally {
    await servers.ours.stop();
    await servers.theirs.stop();
  }
  if (wanted(START)) options.onResult(await measureStart(bench));
}

type Servers = Pair<DesktopServer>;

interface BenchContext {
  readonly client: string;
  readonly peer: string;
  readonly options: CompositorBenchOptions;
}

async function requireWeston(): Promise<void> {
  try {
    await requirePackages(['weston']);
  } catch (error) {
    if (error instanceof VmUnavailableError)
      throw new BenchUnavailableError(error.message, { cause: error });
    throw error;
  }
}

async function measureCommits(
  test: CommitTest,
  servers: Servers,
  { client, peer, options }: BenchContext,
): Promise<BenchResult> {
  const iterations = Math.max(1, Math.round(test.iterations * options.scale));
  const warmUp = Math.round(test.warmUpIterations * options.scale);
  const play = (server: DesktopServer) => (): Promise<ClientReport> =>
    runClient(client, [server.socketPath, test.run, '1', String(warmUp), String(iterations)]);
  const pairs = await alternate(options.rounds, play(servers.ours), play(servers.theirs));
  const per = (figure: (report: ClientReport) => number, side: 'ours' | 'theirs') =>
    rounded(median(pairs.map((pair) => figure(pair[side]) / pair[side].messages)));
  const shown = (report: ClientReport): number => (test.paced ? report.cpuNs : report.wallNs);
  const wallRatio = medianRatio(pairs, ({ wallNs }) => wallNs);
  const cpuRatio = medianRatio(pairs, ({ cpuNs }) => cpuNs);
  return {
    name: test.name,
    peer,
    rounds: pairs.length,
    wallRatio: test.paced ? null : rounded(wallRatio),
    cpuRatio: rounded(cpuRatio),
    ours: per(shown, 'ours'),
    theirs: per(shown, 'theirs'),
    unit: test.paced ? 'ns CPU/frame' : test.unit,
    oursCpuNs: per(({ cpuNs }) => cpuNs, 'ours'),
    theirsCpuNs: per(({ cpuNs }) => cpuNs, 'theirs'),
    target: test.paced ? 'CPU ≥ 1' : 'wall ≥ 1, CPU ≥ 1',
    reached: cpuRatio >= 1 && (test.paced || wallRatio >= 1),
  };
}

/** With one client that shows a window and does nothing. */
async function measureIdle(
  servers: Servers,
  { client, peer }: BenchContext,
): Promise<BenchResult[]> {
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
  const ours = await idle(servers.ours);
  const theirs = await idle(servers.theirs);
  const result = { peer, rounds: 1, wallRatio: null, cpuRatio: null };
  return [
    {
      ...result,
      name: `${IDLE}-cpu`,
      ours: rounded(ours.percent),
      theirs: rounded(theirs.percent),
      unit: '% of a CPU',
      target: '0 %',
      reached: ours.percent === 0,
    },
    {
      ...result,
      name: `${IDLE}-memory`,
      memoryRatio: rounded(theirs.mib / ours.mib),
      ours: rounded(ours.mib),
      theirs: rounded(theirs.mib),
      unit: 'MiB resident',
      target: `≤ ${MAX_IDLE_MIB} MiB`,
      reached: ours.mib <= MAX_IDLE_MIB,
    },
  ];
}

async function measureStart({ client, peer, options }: BenchContext): Promise<BenchResult> {
  const start = (kind: typeof SYNCLINE) => async (): Promise<number> => {
    const server = await DesktopServer.start(kind, client);
    await server.stop();
    return server.startMs;
  };
  const pairs = await alternate(options.rounds, start(SYNCLINE), start(WESTON));
  const ours = median(pairs.map((pair) => pair.ours));
  return {
    name: START,
    peer,
    rounds: pairs.length,
    wallRatio: rounded(medianRatio(pairs, (startMs) => startMs)),
    cpuRatio: null,
    ours: rounded(ours),
    theirs: rounded(median(pairs.map((pair) => pair.theirs))),
    unit: 'ms to first frame',
    target: `≤ ${MAX_START_MS} ms`,
    reached: ours <= MAX_START_MS,
  };
}
