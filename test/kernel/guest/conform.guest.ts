/** The conformance suite on real GPUs, which it pulls through sysfs while our compositor works with them. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { ConformReport } from '../../../lab/conform/result.ts';
import { rescanGpus } from '../../../lab/kernel/gpus.ts';

/** Those that depend on the kernel; all of them take three minutes on an emulated processor. */
const CASES = [
  'fence-pending',
  'invalid-timeline-eventfd',
  'invalid-timeline-dmabuf',
  'client-exit-releases',
  'failed-fence-not-shown',
  'unplug-client-fence-pending',
  'unplug-import-waiting',
  'unplug-import-release-owed',
  'unplug-all',
] as const;

/**
 * Without the lab's devices that cannot go: GPUs are all that most machines have. Their nodes are hidden in a mount namespace of
 * its own, so that the other tests keep them.
 */
const WITH_GPUS_ALONE = `
  mount --bind /dev/null /dev/syncobj || exit 9
  for node in /sys/class/drm/renderD*; do
    case "$(readlink -f "$node")" in
      *rendersync*) mount --bind /dev/null "/dev/dri/\${node##*/}" || exit 9 ;;
    esac
  done
  exec "$@"`;

afterEach(() => rescanGpus());

const LIMIT_MS = 400_000;

test(
  'clients live through the unplug of each GPU, with explicit sync as the protocol has it',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'syncline-conform-'));
    const json = join(folder, 'report.json');
    const syncline = [process.execPath, 'cli/syncline.mjs'];
    const conform = ['conform', '--patience', '15', '--only', CASES.join(','), '--json', json];
    const command = [...syncline, 'compositor', '--gpus', 'drm', '--', ...syncline, ...conform];
    try {
      const run = await output(
        'unshare',
        ['-m', 'sh', '-c', WITH_GPUS_ALONE, 'sh', ...command],
        folder,
      );
      const report = readReport(json, run.text);
      expect(report.cases.filter(({ result }) => result !== 'pass')).toEqual([]);
      expect(report.cases.map(({ name }) => name)).toEqual(CASES);
      expect(report.devices).toContain('with 2 GPUs');
      expect(run.status).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  LIMIT_MS,
);

function output(
  program: string,
  args: readonly string[],
  runtimeDir: string,
): Promise<{ status: number | null; text: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...process.env, XDG_RUNTIME_DIR: runtimeDir },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, text }));
  });
}

function readReport(path: string, said: string): ConformReport {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ConformReport;
  } catch {
    throw new Error(`no report: ${said}`);
  }
}
