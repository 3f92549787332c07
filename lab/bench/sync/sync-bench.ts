/**
 * The bench `sync`: commits with acquire points until they are applied, ours against a minimal C loop with the same ioctls, and what many
 * waits cost.
 */
import { release } from 'node:os';
import { LinuxKernel } from '../../../devices/linux/linux-kernel.ts';
import { Poller } from '../../../native/poller.ts';
import { rescanGpus } from '../../kernel/gpus.ts';
import { BenchBrokenError, BenchUnavailableError } from '../errors.ts';
import { LineProcess } from '../line-process.ts';
import { ownProgram, SYNC_PROGRAM } from '../own-programs.ts';
import { peerProgram, STAND_IN_LOOP, SYNC_LOOP } from '../peer-programs.ts';
import type { BenchResult, ResultFloor } from '../result.ts';
import { alternate, median, medianRatio, rounded } from '../statistics.ts';
import type { Pair } from '../statistics.ts';
import { pluggableNodes } from './bed.ts';
import type { BedKind } from './bed.ts';
import type { Floors } from './floors.ts';
import type { PendingFigures, UnplugFigures } from './many.ts';
import type { BoundedTimes } from './program.ts';

export interface SyncBenchOptions {
  readonly rounds: number;
  readonly scale: number;
  /** Names of tests; empty: all. */
  readonly tests: readonly string[];
  onResult(result: BenchResult): void;
}

interface P50 {
  readonly p50Ns: number;
}

type Mode = 'submitted' | 'signal-busy' | 'signal-idle';

/** What is measured of commits, and against what. */
interface CommitTest {
  readonly name: string;
  readonly mode: Mode;
  /** Of the C programs. */
  readonly peerMode: 'submitted' | 'signal';
  /** What {@link Floors.other} is. */
  readonly floor: string;
  readonly unit: string;
}

const COMMITS = 'sync-commit-submitted';
const SIGNALS = 'sync-signal';
const IDLE_SIGNALS = 'sync-signal-idle';
const PENDING = 'sync-pending';
const UNPLUG = 'sync-unplug';

export const SYNC_TEST_NAMES: readonly string[] = [COMMITS, SIGNALS, IDLE_SIGNALS, PENDING, UNPLUG];

const SIGNAL_UNIT = 'ns p50, signal to applied';

const COMMIT_TESTS: readonly CommitTest[] = [
  {
    name: COMMITS,
    mode: 'submitted',
    peerMode: 'submitted',
    floor: 'those within an Observable',
    unit: 'ns p50, commit to applied',
  },
  {
    name: SIGNALS,
    mode: 'signal-busy',
    peerMode: 'signal',
    floor: 'the wake-up alone',
    unit: SIGNAL_UNIT,
  },
  {
    name: IDLE_SIGNALS,
    mode: 'signal-idle',
    peerMode: 'signal',
    floor: 'the wake-up alone',
    unit: SIGNAL_UNIT,
  },
];

/** The second as the compositor's process has it: new objects stay within what the processor's caches hold. */
const NODE_FLAGS = ['--expose-gc', '--semi-space-growth-factor=1'];
const C_LOOP = 'epoll loop in C';
const STAND_IN = 'C loop with as many other syscalls';
const BARE_PORT = 'device port without the manager';
/** At most twice the time of the peer. */
const LEAST_RATIO = 0.5;
const COMMITS_A_ROUND = 400;
/** A compositor has made many commits before anybody could notice one: its compiler is done with them, which in the VM takes 6 000. */
const WARM_UP = 10_000;
const PENDING_WAITS = 10_000;
const UNPLUG_TIMELINES = 1_000;
const MOST_UNPLUGS = 5;
const FRAME_MS = 16.7;
const MAX_CALLS = 6;
const MAX_WAIT_BYTES = 1024;

/** On the kernel's devices when there are two that can be pulled (the VM), else what makes sense on simulated ones. */
export async function runSyncBench(options: SyncBenchOptions): Promise<void> {
  const wanted = (name: string): boolean =>
    options.tests.length === 0 || options.tests.includes(name);
  const nodes = renderNodes();
  const bench = new SyncBench(nodes, options);
  for (const test of COMMIT_TESTS) if (wanted(test.name)) await bench.commits(test);
  if (wanted(PENDING)) await bench.pending();
  if (wanted(UNPLUG)) await bench.unplug();
}

