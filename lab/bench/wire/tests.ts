/** The tests of the wire: which client does what how often, and what is asked of the ratios. */

/** A ratio asked for is a least one. */
export interface WireTarget {
  readonly wall?: number;
  readonly cpu?: number;
}

export interface WireTest {
  readonly name: string;
  /** `raw`: ready-made bytes, so that no client library is measured. */
  readonly client: 'libwayland' | 'raw';
  /** The client program's own name of it. */
  readonly run: string;
  readonly clients: number;
  /** Of each client, the first ones not measured; enough for its connection to be in the server's stride. */
  readonly warmUpIterations: number;
  readonly iterations: number;
  readonly unit: string;
  readonly target: WireTarget;
  /** Against servers that have just started, a new pair each round. */
  readonly cold?: boolean;
}

const BULK: WireTarget = { wall: 1.5, cpu: 5 };
const RAW: WireTarget = { wall: 10, cpu: 5 };
/** Pools and connections are the kernel's work, which is the same for both. */
const NO_WORSE: WireTarget = { wall: 1 };

type Shape = Pick<WireTest, 'name' | 'client' | 'run' | 'warmUpIterations' | 'iterations'> &
  Partial<WireTest>;

export const WIRE_TESTS: readonly WireTest[] = [
  {
    ...bulk('pipelined', 200, 2_000),
    name: 'wire-pipelined',
  },
  bulk('damage', 50, 400),
  bulk('objects', 100, 1_200),
  { ...bulk('pools', 100, 3_000), target: NO_WORSE },
  { ...bulk('connect', 100, 4_000), target: NO_WORSE, unit: 'ns/connection' },
  { ...bulk('sync', 1_000, 15_000), target: { wall: 0.95 } },
  { ...bulk('sync', 100, 1_200), name: 'wire-sync-16', clients: 16, target: { wall: 1 } },
  { ...bulk('pipelined', 20, 200), name: 'wire-pipelined-16', clients: 16 },
  { ...bulk('damage', 5, 40), name: 'wire-damage-16', clients: 16 },
  raw('damage', 100, 1_500),
  raw('syncs', 100, 800),
  raw('objects', 100, 1_500),
  { ...raw('damage', 20, 120), name: 'wire-raw-damage-16', clients: 16 },
  { ...bulk('damage', 0, 5), name: 'wire-cold-damage', cold: true, target: { wall: 1 } },
  { ...bulk('objects', 0, 17), name: 'wire-cold-objects', cold: true, target: { wall: 1 } },
  { ...bulk('sync', 0, 250), name: 'wire-cold-sync', cold: true, target: { wall: 1 } },
];

function bulk(run: string, warmUpIterations: number, iterations: number): WireTest {
  return test({ name: `wire-${run}`, client: 'libwayland', run, warmUpIterations, iterations });
}

function raw(run: string, warmUpIterations: number, iterations: number): WireTest {
  const shape: Shape = {
    name: `wire-raw-${run}`,
    client: 'raw',
    run,
    warmUpIterations,
    iterations,
  };
  return test({ ...shape, target: RAW });
}

function test(shape: Shape): WireTest {
  return { clients: 1, unit: 'ns/message', target: BULK, ...shape };
}
