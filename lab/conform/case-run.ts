/** One case being played: its connections, timelines and fences, all of which end with it. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DeviceLostError,
  type DeviceId,
  type SyncobjDevice,
} from '../../devices/syncobj-device.ts';
import { native } from '../../native/binding.ts';
import { hasErrno } from '../../native/errors.ts';
import type { OwnedFd } from '../../native/fd.ts';
import { ECANCELED } from '../../native/errno.ts';
import { Bystander } from './bystander.ts';
import { QUIET_SHARE, type Environment } from './environment.ts';
import { TestClient } from './test-client.ts';
import type { GpuRole, Hotplug, TestFences, TestGpus } from './test-gpus.ts';
import { TestTimeline } from './test-timeline.ts';
import { CaseFailedError, CaseSkippedError } from './verdicts.ts';

const STEP_MS = 3;
/** Of a step that took longer: this process stood still, and what it waits for may have come unseen. */
const LONGEST_STEP_MS = 100;

/** A pending fence of the client's GPU. Ends with ECANCELED at the case's end, if not before. */
export interface TestFence {
  /** Borrowed: the case closes it. */
  readonly syncFile: OwnedFd;
  /** Ends it, 0 = success, else a positive errno. The first end counts. */
  end(errno: number): void;
  readonly ended: boolean;
}

export class CaseRun {
  readonly environment: Environment;
  readonly #owned: { close(): void }[] = [];
  readonly #devices = new Map<DeviceId, SyncobjDevice>();
  /** GPUs this case pulled and did not plug in again. */
  readonly #unplugged = new Map<DeviceId, GpuRole>();
  #importGpuWasPulled = false;
  /** Since when somebody is pulling a GPU or plugging one in; undefined while nobody does. */
  #hotplugSinceNs: bigint | undefined;
  #hotplugNs = 0n;

  constructor(environment: Environment) {
    this.environment = environment;
  }

  get gpus(): TestGpus {
    const { gpus } = this.environment;
    if (!gpus) throw new CaseSkippedError('there is no GPU to make timelines on');
    return gpus;
  }

  get clientGpu(): DeviceId {
    return this.#wanted(this.environment.clientGpu, 'a GPU for the client');
  }

  get importGpu(): DeviceId {
    return this.#wanted(this.environment.importGpu, 'the compositor’s GPU');
  }

  get fences(): TestFences {
    return this.#wanted(this.gpus.fences, 'a source of pending fences');
  }

