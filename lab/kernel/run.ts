/** Runs one command in a virtual machine with a real kernel and real DRM devices. */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { prepareVm, type VmPreparation } from './prepare.ts';
import { qemuArguments } from './qemu.ts';
import { makeRunFolder, type GuestCommand } from './run-folder.ts';
import { RunningVm } from './running-vm.ts';

export interface VmOptions extends GuestCommand, VmPreparation {
  /** virtio GPUs, at PCI slots 5, 6, … */
  readonly gpus: number;
  readonly memoryMib?: number;
  /** From the start of QEMU to the command's end. */
  readonly timeoutS?: number;
  /** A folder of the host's that is writable at {@link GUEST_OUT} in the guest. */
  readonly outFolder?: string;
  /** Called with everything on the guest's console; then the kernel talks more. */
  readonly onConsole?: (bytes: Buffer) => void;
  readonly onStdout: (bytes: Buffer) => void;
  readonly onStderr: (bytes: Buffer) => void;
  /** Aborting ends QEMU and rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface VmResult {
  /** The command's exit status; 128 + n when signal n ended it. */
  readonly status: number;
  /** "6.12.117+deb12-amd64" */
  readonly kernel: string;
  /** From the start of QEMU until the command was started. */
  readonly bootMs: number;
}

const DEFAULT_MEMORY_MIB = 2048;
const DEFAULT_TIMEOUT_S = 1800;

/**
 * Boots, runs, and resolves when the command has ended and all its output was handed over. What it leaves running is killed.
 * Its root is the host's, changes to it stay in the guest's memory; stdin is empty; it runs as root.
 *
 * Rejects with VmUnavailableError (no QEMU or kernel to be had) or VmFailedError (panic, timeout).
 */
export async function runInVm(options: VmOptions): Promise<VmResult> {
  const { kernel, initramfs } = await prepareVm(options);
  const { outFolder, timeoutS = DEFAULT_TIMEOUT_S, memoryMib = DEFAULT_MEMORY_MIB } = options;
  const endMark = randomBytes(16).toString('hex');
  const runFolder = makeRunFolder(options, { endMark, shareOut: outFolder !== undefined });
  try {
    const vm = new RunningVm({ ...options, runFolder, endMark, timeoutS });
    const { status, bootMs } = await vm.run(
      qemuArguments({
        kernelImage: kernel.image,
        initramfs,
        gpus: options.gpus,
        memoryMib,
        runFolder,
        ...(outFolder === undefined ? {} : { outFolder }),
        verbose: options.onConsole !== undefined,
      }),
    );
    return { status, bootMs, kernel: kernel.version };
  } finally {
    rmSync(runFolder, { recursive: true, force: true });
  }
}
