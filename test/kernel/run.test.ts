/** The VM keeps its promises to whoever runs a command in it. */
import { readFileSync, mkdtempSync, rmSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { VmFailedError } from '../../lab/kernel/errors.ts';
import { runVmTest, vmAvailability } from '../support/vm.ts';

const availability = await vmAvailability({ modules: false });
const inVm = (name: string): string =>
  availability.ok ? name : `${name} (needs the VM: ${availability.reason})`;
const TIMEOUT_MS = 240_000;

test.skipIf(!availability.ok)(
  inVm('streams arrive byte for byte and apart, with the exit status, folder and environment'),
  { timeout: TIMEOUT_MS },
  async () => {
    const outFolder = mkdtempSync(join(tmpdir(), 'syncline-out-'));
    const text = randomBytes(24).toString('hex');
    // A background process that outlives the command holds the streams open; it must not hold up the run.
    const script = `
      sleep 600 & head -c 700000 /dev/urandom > /tmp/random
      cat /tmp/random; echo "$TEXT" > /dev/stderr; cp /tmp/random "$SYNCLINE_OUT/random"
      test "$PWD" = "$HERE" && read line || exit 37`;
    const result = await runVmTest({
      command: ['sh', '-c', script],
      gpus: 0,
      outFolder,
      env: { TEXT: text, HERE: process.cwd() },
    });
    const copy = readFileSync(join(outFolder, 'random'));
    rmSync(outFolder, { recursive: true });
    expect(copy.length).toBe(700_000);
    expect(result.stdout.equals(copy)).toBe(true);
    expect(result.stderr.toString()).toBe(`${text}\n`);
    expect(result.status).toBe(37);
  },
);

test.skipIf(!availability.ok)(
  inVm('a panic of the guest is an error that shows the console, never a status'),
  { timeout: TIMEOUT_MS },
  async () => {
    const run = runVmTest({ command: ['sh', '-c', 'echo c > /proc/sysrq-trigger'], gpus: 0 });
    const error = await run.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(VmFailedError);
    expect((error as VmFailedError).consoleTail).toContain('sysrq triggered crash');
  },
);

test.skipIf(!availability.ok)(
  inVm('a command that does not end is ended at the timeout'),
  { timeout: TIMEOUT_MS },
  async () => {
    const run = runVmTest({ command: ['sleep', '600'], gpus: 0, timeoutS: 3 });
    await expect(run).rejects.toThrowError('ended after 3 s');
  },
);
