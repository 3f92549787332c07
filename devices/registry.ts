/**
 * The devices in use now: opens what can hold timelines, notices what goes, takes back what returns.
 *
 * A removal shows twice, as ENODEV from some ioctl ({@link DeviceRegistry.reportLost}) and later as an event; whichever is first
 * counts, once. Identity is the {@link DeviceId}, so a device under a new minor is the same device come back.
 */
import type { Observable } from 'rxjs';
import { BehaviorSubject } from 'rxjs/internal/BehaviorSubject';
import type { Clock, Timer } from '../native/clock.ts';
import type { DeviceNode, HotplugEvent, SyncKernel } from './sync-kernel.ts';
import type { SyncobjDevice } from './syncobj-device.ts';

/** Something that kept a node from being used. */
export interface DeviceProblem {
  readonly node: DeviceNode;
  readonly error: unknown;
  /** Whether it will be tried again. Else only an event about the node leads to another try. */
  readonly retrying: boolean;
}

export interface DeviceRegistryOptions {
  readonly kernel: SyncKernel;
  readonly clock: Clock;
  /** Told of each failed attempt to open a node. */
  readonly onProblem?: (problem: DeviceProblem) => void;
}

interface Entry {
  readonly node: DeviceNode;
  readonly device: SyncobjDevice;
}

interface Retry {
  attempts: number;
  timer: Timer | undefined;
}

type Change =
  | HotplugEvent
  | { readonly type: 'lost'; readonly device: SyncobjDevice }
  | { readonly type: 'retry'; readonly node: DeviceNode };

/** When to try a node again that could not be opened: permissions and device nodes may come after the event. */
const RETRY_DELAYS_NS: readonly bigint[] = [
  10_000_000n,
  40_000_000n,
  150_000_000n,
  500_000_000n,
  2_000_000_000n,
  5_000_000_000n,
];

/** See the file comment. Owns the devices it opens: nobody else closes them. */
export class DeviceRegistry {
  /**
   * Live devices with timelines and eventfds, oldest first; has a current value, completes on dispose. A device that left is
   * marked lost before, and closed after, the emission. Changes made by a handler are emitted after it has returned.
   */
  readonly devices$: Observable<readonly SyncobjDevice[]>;
  readonly #kernel: SyncKernel;
  readonly #clock: Clock;
  readonly #onProblem: (problem: DeviceProblem) => void;
  readonly #subject = new BehaviorSubject<readonly SyncobjDevice[]>([]);
  readonly #entries: Entry[] = [];
  /** Nodes opened and found unable, by path: not opened again until an event. */
  readonly #incapable = new Map<string, bigint>();
  readonly #retries = new Map<string, Retry>();
  readonly #queue: Change[] = [];
  readonly #stopListening: () => void;
  #draining = false;
  #disposed = false;

  /** Listens, then lists: a device that comes in between is seen twice rather than never. */
  constructor(options: DeviceRegistryOptions) {
    this.#kernel = options.kernel;
    this.#clock = options.clock;
    this.#onProblem = options.onProblem ?? ((): void => {});
    this.devices$ = this.#subject.asObservable();
    this.#stopListening = options.kernel.hotplug.listen((event) => this.#enqueue(event));
    for (const node of options.kernel.listNodes()) this.#queue.push({ type: 'added', node });
    this.#drain();
  }

  /** The current value of {@link devices$}. */
  get devices(): readonly SyncobjDevice[] {
    return this.#subject.value;
  }

  /** The node a live device was opened from; undefined when it is not (any more) ours. */
  nodeOf(device: SyncobjDevice): DeviceNode | undefined {
    return this.#entries.find((entry) => entry.device === device)?.node;
  }

  /** Some call on `device` answered ENODEV. Idempotent; a device that is not ours, or not any more, is ignored. */
  reportLost(device: SyncobjDevice): void {
    device.markLost();
    this.#enqueue({ type: 'lost', device });
  }

  /** Closes all devices. Idempotent. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#stopListening();
    this.#queue.length = 0;
    for (const path of this.#retries.keys()) this.#cancelRetry(path);
    this.#subject.complete();
    for (const { device } of this.#entries.splice(0)) device.close();
  }

  #enqueue(change: Change): void {
    if (this.#disposed) return;
    this.#queue.push(change);
    this.#drain();
  }

  /** Re-entered from a handler it does nothing: the running one goes on, so that all subscribers see changes in one order. */
  #drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    try {
      for (let change = this.#queue.shift(); change; change = this.#queue.shift())
        this.#handle(change);
    } finally {
      this.#draining = false;
    }
  }

  #handle(change: Change): void {
    switch (change.type) {
      case 'lost':
        this.#drop((entry) => entry.device === change.device);
        return;
      case 'removed':
        this.#cancelRetry(change.path);
        this.#incapable.delete(change.path);
        this.#drop((entry) => entry.node.path === change.path);
        return;
      case 'added':
      case 'changed':
        this.#cancelRetry(change.node.path);
        if (change.type === 'changed') this.#incapable.delete(change.node.path);
        this.#consider(change.node);
        return;
      case 'retry':
        // An event about the node has started the attempts anew; this one goes on counting.
        if (this.#retries.has(change.node.path)) this.#consider(change.node);
    }
  }

  /** Opens a node unless it is in use already. */
  #consider(node: DeviceNode): void {
    if (this.#incapable.get(node.path) === node.rdev) return;
    const current = this.#entries.find((entry) => entry.node.id === node.id);
    const isSameNode = current?.node.path === node.path && current.node.rdev === node.rdev;
    if (current && isSameNode && !current.device.lost) return;
    // Same device, other node: the old one must have gone, though nobody told us.
    if (current) this.#drop((entry) => entry === current);
    if (this.#disposed) return;
    const device = this.#open(node);
    if (!device) return;
    if (!isCapable(device)) {
      this.#incapable.set(node.path, node.rdev);
      device.close();
      return;
    }
    this.#entries.push({ node, device });
    this.#emit();
  }

  #open(node: DeviceNode): SyncobjDevice | undefined {
    try {
      const device = this.#kernel.openDevice(node);
      this.#cancelRetry(node.path);
      return device;
    } catch (error) {
      this.#retryLater(node, error);
      return undefined;
    }
  }

  #retryLater(node: DeviceNode, error: unknown): void {
    const retry = this.#retries.get(node.path) ?? { attempts: 0, timer: undefined };
    const delayNs = RETRY_DELAYS_NS[retry.attempts];
    this.#onProblem({ node, error, retrying: delayNs !== undefined });
    if (delayNs === undefined) {
      this.#retries.delete(node.path);
      return;
    }
    retry.attempts++;
    retry.timer = this.#clock.at(this.#clock.nowNs() + delayNs, () => {
      retry.timer = undefined;
      this.#enqueue({ type: 'retry', node });
    });
    this.#retries.set(node.path, retry);
  }

  #cancelRetry(path: string): void {
    this.#retries.get(path)?.timer?.close();
    this.#retries.delete(path);
  }

  #drop(isIt: (entry: Entry) => boolean): void {
    const index = this.#entries.findIndex(isIt);
    const [entry] = index < 0 ? [] : this.#entries.splice(index, 1);
    if (!entry) return;
    entry.device.markLost();
    this.#emit();
    entry.device.close();
  }

  #emit(): void {
    this.#subject.next(this.#entries.map((entry) => entry.device));
  }
}

/** Timelines must be there, and a way to be woken by them. */
function isCapable(device: SyncobjDevice): boolean {
  return device.capabilities.timeline && device.capabilities.eventfd;
}