function renderNodes(): string[] {
  const poller = new Poller();
  const kernel = new LinuxKernel({ poller });
  try {
    return pluggableNodes(kernel).map(({ path }) => path);
  } finally {
    kernel.dispose();
    poller.close();
  }
}

/** Measures and reports. */
class SyncBench {
  readonly #options: SyncBenchOptions;
  readonly #kind: BedKind;
  readonly #nodes: readonly string[];
  readonly #here: string;

  constructor(nodes: readonly string[], options: SyncBenchOptions) {
    this.#options = options;
    this.#nodes = nodes;
    this.#kind = nodes.length >= 2 ? 'drm' : 'sim';
    this.#here = this.#kind === 'drm' ? `Linux ${release()}` : 'simulated kernel';
  }

  async commits(test: CommitTest): Promise<void> {
    const { name, mode } = test;
    const count = this.#scaled(COMMITS_A_ROUND);
    const ours = await this.#start();
    try {
      const measured: BoundedTimes[] = [];
      const measureOurs = async (): Promise<BoundedTimes> => {
        const warmUp = measured.length === 0 ? this.#scaled(WARM_UP) : 0;
        const times = (await ours.ask(`${mode} ${count} ${warmUp}`)) as BoundedTimes;
        measured.push(times);
        return times;
      };
      if (this.#kind === 'drm') {
        const loop = () => this.#loop(test.peerMode, count);
        const pairs = await alternate<P50>(this.#options.rounds, measureOurs, loop);
        this.#reportTimes(test, C_LOOP, pairs, measured);
      } else {
        for (let round = 0; round < this.#options.rounds; round++) await measureOurs();
        this.#skip(name, test.unit, 'needs DRM devices');
      }
      this.#report({
        name: `${name}-calls`,
        peer: this.#here,
        ours: rounded(median(measured.map(({ calls }) => calls))),
        unit: this.#kind === 'drm' ? 'syscalls/commit' : 'ioctls/commit',
        ...(mode === 'submitted' && {
          target: `≤ ${MAX_CALLS}`,
          reached: measured.every(({ calls }) => calls <= MAX_CALLS),
        }),
      });
    } finally {
      await ours.end();
    }
    await this.#standIn(test, count);
  }

  /** What JavaScript adds to the syscalls of a commit where those are no others than a C loop's, natively too. */
  async #standIn(test: CommitTest, count: number): Promise<void> {
    const name = `${test.name}-stand-in`;
    const ours = await this.#start('stand-in');
    try {
      const loop = async (): Promise<P50> =>
        runLoop(await peerProgram(STAND_IN_LOOP), [test.peerMode, String(count)]);
      await ours.ask(`${test.mode} ${count} ${this.#scaled(WARM_UP)}`);
      const measured: BoundedTimes[] = [];
      const measureOurs = async (): Promise<BoundedTimes> => {
        const times = (await ours.ask(`${test.mode} ${count} 0`)) as BoundedTimes;
        measured.push(times);
        return times;
      };
      const pairs = await alternate<P50>(this.#options.rounds, measureOurs, loop);
      this.#reportTimes({ ...test, name }, STAND_IN, pairs, measured);
    } catch (error) {
      if (!(error instanceof BenchUnavailableError)) throw error;
      this.#skip(name, test.unit, error.message);
    } finally {
      await ours.end();
    }
  }

