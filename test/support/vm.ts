/** The VM, for tests on the host. */
import { VmUnavailableError } from '../../lab/kernel/errors.ts';
import { prepareVm } from '../../lab/kernel/prepare.ts';
import { runInVm } from '../../lab/kernel/run.ts';
import { projectRoot } from '../../lab/kernel/project.ts';

export type VmAvailability =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: string };

/** Whether this machine can run the VM; as root on Debian it is made able to. `reason` names the command to run when it cannot. */
export async function vmAvailability(options: { modules: boolean }): Promise<VmAvailability> {
  try {
    await prepareVm({ modules: options.modules, log });
    return { ok: true };
  } catch (error) {
    if (error instanceof VmUnavailableError) return { ok: false, reason: error.message };
    throw error;
  }
}

export interface VmTestRun {
  readonly command: readonly string[];
  readonly gpus?: number;
  readonly modules?: boolean;
  readonly outFolder?: string;
  readonly timeoutS?: number;
  readonly env?: Readonly<Record<string, string>>;
}

export interface VmTestResult {
  readonly status: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly kernel: string;
  readonly bootMs: number;
}

/** Runs a command in a VM of its own, in the project's folder, with its output collected. */
export async function runVmTest(run: VmTestRun): Promise<VmTestResult> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const result = await runInVm({
    command: run.command,
    cwd: projectRoot,
    env: { ...process.env, ...run.env },
    gpus: run.gpus ?? 2,
    modules: run.modules ?? false,
    timeoutS: run.timeoutS ?? 120,
    ...(run.outFolder === undefined ? {} : { outFolder: run.outFolder }),
    onStdout: (bytes) => stdout.push(bytes),
    onStderr: (bytes) => stderr.push(bytes),
    log,
  });
  return { ...result, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) };
}

function log(line: string): void {
  process.stderr.write(`vm: ${line}\n`);
}
