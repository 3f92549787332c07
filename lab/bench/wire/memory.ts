/** What a server holds for clients that do nothing and for objects nobody uses. */
import type { BenchResult } from '../result.ts';
import { LineProcess } from '../line-process.ts';
import { rounded } from '../statistics.ts';
import { BenchBrokenError } from '../errors.ts';
import { ourServer } from './peers.ts';
import type { ServerMemory, WirePrograms, WireServer, WireServerKind } from './peers.ts';

const CLIENTS = 1_000;
const OBJECTS = 100_000;
const FIRST_ONES = 10;
/** Until the server has freed what has gone. */
const SETTLE_MS = 300;
const MAX_CLIENT_BYTES = 8 * 1024;
const MAX_OBJECT_BYTES = 200;

interface Holding {
  readonly name: string;
  readonly command: 'hold-clients' | 'hold-objects';
  readonly count: number;
  readonly unit: string;
  readonly maxBytes: number;
}

/** Two results a kind: allocated memory (after a collection), and resident pages. */
export async function measureMemory(
  programs: WirePrograms,
  peer: WireServerKind,
  options: { readonly scale: number },
): Promise<BenchResult[]> {
  const count = (full: number): number => Math.max(10, Math.round(full * options.scale));
  const kinds: readonly Holding[] = [
    {
      name: 'wire-memory-idle-client',
      command: 'hold-clients',
      count: count(CLIENTS),
      unit: 'bytes/client',
      maxBytes: MAX_CLIENT_BYTES,
    },
    {
      name: 'wire-memory-object',
      command: 'hold-objects',
      count: count(OBJECTS),
      unit: 'bytes/object',
      maxBytes: MAX_OBJECT_BYTES,
    },
  ];
  const results: BenchResult[] = [];
  for (const kind of kinds) {
    const ours = await held(kind, await ourServer().start(), programs);
    const theirs = await held(kind, await peer.start(), programs);
    results.push(
      resultOf(kind, kind.name, peer.name, ours.heapBytes, theirs.heapBytes),
      resultOf(kind, `${kind.name}-resident`, peer.name, ours.residentBytes, theirs.residentBytes),
    );
  }
  return results;
}

/** What the server holds more while they are there, each. Stops the server. */
async function held(
  kind: Holding,
  server: WireServer,
  programs: WirePrograms,
): Promise<ServerMemory> {
  try {
    // A few before it counts: what is made with the first one and stays is no cost of each.
    await hold({ ...kind, count: FIRST_ONES }, server, programs, () => Promise.resolve());
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const before = await server.memory();
    const during = await hold(kind, server, programs, () => server.memory());
    return {
      residentBytes: (during.residentBytes - before.residentBytes) / kind.count,
      heapBytes: (during.heapBytes - before.heapBytes) / kind.count,
    };
  } finally {
    await server.stop();
  }
}

async function hold<T>(
  kind: Holding,
  server: WireServer,
  programs: WirePrograms,
  meanwhile: () => Promise<T>,
): Promise<T> {
  const seenBefore = await server.requests();
  const args = [server.socketPath, kind.command, String(kind.count)];
  const client = new LineProcess(programs.clients.raw, args);
  try {
    const { requests } = JSON.parse(await client.line()) as { requests: number };
    const seen = (await server.requests()) - seenBefore;
    if (seen !== requests)
      throw new BenchBrokenError(`${kind.name}: ${requests} requests made, ${seen} seen`);
    return await meanwhile();
  } finally {
    await client.end();
  }
}

function resultOf(
  kind: Holding,
  name: string,
  peer: string,
  ours: number,
  theirs: number,
): BenchResult {
  return {
    name,
    peer,
    rounds: 1,
    wallRatio: null,
    cpuRatio: null,
    memoryRatio: rounded(theirs / ours),
    ours: rounded(ours),
    theirs: rounded(theirs),
    unit: kind.unit,
    target: `≤ ${kind.maxBytes} ${kind.unit}`,
    reached: ours <= kind.maxBytes,
  };
}
