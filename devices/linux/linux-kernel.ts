/** The running kernel. */
import { release, type } from 'node:os';
import { native } from '../../native/binding.ts';
import { systemError } from '../../native/errors.ts';
import { OwnedFd } from '../../native/fd.ts';
import type { Poller } from '../../native/poller.ts';
import { O_CLOEXEC, O_RDWR } from '../../native/open-flags.ts';
import { ENODEV } from '../../native/errno.ts';
import type {
  DeviceNode,
  DmabufFences,
  SyncFileEnd,
  SyncFileInfo,
  SyncFiles,
  SyncKernel,
} from '../sync-kernel.ts';
import type { SyncobjDevice } from '../syncobj-device.ts';
import { dmabufOrigin } from './dmabuf-origin.ts';
import { listNodes, SYSTEM_PATHS, type SystemPaths } from './discovery.ts';
import { DrmDevice } from './drm-device.ts';
import { DMA_BUF_SYNC_READ, DMA_BUF_SYNC_WRITE } from './drm-uapi.ts';
import { LinuxHotplug } from './linux-hotplug.ts';
import { SyncobjCharDevice } from './syncobj-char-device.ts';

const MERGED_NAME = 'syncline';

/** See the file comment. */
export class LinuxKernel implements SyncKernel {
  readonly description: string = `${type()} ${release()}`;
  readonly syncFiles: SyncFiles = { info, end, merge, setDeadline };
  readonly dmabufs: DmabufFences = {
    exportSyncFile,
    importSyncFile,
    origin: (dmabufFd) => dmabufOrigin(dmabufFd, this.listNodes()),
  };
  readonly hotplug: LinuxHotplug;
  readonly #paths: SystemPaths;

  /** `poller` drives the hot-plug sockets and is not owned. */
  constructor(options: { readonly poller: Poller; readonly paths?: SystemPaths }) {
    this.#paths = options.paths ?? SYSTEM_PATHS;
    this.hotplug = new LinuxHotplug(options.poller, this.#paths);
  }

  listNodes(): DeviceNode[] {
    return listNodes(this.#paths);
  }

  openDevice(node: DeviceNode): SyncobjDevice {
    const fd = new OwnedFd(native.open(node.path, O_RDWR | O_CLOEXEC, 0));
    // The path may lead to another device by now: minors are reused.
    if (native.fstat(fd.fd).rdev !== node.rdev) {
      fd.close();
      throw systemError(ENODEV, 'open', `${node.path} is another device now`);
    }
    return node.kind === 'syncobj'
      ? new SyncobjCharDevice(node.id, node.path, fd)
      : new DrmDevice(node.id, node.path, fd);
  }

  /** Stops hot-plug listeners. Devices are closed by those who opened them. */
  dispose(): void {
    this.hotplug.dispose();
  }
}

function info(fd: number): SyncFileInfo {
  const { status, fences } = native.syncFileInfo(fd);
  return {
    status,
    fences: fences.map((fence) => ({ status: fence.status, timestampNs: fence.timestampNs })),
  };
}

/** Read at once: no second call comes in between. */
const lastTimestampNs = new BigUint64Array(1);

function end(fd: number): SyncFileEnd | undefined {
  const status = native.syncFileEnd(fd, lastTimestampNs);
  return status === 0 ? undefined : { status, timestampNs: lastTimestampNs[0]! };
}

function merge(first: number, second: number): OwnedFd {
  return new OwnedFd(native.syncFileMerge(first, second, MERGED_NAME));
}

function setDeadline(fd: number, deadlineNs: bigint): void {
  try {
    native.syncFileSetDeadline(fd, deadlineNs);
  } catch {
    // ENOTTY before Linux 6.6. A hint that is not taken changes nothing.
  }
}

function exportSyncFile(dmabufFd: number, access: 'read' | 'write'): OwnedFd {
  return new OwnedFd(native.dmabufExportSyncFile(dmabufFd, flagsOf(access)));
}

function importSyncFile(dmabufFd: number, syncFileFd: number, access: 'read' | 'write'): void {
  native.dmabufImportSyncFile(dmabufFd, syncFileFd, flagsOf(access));
}

function flagsOf(access: 'read' | 'write'): number {
  return access === 'read' ? DMA_BUF_SYNC_READ : DMA_BUF_SYNC_WRITE;
}
