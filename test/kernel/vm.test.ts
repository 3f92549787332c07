/**
 * Runs the tests of test/kernel/guest/ inside one VM and reports each of them here under its own name.
 * The VM runs while this file is collected, because only then is it known which tests there are.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { describe, test } from 'vitest';
import { projectRoot } from '../../lab/kernel/project.ts';
import { GUEST_OUT } from '../../lab/kernel/run-folder.ts';
import { runVmTest, vmAvailability, type VmTestResult } from '../support/vm.ts';

/** What is used of Vitest's JSON report. */
interface GuestReport {
  readonly testResults: readonly {
    readonly name: string;
    /** Why a file could not be run at all. */
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: 'passed' | 'failed' | 'skipped' | 'pending' | 'todo';
      readonly failureMessages: readonly string[] | null;
    }[];
  }[];
}

/** One test as it is reported here. */
interface GuestTest {
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  /** The failure, or why it was skipped. */
  readonly detail: string;
}

interface GuestFile {
  readonly title: string;
  readonly tests: readonly GuestTest[];
}

const GUEST_FOLDER = join(projectRoot, 'test', 'kernel', 'guest');
const GUEST_TIMEOUT_S = 2400;

const fileNames = readdirSync(GUEST_FOLDER, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith('.guest.ts'))
  .toSorted();

const availability = await vmAvailability({ modules: true });
const files = availability.ok ? await runGuestTests() : skippedFiles(availability.reason);

describe.each(files)('$title', ({ tests }) => {
  test.for(tests)('$name', ({ status, detail }, context) => {
    if (status === 'skipped') context.skip(detail);
    if (status === 'failed') throw new Error(`failed in the VM: ${detail}`);
  });
});

function skippedFiles(reason: string): GuestFile[] {
  const tests = fileNames.map((name): GuestTest => ({ name, status: 'skipped', detail: reason }));
  return [{ title: `${tests.length} files of kernel tests need the VM: ${reason}`, tests }];
}

async function runGuestTests(): Promise<GuestFile[]> {
  const outFolder = mkdtempSync(join(tmpdir(), 'syncline-guest-'));
  const report = `${GUEST_OUT}/report.json`;
  const vitest = [process.execPath, 'node_modules/vitest/vitest.mjs', 'run'];
  const options = ['--config', 'test/kernel/guest.config.ts', '--reporter=default'];
  try {
    const run = await runVmTest({
      command: [...vitest, ...options, '--reporter=json', `--outputFile.json=${report}`],
      gpus: 2,
      modules: true,
      outFolder,
      timeoutS: GUEST_TIMEOUT_S,
      env: { NO_COLOR: '1' },
    });
    return guestFiles(run, readReport(join(outFolder, 'report.json')));
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

function guestFiles(run: VmTestResult, report: GuestReport | undefined): GuestFile[] {
  const results = new Map(
    (report?.testResults ?? []).map((file) => [relative(GUEST_FOLDER, file.name), file]),
  );
  const output = `${run.stdout.toString()}\n${run.stderr.toString()}`;
  const guest = fileNames.map((name): GuestFile => {
    const file = results.get(name);
    const tests = (file?.assertionResults ?? []).map((result): GuestTest => ({
      name: result.fullName,
      status: result.status === 'passed' || result.status === 'failed' ? result.status : 'skipped',
      detail: result.failureMessages?.join('\n') || `${result.status} in the VM`,
    }));
    const title = `kernel ${run.kernel}, ${name}`;
    if (tests.length > 0) return { title, tests };
    const detail = file?.message || output;
    return { title, tests: [{ name: 'the file runs', status: 'failed', detail }] };
  });
  const all = guest.flatMap((file) => file.tests);
  const boot = `booted in ${(run.bootMs / 1000).toFixed(1)} s`;
  process.stderr.write(`kernel tests: ${all.length} in the VM on Linux ${run.kernel}, ${boot}\n`);
  return [...guest, { title: 'the VM', tests: [agreement(run, all, output)] }];
}

/** Vitest's exit status in the guest must say the same as its report: errors outside of tests show only there. */
function agreement(run: VmTestResult, tests: readonly GuestTest[], output: string): GuestTest {
  const expected = tests.some((guestTest) => guestTest.status === 'failed') ? 1 : 0;
  const status = run.status === expected ? 'passed' : 'failed';
  return { name: 'Vitest in the VM ended as its report says', status, detail: output };
}
