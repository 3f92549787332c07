/**
 * The two eventfds of one owner, shared by all its points, and what a wake-up does.
 *
 * One pair an owner rather than one an owner and device: registrations hang on the syncobj, not on the device (kernel-facts A),
 * so the armed ones of a lost device go on firing here and nothing has to be armed again after a move. The eventfds are
 * edge-triggered and not read; a wake-up asks with one batched query how far all the owner's pending timelines are.
 */
import { native } from '../native/binding.ts';
import { OwnedFd } from '../native/fd.ts';
import { EPOLLET, EPOLLIN, type Watch } from '../native/poller.ts';
import {
  DeviceLostError,
  type ArmPhase,
  type Point,
  type QueryKind,
  type SyncobjDevice,
} from '../devices/syncobj-device.ts';
import type { SyncContext } from './context.ts';
import type { TimelineImport } from './import-table.ts';
import type { Retryable } from './retry.ts';

/** A timeline with something pending. */
export interface Awaited {
  readonly current: TimelineImport | undefined;
  /** Whether how far it is in this respect matters. */
  wants(kind: QueryKind): boolean;
  /** Returns whether something was armed anew: query once more. */
  onSubmitted(reached: Point): boolean;
  /**
   * An `available` registration has fired, and nobody else wants anything. Takes the fence of its only wait, if that has one. False: how
   * far the timeline is has to be asked.
   */
  onlyFired(): boolean;
  onSignalled(reached: Point): void;
  /** Every `signalled` registration of the owner has fired, and no device can be asked. */
  onAllSignalled(): void;
}

/** Arming and querying again normally ends after two rounds; a client that submits all the time must not keep us here. */
const MAX_ROUNDS = 4;

/** With more than these, who wants nothing is forgotten, so that a wake-up does not go through all timelines of a client. */
const MOST_RESTING = 8;

interface SharedEventfd {
  readonly fd: OwnedFd;
  readonly watch: Watch;
}

export class Wakeups implements Retryable {
  readonly #context: SyncContext;
  readonly #active = new Set<Awaited>();
  #available: SharedEventfd | undefined;
  #signalled: SharedEventfd | undefined;
  #handles = new Uint32Array(16);
  #points = new BigUint64Array(16);
  /** What a query asks about, in the order of `handles`: the first {@link #batchSize}. */
  readonly #batch: (Awaited | undefined)[] = [];
  #batchSize = 0;
  #scanning = false;
  #again = false;
  /** A query failed for want of memory. */
  #unfinished = false;
  #disposed = false;
  /** `signalled` registrations made and known to have fired; read only when no device can be asked. */
  #signalledArmed = 0;
  #signalledFired = 0;

  constructor(context: SyncContext) {
    this.#context = context;
  }

  /** From now on wake-ups concern it, until it wants nothing any more. */
  activate(awaited: Awaited): void {
    this.#active.add(awaited);
  }

  deactivate(awaited: Awaited): void {
    this.#active.delete(awaited);
  }

  /** The shared eventfd, borrowed. SystemError: EMFILE. */
  eventfd(phase: ArmPhase): number {
    if (phase === 'available') {
      this.#available ??= this.#open(() => this.#onAvailableEdge());
      return this.#available.fd.fd;
    }
    this.#signalled ??= this.#open(() => this.#onSignalledEdge());
    return this.#signalled.fd.fd;
  }

  /** The kernel has taken a registration of the shared eventfd. */
  onArmed(phase: ArmPhase): void {
    if (phase === 'signalled') this.#signalledArmed++;
  }

