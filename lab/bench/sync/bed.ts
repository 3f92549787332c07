/** Two devices and a sync manager in real time, alone or a compositor's: what the sync bench measures on. */
import { native } from '../../../native/binding.ts';
import { SystemClock } from '../../../native/clock.ts';
import type { Clock } from '../../../native/clock.ts';
import { Poller } from '../../../native/poller.ts';
import { LinuxKernel } from '../../../devices/linux/linux-kernel.ts';
import { SimulatedKernel } from '../../../devices/simulated/simulated-kernel.ts';
import type { DeviceNode, SyncKernel } from '../../../devices/sync-kernel.ts';
import type { SyncobjDevice } from '../../../devices/syncobj-device.ts';
import { removeGpu } from '../../kernel/gpus.ts';
import { SILENT_LOG, type SyncLog } from '../../../sync/log.ts';
import { SyncManager } from '../../../sync/manager.ts';
import { DEFAULT_STRATEGY } from '../../../sync/recovery/default-strategy.ts';
import { StandInKernel } from './stand-in-kernel.ts';

/** `drm`: the kernel's own devices. `sim`: the simulated kernel's. `stand-in`: as many syscalls, without devices. */
export type BedKind = 'drm' | 'sim' | 'stand-in';

/** Whose the manager is. */
export interface ManagerHome {
  readonly manager: SyncManager;
  dispose(): void;
}

export interface ManagerParts {
  readonly kernel: SyncKernel;
  readonly poller: Poller;
  readonly clock: Clock;
  readonly log: SyncLog;
}

/** A kernel and what the bed does with it. */
interface BedSystem {
  readonly kernel: LinuxKernel | SimulatedKernel | StandInKernel;
  calls(): number;
  pull(id: string): void;
}

const PCI = 'pci:';

/** Render nodes that can be pulled; two are needed for `drm`. */
export function pluggableNodes(kernel: SyncKernel): DeviceNode[] {
  return kernel.listNodes().filter(({ id, kind }) => kind === 'render' && id.startsWith(PCI));
}

/** Owns everything in it. */
export class SyncBed {
  readonly clock: Clock = new SystemClock();
  readonly poller: Poller = new Poller();
  readonly kernel: SyncKernel;
  readonly manager: SyncManager;
  /** The client's, which the manager does not import into first. */
  readonly client: SyncobjDevice;
  /** Called when the manager begins to deal with the loss of a device, which its first act is to log. */
  onLoss: (() => void) | undefined;
  readonly #calls: () => number;
  readonly #pull: () => void;
  readonly #disposeKernel: () => void;
  readonly #disposeManager: () => void;

  /** `makeManager`: default, one that is nobody's. */
  constructor(kind: BedKind, makeManager: (parts: ManagerParts) => ManagerHome = aloneManager) {
    native.setNofileLimit(native.getNofileLimit().hard);
    const system = this.#open(kind);
    this.#disposeKernel = () => system.kernel.dispose();
    this.kernel = system.kernel;
    this.#calls = system.calls;
    const { kernel, poller, clock } = this;
    const log: SyncLog = { ...SILENT_LOG, info: () => this.onLoss?.() };
    const home = makeManager({ kernel, poller, clock, log });
    this.manager = home.manager;
    this.#disposeManager = () => home.dispose();
    const [first] = this.manager.devices;
    const node = system.kernel
      .listNodes()
      .find(({ id, kind: of }) => of === 'render' && id !== first?.id);
    if (!first || !node) throw new Error('two devices are needed');
    this.#pull = () => system.pull(first.id);
    this.client = system.kernel.openDevice(node);
    this.poller.start();
  }

  /** Calls into the kernel so far, the client's included: syscalls of the addon, or ioctls that simulated devices have answered. */
  get calls(): number {
    return this.#calls();
  }

  /** The device that imports go to leaves. */
  pullImportDevice(): void {
    this.#pull();
  }

  dispose(): void {
    this.#disposeManager();
    this.client.close();
    this.#disposeKernel();
    this.poller.close();
  }

  #open(kind: BedKind): BedSystem {
    switch (kind) {
      case 'drm':
        return this.#linux();
      case 'sim':
        return this.#simulated();
      case 'stand-in':
        return {
          kernel: new StandInKernel(),
          calls: () => native.syscalls(),
          pull: () => {
            throw new Error('stand-ins cannot be pulled');
          },
        };
    }
  }

  #linux(): BedSystem {
    return {
      kernel: new LinuxKernel({ poller: this.poller }),
      calls: () => native.syscalls(),
      pull: (id) => removeGpu(id.slice(PCI.length)),
    };
  }

  #simulated(): BedSystem {
    const kernel = new SimulatedKernel(this.clock);
    kernel.addDevice({ id: 'sim:0' });
    kernel.addDevice({ id: 'sim:1' });
    return {
      kernel,
      calls: () => kernel.ioctlCount,
      pull: (id) => kernel.removeDevice(id),
    };
  }
}

function aloneManager(parts: ManagerParts): ManagerHome {
  const manager = new SyncManager({ ...parts, strategy: DEFAULT_STRATEGY });
  return { manager, dispose: () => manager.dispose() };
}