  /** Time spent with pulling GPUs and plugging them in so far: a person may need long, and the compositor has no part in it. */
  get hotplugMs(): number {
    const now =
      this.#hotplugSinceNs === undefined ? 0n : native.monotonicNs() - this.#hotplugSinceNs;
    return Number(this.#hotplugNs + now) / 1e6;
  }

  connect(): Promise<TestClient> {
    return TestClient.connect(this);
  }

  /** Another client, without explicit sync, that draws all the time. */
  bystander(): Promise<Bystander> {
    return Bystander.start(this);
  }

  /** On the client's GPU unless told otherwise. DeviceLostError. */
  timeline(client: TestClient, gpu: DeviceId = this.clientGpu): TestTimeline {
    const timeline = new TestTimeline(this.device(gpu), client.syncobj);
    this.own(timeline);
    return timeline;
  }

  /** An opened GPU; a new one after it was pulled. */
  device(id: DeviceId): SyncobjDevice {
    const open = this.#devices.get(id);
    if (open && !open.lost) return open;
    open?.close();
    const device = this.#open(id);
    if (!device) throw new CaseFailedError(`${id} is not there`);
    this.#devices.set(id, device);
    return device;
  }

  fence(gpu: DeviceId = this.clientGpu): TestFence {
    const backend = this.fences.create(gpu);
    let ended = false;
    const end = (errno: number): void => {
      if (ended) return;
      ended = true;
      backend.end(errno);
    };
    const fence = {
      syncFile: backend.syncFile,
      end,
      get ended(): boolean {
        return ended;
      },
    };
    this.own({
      close: () => {
        end(ECANCELED);
        backend.syncFile.close();
      },
    });
    return fence;
  }

  /** Pulls a GPU; its pending work is for the case to end. Waits until its ioctls say so. */
  async unplug(role: GpuRole): Promise<void> {
    const id = role === 'import' ? this.importGpu : this.clientGpu;
    const probe = this.device(id);
    const hotplug = this.#hotplug;
    await this.#timed(() => hotplug.remove(id, role));
    this.#unplugged.set(id, role);
    if (role === 'import') this.#importGpuWasPulled = true;
    if (!(await this.until(() => isGone(probe)))) {
      throw new CaseSkippedError(`${id} still answers after it was unplugged`);
    }
  }

  /** Plugs a GPU in again and waits until it can be used. Nothing happens when it is plugged in. */
  async plug(role: GpuRole): Promise<void> {
    const id = role === 'import' ? this.importGpu : this.clientGpu;
    if (!this.#unplugged.has(id)) return;
    const hotplug = this.#hotplug;
    await this.#timed(() => hotplug.add(id, role));
    const isUsable = (): boolean => {
      const device = this.#open(id);
      device?.close();
      return device !== undefined;
    };
    if (!(await this.until(isUsable))) {
      throw new CaseSkippedError(`${id} did not come back after it was plugged in`);
    }
    this.#unplugged.delete(id);
  }

  /** Waits until the condition holds, at most as long as the run's patience; whether it does. */
  async until(
    condition: () => boolean,
    limitMs: number = this.environment.patienceMs,
  ): Promise<boolean> {
    let waitedMs = 0;
    while (!condition()) {
      if (waitedMs >= limitMs) return false;
      const startNs = native.monotonicNs();
      await sleep(STEP_MS);
      const steppedMs = Number(native.monotonicNs() - startNs) / 1e6;
      waitedMs += Math.min(steppedMs, LONGEST_STEP_MS);
    }
    return true;
  }

  /** Waits for what must happen; fails the case when it does not, or when one of these clients is disconnected. */
  async expect(what: string, condition: () => boolean, ...clients: TestClient[]): Promise<void> {
    const closed = (): TestClient | undefined => clients.find(({ display }) => !display.open);
    await this.until(() => condition() || closed() !== undefined);
    if (condition()) return;
    const error = closed()?.error;
    throw new CaseFailedError(
      error ? `disconnected before ${what}: ${error.message}` : `never: ${what}`,
      error ? 'killed' : 'stuck',
    );
  }

  /** Lets time pass in which something must not happen. */
  async quiet(): Promise<void> {
    await sleep(this.environment.patienceMs * QUIET_SHARE);
  }

  /** Closed in reverse order at the end of the case. */
  own(owned: { close(): void }): void {
    this.#owned.push(owned);
  }

  /** Ends everything the case made, and plugs in again what it pulled. */
  async dispose(): Promise<void> {
    for (const owned of this.#owned.splice(0).reverse()) owned.close();
    for (const device of this.#devices.values()) device.close();
    this.#devices.clear();
    for (const role of [...this.#unplugged.values()]) await this.plug(role);
    if (this.#importGpuWasPulled && !this.environment.startedForSuite)
      await this.#settleOnImportGpu();
  }

  /** A compositor that went over to the client's GPU comes back to its own when that is pulled: for the next case. */
  async #settleOnImportGpu(): Promise<void> {
    this.#importGpuWasPulled = false;
    if (this.importGpu === this.clientGpu) return;
    await this.unplug('client');
    await this.plug('client');
    await this.quiet();
    for (const device of this.#devices.values()) device.close();
    this.#devices.clear();
  }

  async #timed(hotplug: () => Promise<void>): Promise<void> {
    const startNs = native.monotonicNs();
    this.#hotplugSinceNs = startNs;
    try {
      await hotplug();
    } finally {
      this.#hotplugSinceNs = undefined;
      this.#hotplugNs += native.monotonicNs() - startNs;
    }
  }

  /** Undefined while it is not there; the node of one that was just pulled may be seen beside that of its return. */
  #open(id: DeviceId): SyncobjDevice | undefined {
    const { kernel } = this.gpus;
    for (const node of this.gpus.timelineNodes().filter((candidate) => candidate.id === id)) {
      try {
        return kernel.openDevice(node);
      } catch (error) {
        if (!hasErrno(error, 'ENODEV') && !hasErrno(error, 'ENOENT')) throw error;
      }
    }
    return undefined;
  }

  get #hotplug(): Hotplug {
    return this.#wanted(this.gpus.hotplug, 'a way to pull a GPU');
  }

  #wanted<T>(value: T | undefined, what: string): T {
    if (value === undefined) throw new CaseSkippedError(`there is not ${what}`);
    return value;
  }
}

function isGone(device: SyncobjDevice): boolean {
  try {
    device.destroy(device.createTimeline());
    return device.lost;
  } catch (error) {
    if (error instanceof DeviceLostError) return true;
    throw error;
  }
}
