/** A syncobj of the simulated kernel. It belongs to no device: handles and files refer to it, armed eventfds live in it. */
import type { ArmPhase, Point, QueryKind } from '../syncobj-device.ts';
import {
  FenceArray,
  FenceChain,
  findPoint,
  mergeFences,
  signalledFence,
  SingleFence,
  walkFrom,
  type DmaFence,
} from './dma-fence.ts';
import type { HeldEventfd } from './held-eventfds.ts';

interface Registration {
  readonly point: Point;
  readonly phase: ArmPhase;
  readonly eventfd: HeldEventfd;
}

/** See the file comment. Reference-counted by its owners through {@link SimSyncobj.hold} and {@link SimSyncobj.letGo}. */
export class SimSyncobj {
  #fence: DmaFence | undefined;
  /** Armed for points without a fence. Those with a fence hang on the fence and outlive the syncobj. */
  #unsubmitted: Registration[] = [];
  #references = 0;
  readonly #stubTimestampNs: bigint;
  readonly #onFreed: (syncobj: SimSyncobj) => void;

  /** `stubTimestampNs`: the timestamp of points signalled by the CPU (the kernel shares one fence for all of them). */
  constructor(stubTimestampNs: bigint, onFreed: (syncobj: SimSyncobj) => void) {
    this.#stubTimestampNs = stubTimestampNs;
    this.#onFreed = onFreed;
  }

  /** One more handle or file refers to it. */
  hold(): this {
    this.#references++;
    return this;
  }

  /** A handle or file is gone. With the last one, eventfds armed for points without a fence are dropped silently. */
  letGo(): void {
    if (--this.#references > 0) return;
    for (const registration of this.#unsubmitted) registration.eventfd.drop();
    this.#unsubmitted = [];
    this.#onFreed(this);
  }

  /** Puts a fence on a point (drm_syncobj_add_point). */
  addPoint(fence: SingleFence | FenceArray, point: Point): void {
    const previous = this.#fence;
    this.#fence = new FenceChain(previous, fence, point);
    this.#submitted();
    // The kernel collects garbage here, from the previous head on: it keeps chains short.
    for (let link = previous; link; link = walkFrom(link));
  }

  /** Replaces all points by one fence, as a binary syncobj does. */
  replaceFence(fence: DmaFence): void {
    this.#fence = fence;
    this.#submitted();
  }

  /** TIMELINE_SIGNAL: the CPU signals a point. */
  signal(point: Point): void {
    this.addPoint(signalledFence(this.#stubTimestampNs), point);
  }

  /** RESET: as if nothing had ever been submitted. Eventfds that hang on a fence stay with it, the others stay armed. */
  reset(): void {
    this.#fence = undefined;
  }

  /** SYNCOBJ_SIGNAL, meant for binary syncobjs: no point but 0 is left. */
  signalBinary(): void {
    this.replaceFence(signalledFence(this.#stubTimestampNs));
  }

  /** The fence of a submitted point; undefined when there is none yet. */
  find(point: Point): DmaFence | undefined {
    const found = findPoint(this.#fence, point);
    if (found === 'unsubmitted') return undefined;
    return found === 'forgotten' ? signalledFence(this.#stubTimestampNs) : found;
  }

  /** Puts the fence of a sync_file on a point as it is: unlike a transfer, this keeps the error of one that has failed already. */
  addFence(fence: DmaFence, point: Point): void {
    const plain = fence instanceof SingleFence || fence instanceof FenceArray;
    this.addPoint(plain ? fence : mergeFences(fence), point);
  }

  query(kind: QueryKind): Point {
    const head = this.#fence;
    if (!(head instanceof FenceChain)) return 0n;
    if (kind === 'submitted') return head.point;
    let last = head;
    for (let link: DmaFence | undefined = head; link; link = walkFrom(link)) {
      if (!(link instanceof FenceChain) || link.lineage !== head.lineage) break;
      last = link;
    }
    return last.isSignalled() ? last.point : last.previousPoint;
  }

  arm(point: Point, phase: ArmPhase, eventfd: HeldEventfd): void {
    const registration = { point, phase, eventfd };
    if (!this.#start(registration)) this.#unsubmitted.push(registration);
  }

  #submitted(): void {
    if (this.#unsubmitted.length === 0) return;
    this.#unsubmitted = this.#unsubmitted.filter((registration) => !this.#start(registration));
  }

  /** Fires the registration or hangs it on the point's fence. False while there is no fence. */
  #start({ point, phase, eventfd }: Registration): boolean {
    const fence = this.find(point);
    if (!fence) return false;
    if (phase === 'available' || !fence.onSignal(() => eventfd.fire())) eventfd.fire();
    return true;
  }
}
