/**
 * Runs the tests of test/kernel/guest/ inside one VM and reports each of them here under its own name.
 * The VM runs while this file is collected, because only then is it known which tests there are.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectRoot } from '../../lab/kernel/project.ts';
import { GUEST_OUT } from '../../lab/kernel/run-folder.ts';
import { runVmTest, vmAvailability, type VmTestResult } from '../support/vm.ts';

const GUEST_TIMEOUT_S = 1200;

/** What is used of Vitest's JSON report. */
interface GuestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    /** Why a file could not be run at all. */
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: 'passed' | 'failed' | 'skipped' | 'pending' | 'todo';
      readonly failureMessages: readonly string[] | null;
    }[];
  }[];
}

const guestFiles = readdirSync(join(projectRoot, 'test', 'kernel', 'guest'), { recursive: true })
  .map(String)
  .filter((name) => name.endsWith('.guest.ts'))
  .toSorted();

const availability = await vmAvailability({ modules: true });
if (availability.ok) {
  const { run, report } = await runGuestTests();
  reportGuestTests(run, report);
} else {
  describe(`${guestFiles.length} files of kernel tests need the VM: ${availability.reason}`, () => {
    for (const file of guestFiles) test.skip(file, () => undefined);
  });
}

async function runGuestTests(): Promise<{ run: VmTestResult; report: GuestReport | undefined }> {
  const outFolder = mkdtempSync(join(tmpdir(), 'syncline-guest-'));
  try {
    const run = await runVmTest({
      command: [
        ...[process.execPath, 'node_modules/vitest/vitest.mjs', 'run'],
        ...['--config', 'test/kernel/guest.config.ts'],
        ...['--reporter=default', '--reporter=json', `--outputFile.json=${GUEST_OUT}/report.json`],
      ],
      gpus: 2,
      modules: true,
      outFolder,
      timeoutS: GUEST_TIMEOUT_S,
      env: { NO_COLOR: '1' },
    });
    return { run, report: readReport(join(outFolder, 'report.json')) };
  } finally {
    rmSync(outFolder, { recursive: true });
  }
}

function readReport(path: string): GuestReport | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as GuestReport;
  } catch {
    return undefined;
  }
}

function reportGuestTests(run: VmTestResult, report: GuestReport | undefined): void {
  const output = `${run.stdout}\n${run.stderr}`;
  const files = report?.testResults ?? [];
  for (const file of files) {
    describe(`kernel ${run.kernel}, ${relative(`${projectRoot}/test/kernel/guest`, file.name)}`, () => {
      for (const result of file.assertionResults) {
        const failures = result.failureMessages?.join('\n') ?? '';
        test(result.fullName, (context) => {
          if (result.status === 'failed') throw new Error(`failed in the VM\n${failures}`);
          if (result.status !== 'passed') context.skip(`${result.status} in the VM`);
        });
      }
      test('the file ran', () => {
        expect(file.assertionResults.length, file.message || output).toBeGreaterThan(0);
      });
    });
  }
  test('all files of kernel tests ran in the VM, and Vitest there agrees', () => {
    const ran = files.map((file) => relative(`${projectRoot}/test/kernel/guest`, file.name));
    expect(ran.toSorted(), output).toEqual(guestFiles);
    const failed = files.some((file) => file.status === 'failed');
    expect(run.status, output).toBe(failed ? 1 : 0);
  });
  const count = files.reduce((sum, file) => sum + file.assertionResults.length, 0);
  process.stderr.write(
    `kernel tests: ${count} ran in the VM on Linux ${run.kernel}, booted in ${(run.bootMs / 1000).toFixed(1)} s\n`,
  );
}
