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
  /** Of each client, the first ones not measured. */
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
    ...bulk('pipelined', 100, 400),
    name: 'wire-pipelined',
  },
  bulk('damage', 20, 100),
  bulk('objects', 20, 100),
  { ...bulk('pools', 50, 200), target: NO_WORSE },
  { ...bulk('connect', 50, 400), target: NO_WORSE, unit: 'ns/connection' },
  { ...bulk('sync', 500, 2000), target: { wall: 0.95 } },
  { ...bulk('sync', 50, 200), name: 'wire-sync-16', clients: 16, target: { wall: 1 } },
  { ...bulk('pipelined', 10, 40), name: 'wire-pipelined-16', clients: 16 },
  { ...bulk('damage', 2, 10), name: 'wire-damage-16', clients: 16 },
  raw('damage', 50, 400),
  raw('syncs', 50, 200),
  raw('objects', 50, 200),
  { ...raw('damage', 5, 25), name: 'wire-raw-damage-16', clients: 16 },
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
