import { expect, test } from 'vitest';
import { gpuAddresses, qemuArguments, type Machine } from '../../../lab/kernel/qemu.ts';

const machine: Machine = {
  kernelImage: '/k/vmlinuz',
  initramfs: '/k/initramfs',
  gpus: 2,
  memoryMib: 512,
  runFolder: '/tmp/run,1',
  verbose: false,
};

/** Values of the options with this name. */
function values(args: readonly string[], option: string): string[] {
  return args.flatMap((arg, index) => (arg === option ? [args[index + 1] ?? ''] : []));
}

test('GPUs sit at the addresses code in the guest expects', () => {
  expect(gpuAddresses(3)).toEqual(['0000:00:05.0', '0000:00:06.0', '0000:00:07.0']);
  const gpus = values(qemuArguments(machine), '-device').filter((device) => /gpu/.test(device));
  expect(gpus.map((gpu) => gpu.replace(/,xres.*/, ''))).toEqual([
    'virtio-gpu-pci,id=gpu0,addr=0x5',
    'virtio-gpu-pci,id=gpu1,addr=0x6',
  ]);
});

test('the host’s root is shared read-only, the out folder alone is writable', () => {
  const shares = values(qemuArguments({ ...machine, outFolder: '/out' }), '-fsdev');
  expect(shares.filter((share) => share.includes('readonly=off'))).toEqual([
    'local,id=out,path=/out,security_model=none,multidevs=remap,readonly=off',
  ]);
  expect(values(qemuArguments(machine), '-fsdev').join()).not.toContain('readonly=off');
});

test('no two devices share a slot, whatever the number of GPUs', () => {
  const args = qemuArguments({ ...machine, gpus: 16, outFolder: '/out' });
  const slots = values(args, '-device').flatMap((device) => /addr=(\w+)/.exec(device)?.[1] ?? []);
  expect(new Set(slots.map(Number)).size).toBe(slots.length);
  expect(Math.max(...slots.map(Number))).toBeLessThan(0x1f);
});

test('a comma in a path does not end the option', () => {
  expect(values(qemuArguments(machine), '-chardev')[0]).toContain('path=/tmp/run,,1/stdout.sock');
});

test('emulation is forced, on one processor', () => {
  expect(values(qemuArguments(machine), '-accel')).toEqual(['tcg']);
  expect(values(qemuArguments(machine), '-smp')).toEqual(['1']);
});
