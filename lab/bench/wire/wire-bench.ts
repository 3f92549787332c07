/** The bench `wire`: our server against minimal ones on libwayland-server, under the same clients. */
import { BenchUnavailableError } from '../errors.ts';
import type { BenchResult } from '../result.ts';
import { sidTree, sidTreeAtHand } from '../sid-tree.ts';
import { measureMemory } from './memory.ts';
import { measureTest } from './measure.ts';
import type { Measured } from './measure.ts';
import {
  floorServer,
  libwaylandVersion,
  nodeFloorServer,
  ourServer,
  peerServer,
  wirePrograms,
} from './peers.ts';
import type { WirePrograms, WireServerKind } from './peers.ts';
import { WIRE_TESTS } from './tests.ts';

export interface WireBenchOptions {
  readonly rounds: number;
  /** Multiplies the iterations and counts: below 1 for a quick look, which downloads nothing. */
  readonly scale: number;
  /** Names of tests; empty: all. */
  readonly tests: readonly string[];
  onResult(result: BenchResult): void;
}

const LIBWAYLAND = 'libwayland-server0';

/** Names of the memory part, which is played as a whole. */
export const WIRE_MEMORY = 'wire-memory';

export const WIRE_TEST_NAMES: readonly string[] = [
  ...WIRE_TESTS.map(({ name }) => name),
  WIRE_MEMORY,
];

/** Throws a BenchUnavailableError without a compiler or libwayland, a BenchBrokenError when a side did not do its work. */
export async function runWireBench(options: WireBenchOptions): Promise<void> {
  const wanted = (name: string): boolean =>
    options.tests.length === 0 || options.tests.includes(name);
  const programs = await wirePrograms();
  const installed = peerServer(programs, `libwayland-server ${await libwaylandVersion()}`);
  const kinds = [installed, ...(await newest(programs, options))];
  const tests = WIRE_TESTS.filter(({ name }) => wanted(name));
  if (tests.length > 0) {
    const started: Measured[] = [];
    const start = async (kind: WireServerKind): Promise<Measured> => {
      const measured = { kind, server: await kind.start() };
      started.push(measured);
      return measured;
    };
    try {
      const ours = await start(ourServer());
      const floor = await start(floorServer(programs));
      const nodeFloor = await start(nodeFloorServer());
      const peers: Measured[] = [];
      for (const kind of kinds) peers.push(await start(kind));
      for (const test of tests)
        for (const result of await measureTest(
          test,
          { ours, peers, floor, nodeFloor },
          { ...options, programs },
        ))
          options.onResult(result);
    } finally {
      for (const { server } of started) await server.stop();
    }
  }
  if (!wanted(WIRE_MEMORY)) return;
  for (const result of await measureMemory(programs, installed, options)) options.onResult(result);
}

/** sid's libwayland where it can be had; else a visible skip. */
async function newest(
  programs: WirePrograms,
  { scale, onResult }: WireBenchOptions,
): Promise<WireServerKind[]> {
  if (scale < 1 && !sidTreeAtHand(LIBWAYLAND)) return [];
  try {
    const { version, loader } = await sidTree(LIBWAYLAND);
    const kind = peerServer(programs, `libwayland-server ${version} (sid)`, loader);
    // Whether it runs here (its C library wants a kernel new enough).
    await (await kind.start()).stop();
    return [kind];
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const reason = error instanceof BenchUnavailableError ? error.message : `sid: ${error.message}`;
    onResult(skippedPeer(reason));
    return [];
  }
}

function skippedPeer(reason: string): BenchResult {
  return {
    name: 'wire against sid',
    peer: '',
    rounds: 0,
    wallRatio: null,
    cpuRatio: null,
    ours: null,
    theirs: null,
    unit: '',
    note: `skipped: ${reason}`,
  };
}