  async pending(): Promise<void> {
    const ours = await this.#start();
    try {
      const figures = (await ours.ask(`pending ${this.#scaled(PENDING_WAITS)}`)) as PendingFigures;
      const { p50Ns, fewP50Ns, bytesPerWait } = figures;
      this.#report({
        name: `${PENDING}-latency`,
        peer: `ours with 10 waits, ${this.#here}`,
        wallRatio: rounded(fewP50Ns / p50Ns),
        ours: rounded(p50Ns),
        theirs: rounded(fewP50Ns),
        unit: 'ns p50',
        target: `wall ≥ ${LEAST_RATIO}`,
        reached: fewP50Ns / p50Ns >= LEAST_RATIO,
      });
      this.#report({
        name: `${PENDING}-memory`,
        peer: this.#here,
        ours: rounded(bytesPerWait),
        unit: 'bytes/wait',
        target: `≤ ${MAX_WAIT_BYTES} bytes/wait`,
        reached: bytesPerWait <= MAX_WAIT_BYTES,
      });
    } finally {
      await ours.end();
    }
  }

  /** A process a round: the loss is met with cold code, as by a compositor that seldom loses a device. */
  async unplug(): Promise<void> {
    const count = this.#scaled(UNPLUG_TIMELINES);
    const rounds: UnplugFigures[] = [];
    const loops: number[] = [];
    for (let round = 0; round < Math.min(this.#options.rounds, MOST_UNPLUGS); round++) {
      if (this.#kind === 'drm') loops.push((await this.#loop('rehome', count)).p50Ns);
      rounds.push(await this.#unplugOnce(count));
    }
    const rehomeNs = median(rounds.map((figures) => figures.rehomeNs));
    const unit = `ms for ${rounds[0]?.waits ?? 0} waits`;
    const comparison = (theirsNs: number) => ({
      rounds: rounds.length,
      wallRatio: rounded(theirsNs / rehomeNs),
      ours: rounded(rehomeNs / 1e6),
      theirs: rounded(theirsNs / 1e6),
      oursCpuNs: rounded(median(rounds.map((figures) => figures.rehomeCpuNs))),
      unit,
      target: `≤ ${FRAME_MS} ms natively`,
      reached: rehomeNs / 1e6 <= FRAME_MS,
    });
    if (loops.length === 0) this.#skip(UNPLUG, unit, 'needs DRM devices');
    else this.#report({ name: UNPLUG, peer: C_LOOP, ...comparison(median(loops)) });
    const bareNs = median(rounds.map((figures) => figures.bareNs));
    const peer = `${BARE_PORT}, ${this.#here}`;
    this.#report({ name: `${UNPLUG}-port`, peer, ...comparison(bareNs) });
  }

  async #unplugOnce(count: number): Promise<UnplugFigures> {
    const ours = await this.#start();
    try {
      return (await ours.ask(`unplug ${count}`)) as UnplugFigures;
    } finally {
      await ours.end();
      if (this.#kind === 'drm') rescanGpus();
    }
  }

  async #start(kind: BedKind = this.#kind): Promise<LineProcess> {
    const child = new LineProcess(process.execPath, [
      ...NODE_FLAGS,
      ownProgram(SYNC_PROGRAM),
      kind,
    ]);
    try {
      await child.line();
      return child;
    } catch (error) {
      await child.end();
      throw error;
    }
  }

  async #loop(mode: string, count: number): Promise<P50> {
    const [first, second] = this.#nodes;
    if (first === undefined || second === undefined) throw new BenchBrokenError('no devices');
    const args = mode === 'rehome' ? [second, second] : [first, second];
    return runLoop(await peerProgram(SYNC_LOOP), [...args, mode, String(count)]);
  }

  #reportTimes(
    { name, floor, unit }: CommitTest,
    peer: string,
    pairs: readonly Pair<P50>[],
    measured: readonly BoundedTimes[],
  ): void {
    const ratio = medianRatio(pairs, ({ p50Ns }) => p50Ns);
    const theirs = median(pairs.map((pair) => pair.theirs.p50Ns));
    const bound = (what: string, of: keyof Floors): ResultFloor => {
      const ours = median(measured.map(({ floors }) => floors[of]));
      return { what, ours: rounded(ours), wallRatio: rounded(theirs / ours) };
    };
    const floors = [bound('the addon’s calls alone', 'port'), bound(floor, 'other')];
    this.#report({
      name,
      peer,
      rounds: pairs.length,
      wallRatio: rounded(ratio),
      ours: rounded(median(pairs.map((pair) => pair.ours.p50Ns))),
      theirs: rounded(theirs),
      unit,
      floors,
      target: `wall ≥ ${LEAST_RATIO}`,
      reached: ratio >= LEAST_RATIO,
    });
  }

  #skip(name: string, unit: string, reason: string): void {
    this.#report({ name, peer: C_LOOP, rounds: 0, ours: null, unit, note: `skipped: ${reason}` });
  }

  #report(
    result: Partial<BenchResult> & Pick<BenchResult, 'name' | 'peer' | 'ours' | 'unit'>,
  ): void {
    this.#options.onResult({
      rounds: 1,
      wallRatio: null,
      cpuRatio: null,
      theirs: null,
      ...result,
    });
  }

  #scaled(full: number): number {
    return Math.max(20, Math.round(full * this.#options.scale));
  }
}

/** One C process for one measurement. */
async function runLoop(program: string, args: readonly string[]): Promise<P50> {
  const child = new LineProcess(program, args);
  try {
    return JSON.parse(await child.line()) as P50;
  } finally {
    await child.end();
  }
}
