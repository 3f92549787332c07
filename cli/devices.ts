/** `syncline devices`: lists the machine's devices that can hold timelines, and watches them come and go. */
import Table from 'cli-table3';
import { Command } from 'commander';
import { inspectNode, takeInventory, type InventoryEntry } from '../devices/inventory.ts';
import { LinuxKernel } from '../devices/linux/linux-kernel.ts';
import type { HotplugEvent } from '../devices/sync-kernel.ts';
import { Poller } from '../native/poller.ts';

interface DevicesFlags {
  readonly watch?: boolean;
  readonly json?: boolean;
}

export function devicesCommand(): Command {
  return new Command('devices')
    .description('list the devices explicit sync can work through')
    .option('--watch', 'go on and print what comes and goes, until interrupted')
    .option('--json', 'print JSON; with --watch one object a line')
    .action(async (flags: DevicesFlags) => {
      const poller = new Poller();
      const kernel = new LinuxKernel({ poller });
      try {
        const stop = flags.watch
          ? kernel.hotplug.listen((event) => printEvent(kernel, event, flags))
          : undefined;
        printInventory(kernel, flags);
        if (!stop) return;
        poller.start();
        await interrupted();
        stop();
      } finally {
        kernel.dispose();
        poller.close();
      }
    });
}

function printInventory(kernel: LinuxKernel, { watch, json }: DevicesFlags): void {
  const entries = takeInventory(kernel);
  if (json) {
    const list = { schema: 1, kernel: kernel.description, devices: entries.map(toJson) };
    const line = watch ? { type: 'list', ...list } : list;
    process.stdout.write(`${JSON.stringify(line, null, watch ? undefined : 2)}\n`);
    return;
  }
  if (entries.length === 0) {
    process.stdout.write(`no DRM render node and no /dev/syncobj here (${kernel.description})\n`);
    return;
  }
  const table = new Table({
    head: ['device', 'node', 'driver', 'explicit sync'],
    style: { head: [] },
  });
  for (const entry of entries)
    table.push([entry.node.id, entry.node.path, entry.node.driver, verdict(entry)]);
  process.stdout.write(`${table.toString()}\n`);
}

function printEvent(kernel: LinuxKernel, event: HotplugEvent, { json }: DevicesFlags): void {
  const time = new Date().toISOString();
  if (event.type === 'removed') {
    const { type, id, path } = event;
    process.stdout.write(
      json ? `${JSON.stringify({ type, time, id, path })}\n` : `${time} removed ${id} ${path}\n`,
    );
    return;
  }
  const entry = inspectNode(kernel, event.node);
  const { id, path, driver } = event.node;
  process.stdout.write(
    json
      ? `${JSON.stringify({ type: event.type, time, ...toJson(entry) })}\n`
      : `${time} ${event.type} ${id} ${path} (${driver}): ${verdict(entry)}\n`,
  );
}

function toJson({ node, usable, reason, capabilities }: InventoryEntry): object {
  const { id, path, driver, kind } = node;
  return { id, path, driver, kind, usable, reason, capabilities };
}

function verdict({ usable, reason, capabilities }: InventoryEntry): string {
  if (!usable) return `no: ${reason}`;
  if (capabilities?.importless) return 'yes, without import';
  return capabilities?.pointSyncFile === 'direct'
    ? 'yes'
    : 'yes, points exported by transfer (Linux 6.12)';
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}
