/** What is measured with many waits at once: memory, whether one is found as fast as among few, and the move to another device. */
import { native } from '../../../native/binding.ts';
import type { Subscription } from 'rxjs';
import { median } from '../statistics.ts';
import type { SyncBed } from './bed.ts';
import { shareTimeline, signalOnce, signalPoint } from './waits.ts';
import type { SharedTimeline } from './waits.ts';

const TIMELINES_PER_CLIENT = 10;
const CLIENTS = 100;
const UNPLUG_CLIENTS = 20;
const SIGNALS = 300;
const NS_PER_US = 1000;
const WARM_UP = 300;
/** Above every point that is signalled meanwhile. */
const NEVER = 1n << 40n;

/** Points that nobody signals, spread over clients and timelines. */
interface Pending {
  readonly timelines: readonly SharedTimeline[];
  readonly subscriptions: readonly Subscription[];
}

export interface PendingFigures {
  /** From a signal to its outcome while this many others are pending, p50. */
  readonly p50Ns: number;
  /** The same with ten pending. */
  readonly fewP50Ns: number;
  /** Of the JavaScript heap, after a collection, for one more wait. */
  readonly bytesPerWait: number;
}

/** With ten timelines a client and the rest of `count` in points of each. */
export async function measurePending(bed: SyncBed, count: number): Promise<PendingFigures> {
  const few = pend(bed, 1, 1);
  const fewP50Ns = await signalsAmong(bed, few);
  const rest = makeTimelines(bed, CLIENTS);
  const perTimeline = Math.max(1, Math.round(count / rest.length));
  const before = heapBytes();
  const many = pendOn(rest, perTimeline);
  const bytesPerWait = (heapBytes() - before) / (rest.length * perTimeline);
  const p50Ns = await signalsAmong(bed, many);
  for (const subscription of [...few.subscriptions, ...many.subscriptions])
    subscription.unsubscribe();
  return { p50Ns, fewP50Ns, bytesPerWait };
}

/** Time from the first to the last signal's outcome on one of the pending timelines, one after the other. */
async function signalsAmong(bed: SyncBed, { timelines }: Pending): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < WARM_UP + SIGNALS; index++) {
    const shared = timelines[(index * 7) % timelines.length]!;
    const tookNs = await signalOnce(bed, shared, BigInt(index + 1));
    if (index >= WARM_UP) times.push(tookNs);
  }
  return median(times);
}

function pend(bed: SyncBed, clients: number, perTimeline: number): Pending {
  return pendOn(makeTimelines(bed, clients), perTimeline);
}

function makeTimelines(bed: SyncBed, clients: number): SharedTimeline[] {
  return Array.from({ length: clients }, (_, client) => {
    const owner = bed.manager.createOwner(`client ${client}`, () => {});
    return Array.from({ length: TIMELINES_PER_CLIENT }, () => shareTimeline(bed, owner));
  }).flat();
}

function pendOn(timelines: readonly SharedTimeline[], perTimeline: number): Pending {
  const subscriptions = timelines.flatMap(({ timeline }) =>
    Array.from({ length: perTimeline }, (_, index) =>
      timeline.waitForPoint(NEVER + BigInt(index)).subscribe(),
    ),
  );
  return { timelines, subscriptions };
}

function heapBytes(): number {
  if (globalThis.gc === undefined) throw new Error('needs --expose-gc');
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

export interface UnplugFigures {
  /** From the moment the manager notices that its device is gone until every wait is at home on another. */
  readonly rehomeNs: number;
  /** The process's CPU time meanwhile, all threads: what a busy machine does not lengthen much. */
  readonly rehomeCpuNs: number;
  readonly waits: number;
  /** As many imports and one query without the manager. */
  readonly bareNs: number;
}

/** One wait on each of `count` timelines when the device they are imported into leaves; then all are signalled. */
export async function measureUnplug(
  bed: SyncBed,
  count: number,
): Promise<Omit<UnplugFigures, 'bareNs'>> {
  const perClient = Math.ceil(count / UNPLUG_CLIENTS);
  const timelines = Array.from({ length: UNPLUG_CLIENTS }, (_, client) => {
    const owner = bed.manager.createOwner(`client ${client}`, () => {});
    return Array.from({ length: perClient }, () => shareTimeline(bed, owner));
  }).flat();
  const outcomes = Promise.all(timelines.map(({ timeline }) => outcomeOf(timeline)));
  const took = await pulled(bed);
  const { waits } = bed.manager.stats();
  if (waits.length !== timelines.length || waits.some(({ parked }) => parked))
    throw new Error('not every wait has found another device');
  for (const { handle } of timelines) signalPoint(bed, handle, 1n);
  const ends = await outcomes;
  if (ends.some((type) => type !== 'signalled')) throw new Error('not every wait has ended well');
  return { ...took, waits: waits.length };
}

function outcomeOf(timeline: SharedTimeline['timeline']): Promise<string> {
  return new Promise((resolve, reject) => {
    timeline.waitForPoint(1n).subscribe({ next: ({ type }) => resolve(type), error: reject });
  });
}

/** Until everybody else hears of the loss: the manager is told first, and moves everything. */
function pulled(bed: SyncBed): Promise<Pick<UnplugFigures, 'rehomeNs' | 'rehomeCpuNs'>> {
  return new Promise((resolve) => {
    let startNs: bigint | undefined;
    let cpuBefore = process.cpuUsage();
    bed.onLoss = () => {
      cpuBefore = process.cpuUsage();
      startNs = native.monotonicNs();
      bed.onLoss = undefined;
    };
    const subscription = bed.manager.devices$.subscribe(() => {
      if (startNs === undefined) return;
      const rehomeNs = Number(native.monotonicNs() - startNs);
      const { user, system } = process.cpuUsage(cpuBefore);
      resolve({ rehomeNs, rehomeCpuNs: (user + system) * NS_PER_US });
      subscription.unsubscribe();
    });
    bed.pullImportDevice();
  });
}
