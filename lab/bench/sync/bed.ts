/** Two devices and a sync manager in real time: what the sync bench measures on. */
import { writeFileSync } from 'node:fs';
import { native } from '../../../native/binding.ts';
import { SystemClock } from '../../../native/clock.ts';
import type { Clock } from '../../../native/clock.ts';
import { Poller } from '../../../native/poller.ts';
import { LinuxKernel } from '../../../devices/linux/linux-kernel.ts';
import { SimulatedKernel } from '../../../devices/simulated/simulated-kernel.ts';
import type { DeviceNode, SyncKernel } from '../../../devices/sync-kernel.ts';
import type { SyncobjDevice } from '../../../devices/syncobj-device.ts';
import { SyncManager } from '../../../sync/manager.ts';
import { DEFAULT_STRATEGY } from '../../../sync/recovery/default-strategy.ts';
import { CountingKernel } from '../../world/counting-kernel.ts';

/** `drm`: the kernel's own devices. `sim`: the simulated kernel's. */
export type BedKind = 'drm' | 'sim';

const PCI = 'pci:';

/** Render nodes that can be pulled; two are needed for `drm`. */
export function pluggableNodes(kernel: SyncKernel): DeviceNode[] {
  return kernel.listNodes().filter(({ id, kind }) => kind === 'render' && id.startsWith(PCI));
}

/** Owns everything in it. */
export class SyncBed {
  readonly clock: Clock = new SystemClock();
  readonly poller: Poller = new Poller();
  readonly kernel: CountingKernel;
  readonly manager: SyncManager;
  /** The client's, which the manager does not import into first. Used directly, not counted. */
  readonly client: SyncobjDevice;
  /** Called when the manager asks what becomes of a wait whose device has gone, while set. */
  onWaitLost: (() => void) | undefined;
  readonly #pull: () => void;
  readonly #disposeKernel: () => void;

  constructor(kind: BedKind) {
    native.setNofileLimit(native.getNofileLimit().hard);
    const system = kind === 'drm' ? this.#linux() : this.#simulated();
    this.#disposeKernel = () => system.kernel.dispose();
    this.kernel = new CountingKernel(system.kernel);
    this.manager = new SyncManager({
      kernel: this.kernel,
      poller: this.poller,
      clock: this.clock,
      strategy: {
        ...DEFAULT_STRATEGY,
        onWaitLost: (lost, context) => {
          this.onWaitLost?.();
          return DEFAULT_STRATEGY.onWaitLost(lost, context);
        },
      },
    });
    const [first] = this.manager.devices;
    const node = system.kernel
      .listNodes()
      .find(({ id, kind: of }) => of === 'render' && id !== first?.id);
    if (!first || !node) throw new Error('two devices are needed');
    this.#pull = () => system.pull(first.id);
    this.client = system.kernel.openDevice(node);
    this.poller.start();
  }

  /** The device that imports go to leaves. */
  pullImportDevice(): void {
    this.#pull();
  }

  dispose(): void {
    this.manager.dispose();
    this.client.close();
    this.#disposeKernel();
    this.poller.close();
  }

  #linux(): { kernel: LinuxKernel; pull: (id: string) => void } {
    return {
      kernel: new LinuxKernel({ poller: this.poller }),
      pull: (id) => writeFileSync(`/sys/bus/pci/devices/${id.slice(PCI.length)}/remove`, '1'),
    };
  }

  #simulated(): { kernel: SimulatedKernel; pull: (id: string) => void } {
    const kernel = new SimulatedKernel(this.clock);
    kernel.addDevice({ id: 'sim:0' });
    kernel.addDevice({ id: 'sim:1' });
    return { kernel, pull: (id) => kernel.removeDevice(id) };
  }
}