  /** Asks how far everything pending is, and moves it on. */
  scan(): void {
    this.#again = true;
    if (this.#scanning) return;
    this.#scanning = true;
    this.#unfinished = false;
    try {
      for (let round = 0; this.#again && round < MAX_ROUNDS; round++) {
        this.#again = false;
        this.#pass('submitted');
        this.#pass('signalled');
      }
    } finally {
      this.#scanning = false;
    }
    if (!this.#disposed && (this.#again || this.#unfinished)) this.#context.retries.add(this);
  }

  /** Scans once after `scope`, however often that asks for it: moving many timelines costs one query, not one each. */
  scanAfter(scope: () => void): void {
    const outermost = !this.#scanning;
    this.#scanning = true;
    try {
      scope();
    } finally {
      if (outermost) this.#scanning = false;
    }
    this.scan();
  }

  retry(): boolean {
    this.scan();
    return !this.#again && !this.#unfinished;
  }

  dispose(): void {
    this.#disposed = true;
    this.#active.clear();
    this.#context.retries.remove(this);
    for (const shared of [this.#available, this.#signalled]) {
      shared?.watch.close();
      shared?.fd.close();
    }
    this.#available = undefined;
    this.#signalled = undefined;
  }

  #open(onEdge: () => void): SharedEventfd {
    const fd = new OwnedFd(native.eventfd(0));
    try {
      return { fd, watch: this.#context.poller.watch(fd.fd, EPOLLIN | EPOLLET, onEdge) };
    } catch (error) {
      fd.close();
      throw error;
    }
  }

  /** When it is known whose registration has fired, its fence is asked for at once: a query less. */
  #onAvailableEdge(): void {
    if (this.#scanning || this.#only()?.onlyFired() !== true) this.scan();
  }

  /** The one that wants something, when there is one and it wants to know what is submitted. */
  #only(): Awaited | undefined {
    if (this.#active.size > MOST_RESTING) return undefined;
    let only: Awaited | undefined;
    for (const awaited of this.#active) {
      if (awaited.wants('signalled')) return undefined;
      if (!awaited.wants('submitted')) continue;
      if (only) return undefined;
      only = awaited;
    }
    return only;
  }

  #onSignalledEdge(): void {
    this.scan();
    const stranded = [...this.#active].filter(
      (awaited) => !awaited.current && awaited.wants('signalled'),
    );
    if (stranded.length === 0 || !this.#signalled) return;
    // No device to ask. The counter tells how many have fired: when it is all of them, it is also these.
    this.#signalledFired += Number(native.eventfdRead(this.#signalled.fd.fd) ?? 0n);
    if (this.#signalledFired < this.#signalledArmed) return;
    for (const awaited of stranded) awaited.onAllSignalled();
  }

  /** One query a device, of which there is nearly always one. */
  #pass(kind: QueryKind): void {
    let asked: SyncobjDevice[] | undefined;
    for (let more = true; more;) {
      more = this.#collect(kind, asked);
      if (this.#batchSize === 0) return;
      const device = this.#batch[0]?.current?.device;
      if (!device) return;
      this.#query(device, kind);
      if (more) (asked ??= []).push(device);
    }
  }

  /** Fills the batch with what is on one device not asked yet. Returns whether another device is left. */
  #collect(kind: QueryKind, asked: readonly SyncobjDevice[] | undefined): boolean {
    let device: SyncobjDevice | undefined;
    let more = false;
    let size = 0;
    for (const awaited of this.#active) {
      if (!awaited.wants(kind)) {
        if (kind === 'signalled') this.#rest(awaited);
        continue;
      }
      const at = awaited.current;
      if (!at || asked?.includes(at.device)) continue;
      device ??= at.device;
      if (at.device === device) this.#batch[size++] = awaited;
      else more = true;
    }
    this.#batchSize = size;
    return more;
  }

  /** It does not want to know what has signalled. A few stay although they want nothing: most will again with the next commit. */
  #rest(awaited: Awaited): void {
    if (this.#active.size > MOST_RESTING && !awaited.wants('submitted'))
      this.#active.delete(awaited);
  }

  #query(device: SyncobjDevice, kind: QueryKind): void {
    const batch = this.#batch;
    const count = this.#batchSize;
    if (count > this.#handles.length) {
      this.#handles = new Uint32Array(2 * count);
      this.#points = new BigUint64Array(2 * count);
    }
    for (let index = 0; index < count; index++)
      this.#handles[index] = batch[index]?.current?.handle ?? 0;
    try {
      device.query(this.#handles, this.#points, count, kind);
    } catch (error) {
      if (error instanceof DeviceLostError) this.#context.deviceLost(device);
      else this.#unfinished = true;
      return;
    }
    for (let index = 0; index < count; index++) {
      const awaited = batch[index]!;
      batch[index] = undefined;
      // An earlier one's subscriber may have ended this one, or its device may have gone meanwhile.
      if (!this.#active.has(awaited) || awaited.current?.device !== device) continue;
      const reached = this.#points[index]!;
      if (kind === 'signalled') awaited.onSignalled(reached);
      else if (awaited.onSubmitted(reached)) this.#again = true;
    }
  }
}
