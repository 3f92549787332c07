/**
 * Fences of the simulated kernel: single fences, chains (the inside of a timeline) and arrays (the inside of a merge).
 *
 * The rules, among them the ones that lose errors, follow what was measured of Linux 6.12 and 7.3: a chain forgets its
 * signalled links when it is walked, and a merge leaves out what has signalled already.
 */

/** Anything that signals once. */
export interface DmaFence {
  isSignalled(): boolean;
  /** Calls back once at the signal; returns false, without calling back, when it has signalled already. */
  onSignal(callback: () => void): boolean;
}

/** One fence with an outcome: 0 active, 1 signalled, negative -errno. */
export class SingleFence implements DmaFence {
  #status = 0;
  #timestampNs = 0n;
  #callbacks: (() => void)[] = [];

  get status(): number {
    return this.#status;
  }

  /** When it signalled (CLOCK_MONOTONIC), 0n before. */
  get timestampNs(): bigint {
    return this.#timestampNs;
  }

  isSignalled(): boolean {
    return this.#status !== 0;
  }

  onSignal(callback: () => void): boolean {
    if (this.#status !== 0) return false;
    this.#callbacks.push(callback);
    return true;
  }

  /** Ends it. `errno` 0 is success, else a positive errno. A second end changes nothing and returns false. */
  signal(errno: number, nowNs: bigint): boolean {
    if (this.#status !== 0) return false;
    this.#status = errno === 0 ? 1 : -errno;
    this.#timestampNs = nowNs;
    const callbacks = this.#callbacks;
    this.#callbacks = [];
    for (const callback of callbacks) callback();
    return true;
  }
}

/** A fence that has signalled without error. */
export function signalledFence(timestampNs: bigint): SingleFence {
  const fence = new SingleFence();
  fence.signal(0, timestampNs);
  return fence;
}

/** Several single fences as one: signalled when all are (dma_fence_array). */
export class FenceArray implements DmaFence {
  readonly fences: readonly SingleFence[];

  constructor(fences: readonly SingleFence[]) {
    this.fences = fences;
  }

  isSignalled(): boolean {
    return this.fences.every((fence) => fence.isSignalled());
  }

  onSignal(callback: () => void): boolean {
    return whenEach(() => this.fences.find((fence) => !fence.isSignalled()), callback);
  }
}

/** One link of a timeline: a fence, its place, and what came before it (dma_fence_chain). */
export class FenceChain implements DmaFence {
  readonly fence: SingleFence | FenceArray;
  readonly point: bigint;
  /** The point before this one, 0n when this link starts anew (first, or added out of order). */
  readonly previousPoint: bigint;
  /** Same object for links added in order: within one lineage points only rise. */
  readonly lineage: object;
  #previous: DmaFence | undefined;

  constructor(previous: DmaFence | undefined, fence: SingleFence | FenceArray, point: bigint) {
    this.fence = fence;
    this.#previous = previous;
    if (previous instanceof FenceChain && point > previous.point) {
      this.point = point;
      this.previousPoint = previous.point;
      this.lineage = previous.lineage;
      return;
    }
    // Out of order: the highest point stays the answer to queries, and nothing is known of the points below it.
    this.point = previous instanceof FenceChain && previous.point > point ? previous.point : point;
    this.previousPoint = 0n;
    this.lineage = {};
  }

  /** The link before this one that has not signalled; signalled ones are forgotten here, and with them their errors. */
  walk(): DmaFence | undefined {
    while (this.#previous) {
      const previous = this.#previous;
      const contained = previous instanceof FenceChain ? previous.fence : previous;
      if (!contained.isSignalled()) return previous;
      this.#previous = previous instanceof FenceChain ? previous.#previous : undefined;
    }
    return undefined;
  }

  isSignalled(): boolean {
    return this.#firstActive() === undefined;
  }

  onSignal(callback: () => void): boolean {
    return whenEach(() => this.#firstActive(), callback);
  }

  #firstActive(): DmaFence | undefined {
    if (!this.fence.isSignalled()) return this.fence;
    for (let link = this.walk(); link; link = walkFrom(link)) {
      const contained = link instanceof FenceChain ? link.fence : link;
      if (!contained.isSignalled()) return contained;
    }
    return undefined;
  }
}

/** The link before `fence`, undefined for anything but a chain. */
export function walkFrom(fence: DmaFence): DmaFence | undefined {
  return fence instanceof FenceChain ? fence.walk() : undefined;
}

/**
 * The fence behind `head` that answers for `point` (dma_fence_chain_find_seqno): 'unsubmitted' when the timeline is not there
 * yet, 'forgotten' when the point has signalled and a later one has replaced it, so that only success can be told.
 */
export function findPoint(
  head: DmaFence | undefined,
  point: bigint,
): DmaFence | 'unsubmitted' | 'forgotten' {
  if (!head) return 'unsubmitted';
  if (point === 0n) return head;
  if (!(head instanceof FenceChain) || head.point < point) return 'unsubmitted';
  for (let link: DmaFence | undefined = head; link; link = walkFrom(link)) {
    if (!(link instanceof FenceChain)) return link;
    if (link.lineage !== head.lineage || link.previousPoint < point) return link;
  }
  return 'forgotten';
}

/** The single fences inside, newest link first (dma_fence_unwrap_for_each). */
export function unwrapFences(head: DmaFence): SingleFence[] {
  const singles: SingleFence[] = [];
  for (let link: DmaFence | undefined = head; link; link = walkFrom(link)) {
    const contained = link instanceof FenceChain ? link.fence : link;
    if (contained instanceof FenceArray) singles.push(...contained.fences);
    else if (contained instanceof SingleFence) singles.push(contained);
  }
  return singles;
}

/**
 * One fence for all those inside `heads` (dma_fence_unwrap_merge). Fences that have signalled are left out, failed ones too:
 * that is how a merge or a transfer to a timeline loses an error.
 */
export function mergeFences(...heads: readonly DmaFence[]): SingleFence | FenceArray {
  const active = new Set<SingleFence>();
  let latestNs = 0n;
  for (const fence of heads.flatMap(unwrapFences)) {
    if (!fence.isSignalled()) active.add(fence);
    else if (fence.timestampNs > latestNs) latestNs = fence.timestampNs;
  }
  const [first, ...others] = active;
  if (!first) return signalledFence(latestNs);
  return others.length === 0 ? first : new FenceArray([...active]);
}

/** Waits for one active fence after the other until `next` finds none. */
function whenEach(next: () => DmaFence | undefined, callback: () => void): boolean {
  const fence = next();
  if (!fence) return false;
  const step = (): void => {
    if (!whenEach(next, callback)) callback();
  };
  return fence.onSignal(step);
}
