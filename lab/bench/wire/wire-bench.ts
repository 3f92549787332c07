/** The bench `wire`: our server against a minimal one on libwayland-server, under the same clients. */
import type { BenchResult } from '../result.ts';
import { measureMemory } from './memory.ts';
import { measureTest } from './measure.ts';
import { libwaylandVersion, wirePrograms, WireServer } from './peers.ts';
import { WIRE_TESTS } from './tests.ts';

export interface WireBenchOptions {
  readonly rounds: number;
  /** Multiplies the iterations and counts: below 1 for a quick look. */
  readonly scale: number;
  /** Names of tests; empty: all. */
  readonly tests: readonly string[];
  onResult(result: BenchResult): void;
}

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
  const peer = `libwayland-server ${await libwaylandVersion()}`;
  const servers = { ours: await WireServer.ours(), theirs: await WireServer.theirs(programs) };
  try {
    for (const test of WIRE_TESTS)
      if (wanted(test.name))
        options.onResult(await measureTest(test, servers, { ...options, programs, peer }));
  } finally {
    await servers.ours.stop();
    await servers.theirs.stop();
  }
  if (!wanted(WIRE_MEMORY)) return;
  for (const result of await measureMemory(programs, { ...options, peer }))
    options.onResult(result);
}
