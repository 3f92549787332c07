/** The guest's first file system: busybox, the init script and the kernel modules. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { cacheEntry } from './cache-entry.ts';
import { cpioArchive, type CpioEntry } from './cpio.ts';
import type { KernelFiles } from './kernel-files.ts';
import { modulesInLoadOrder, type KernelModule } from './module-order.ts';
import { projectRoot } from './project.ts';

/** Loaded in every guest. vgem makes fences that stay pending until told; virtio_gpu drives the GPUs that can be unplugged. */
const WANTED_MODULES = ['9pnet_virtio', '9p', 'overlay', 'virtio_gpu', 'vgem'];

/** Empty folders init mounts things on. */
const MOUNT_POINTS = ['dev', 'proc', 'sys', 'host', 'run', 'layers', 'root', 'whole'];

const INIT_SCRIPT = join(projectRoot, 'lab', 'kernel', 'guest', 'init.sh');

/**
 * The initramfs of a kernel with `extra` modules loaded last, cached by its contents. Returns the path of the gzipped archive.
 */
export async function initramfs(
  kernel: KernelFiles,
  extra: readonly KernelModule[],
): Promise<string> {
  const init = readFileSync(INIT_SCRIPT);
  const hash = createHash('sha256')
    .update(JSON.stringify([WANTED_MODULES, MOUNT_POINTS]))
    .update(init);
  for (const module of extra) hash.update(module.name).update(module.bytes);
  const key = hash.digest('hex').slice(0, 16);
  const folder = await cacheEntry(join(kernel.folder, `initramfs-${key}`), async (draft) => {
    const modules = await modulesInLoadOrder(kernel.modulesFolder, kernel.busybox, WANTED_MODULES);
    const archive = cpioArchive(
      entries(init, readFileSync(kernel.busybox), [...modules, ...extra]),
    );
    writeFileSync(join(draft, 'initramfs.gz'), gzipSync(archive, { level: 1 }));
  });
  return join(folder, 'initramfs.gz');
}

function entries(init: Buffer, busybox: Buffer, modules: readonly KernelModule[]): CpioEntry[] {
  const order = modules.map((module) => `${module.name}\n`).join('');
  return [
    ...['bin', 'modules', ...MOUNT_POINTS].map((path): CpioEntry => ({ path, kind: 'folder' })),
    { path: 'init', kind: 'program', bytes: init },
    { path: 'bin/busybox', kind: 'program', bytes: busybox },
    { path: 'modules/order', kind: 'file', bytes: Buffer.from(order) },
    ...modules.map(({ name, bytes }): CpioEntry => ({
      path: `modules/${name}.ko`,
      kind: 'file',
      bytes,
    })),
  ];
}
