/** Who pulls a real GPU: the operator's command, or in the lab's VM the suite itself through sysfs. */
import { spawn } from 'node:child_process';
import type { DeviceId } from '../../devices/syncobj-device.ts';
import { removeGpuMeanwhile, rescanGpus } from '../kernel/gpus.ts';
import type { GpuRole, Hotplug } from './test-gpus.ts';

const PCI_PREFIX = 'pci:';

export interface HotplugCommands {
  readonly unplug: string;
  readonly plug: string;
}

/**
 * Runs the operator's commands by the shell, with SYNCLINE_GPU (the device, "pci:0000:00:05.0") and SYNCLINE_GPU_ROLE ("import"
 * or "client") in the environment. One that ends with another status than 0 fails the case.
 */
export function commandHotplug(commands: HotplugCommands): Hotplug {
  return {
    description: 'the given commands',
    remove: (id, role) => runCommand(commands.unplug, id, role),
    add: (id, role) => runCommand(commands.plug, id, role),
  };
}

/** PCI devices by `remove` and `rescan` of their bus. Needs root, and a machine whose GPUs nobody misses. */
export function sysfsHotplug(): Hotplug {
  return {
    description: 'sysfs',
    remove: async (id) => {
      if (!id.startsWith(PCI_PREFIX)) throw new Error(`${id} is not on the PCI bus`);
      await removeGpuMeanwhile(id.slice(PCI_PREFIX.length));
    },
    add: async () => rescanGpus(),
  };
}

function runCommand(command: string, id: DeviceId, role: GpuRole): Promise<void> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, SYNCLINE_GPU: id, SYNCLINE_GPU_ROLE: role };
    // stdout may be the report's.
    const child = spawn('sh', ['-c', command], { env, stdio: ['ignore', 2, 2] });
    child.once('error', reject);
    child.once('exit', (status, signal) => {
      if (status === 0) resolve();
      else reject(new Error(`${command}: ended with ${signal ?? `status ${status}`}`));
    });
  });
}
