/** QEMU's arguments for the VM. */
import { join } from 'node:path';

/** The host's ends of the guest's virtio ports, as socket names in the run folder. */
export const PORTS = ['stdout', 'stderr', 'status'] as const;
export type Port = (typeof PORTS)[number];

/** PCI slots are given, so that sysfs paths in the guest depend on nothing else: slot 5 is the first GPU. */
const FIRST_GPU_SLOT = 5;
export const MAX_GPUS = 16;
const OUT_SLOT = FIRST_GPU_SLOT + MAX_GPUS;

export interface Machine {
  readonly kernelImage: string;
  readonly initramfs: string;
  readonly gpus: number;
  readonly memoryMib: number;
  /** Holds the sockets named in {@link PORTS}; shared with the guest read-only. */
  readonly runFolder: string;
  /** Shared read-write as "out". */
  readonly outFolder?: string;
  /** Everything the kernel says goes to the console, not warnings alone. */
  readonly verbose: boolean;
}

/** Path of the socket behind a port. */
export function portSocket(runFolder: string, port: Port): string {
  return join(runFolder, `${port}.sock`);
}

/** Addresses of the GPUs in the guest, in the order of their slots: "0000:00:05.0". */
export function gpuAddresses(gpus: number): string[] {
  return Array.from({ length: gpus }, (_, index) => {
    const slot = (FIRST_GPU_SLOT + index).toString(16).padStart(2, '0');
    return `0000:00:${slot}.0`;
  });
}

/**
 * Emulation (TCG) is forced: a /dev/kvm that exists need not work, and nested ones often fail only inside the kernel's decompressor.
 * One processor: with two, QEMU before 8.1 sometimes runs kernel code as it was before the kernel patched it ("Oops: int3" in about
 * one boot of thirty), and boots no sooner. No AVX: with QEMU 7.2's, what llvmpipe compiles (the renderer of compositors in the guest) crashed
 * at random, and without it did not in 14 runs.
 */
export function qemuArguments(machine: Machine): string[] {
  const { runFolder, outFolder, gpus } = machine;
  const options = [
    ['-M', 'q35', '-accel', 'tcg', '-cpu', 'max,-avx,-avx2,-fma,-f16c', '-smp', '1'],
    ['-m', String(machine.memoryMib)],
    // No VGA and no network card: their option ROMs cost a second of boot.
    ['-vga', 'none', '-nic', 'none', '-display', 'none', '-monitor', 'none', '-no-user-config'],
    // With panic=-1 on the kernel's command line: a panic ends QEMU.
    ['-no-reboot'],
    ['-serial', 'stdio'],
    ['-kernel', machine.kernelImage, '-initrd', machine.initramfs],
    ['-append', kernelCommandLine(machine.verbose)],
    ['-device', 'virtio-serial-pci,addr=2'],
    ...PORTS.map((port) => portArguments(runFolder, port)),
    shareArguments('host', '/', 'readonly=on', 3),
    shareArguments('run', runFolder, 'readonly=on', 4),
    outFolder === undefined ? [] : shareArguments('out', outFolder, 'readonly=off', OUT_SLOT),
    ...Array.from({ length: gpus }, (_, index) => gpuArguments(index)),
  ];
  return options.flat();
}

function kernelCommandLine(verbose: boolean): string {
  // oops=panic: a kernel bug met while a GPU is pulled out ends the run instead of leaving a half-dead guest behind.
  const options = ['console=ttyS0', 'panic=-1', 'oops=panic', 'mitigations=off', 'nokaslr'];
  return [...options, verbose ? 'ignore_loglevel' : 'quiet'].join(' ');
}

function portArguments(runFolder: string, port: Port): string[] {
  const socket = `socket,id=${port},path=${escaped(portSocket(runFolder, port))}`;
  return ['-chardev', socket, '-device', `virtserialport,chardev=${port},name=${port}`];
}

/**
 * multidevs=remap: /proc, /sys and /dev of the shared root have equal inode numbers, and without it the guest takes them for
 * one folder.
 */
function shareArguments(tag: string, path: string, access: string, slot: number): string[] {
  const file = `local,id=${tag},path=${escaped(path)},security_model=none,multidevs=remap,${access}`;
  const device = `virtio-9p-pci,fsdev=${tag},mount_tag=${tag},addr=0x${slot.toString(16)}`;
  return ['-fsdev', file, '-device', device];
}

/** Small screens: compositors in the guest draw them with an emulated processor. */
function gpuArguments(index: number): string[] {
  const address = `0x${(FIRST_GPU_SLOT + index).toString(16)}`;
  return ['-device', `virtio-gpu-pci,id=gpu${index},addr=${address},xres=640,yres=480`];
}

/** A comma inside an option's value is written twice. */
function escaped(value: string): string {
  return value.replaceAll(',', ',,');
}
