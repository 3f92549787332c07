/** The suite against compositors in processes of their own: ours, ours with poor recovery, weston. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { CASES } from '../../../lab/conform/cases/cases.ts';
import type { ConformReport, Verdict } from '../../../lab/conform/result.ts';
import { projectRoot } from '../../../lab/kernel/project.ts';
import { hasProgram, needs, stopProgram, withRuntimeDir } from '../../interop/support.ts';

const SYNCLINE = join(projectRoot, 'cli', 'syncline.mjs');
const LIMIT_MS = 180_000;
const WESTON_SOCKET = 'wayland-weston';

interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function syncline(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [SYNCLINE, ...args], {
      env: { ...process.env, SYNCLINE_SIM: undefined, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LIMIT_MS,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

/** Runs the suite inside our own compositor. */
async function inOurCompositor(
  compositorArgs: readonly string[],
  conformArgs: readonly string[],
): Promise<{ run: Run; report: ConformReport }> {
  let run: Run | undefined;
  let report: ConformReport | undefined;
  await withRuntimeDir(async (folder) => {
    const json = join(folder, 'report.json');
    const inner = [process.execPath, SYNCLINE, 'conform', '--json', json, ...conformArgs];
    run = await syncline(['compositor', ...compositorArgs, '--', ...inner], {
      XDG_RUNTIME_DIR: folder,
    });
    if (existsSync(json)) report = JSON.parse(readFileSync(json, 'utf8')) as ConformReport;
  });
  if (!run || !report) throw new Error(`no report: ${run?.stderr}`);
  return { run, report };
}

function named(report: ConformReport, verdict: Verdict): string[] {
  return report.cases.filter(({ result }) => result === verdict).map(({ name }) => name);
}

test('our compositor passes every case on simulated GPUs', { timeout: LIMIT_MS }, async () => {
  const { run, report } = await inOurCompositor(['--gpus', 'sim:2'], []);
  const unexpected = report.cases.filter(({ result }) => result !== 'pass');
  expect(unexpected).toEqual([]);
  expect(named(report, 'pass')).toEqual(CASES.map(({ name }) => name));
  expect(run.status).toBe(0);
  expect(report).toMatchObject({ schema: 1, devices: 'simulated GPUs' });
  expect(report.compositor).toMatch(/^syncline at wayland-/);
});

test(
  'a compositor that takes lost points for signalled is found out',
  { timeout: LIMIT_MS },
  async () => {
    const only = ['frames', 'unplug-import-waiting', 'unplug-import-release-owed'];
    const { run, report } = await inOurCompositor(
      ['--gpus', 'sim:2', '--strategy', 'ignore-sync'],
      ['--patience', '4', '--only', only.join(',')],
    );
    expect(named(report, 'pass')).toEqual(['frames']);
    expect(named(report, 'fail')).toEqual(only.slice(1));
    expect(report.cases[1]?.detail).toContain('show it before its acquire point');
    expect(run.status).toBe(1);
    expect(run.stdout).toContain('Expected (the protocol is silent)');
  },
);

const OF_THE_IMPORT_GPU = CASES.map(({ name }) => name).filter((name) =>
  /^unplug-(import|all)/.test(name),
);

test.each<[option: string, value: string, failing: readonly string[]]>([
  ['--failed-fence', 'show-anyway', ['failed-fence-not-shown']],
  [
    '--failed-fence',
    'disconnect',
    [
      'failed-fence-before-commit',
      'failed-fence-after-commit',
      'failed-fence-not-shown',
      'unplug-client-fence-pending',
    ],
  ],
  ['--strategy', 'single-import', OF_THE_IMPORT_GPU],
])(
  'a compositor with %s %s fails what that is about, and nothing else',
  { timeout: LIMIT_MS },
  async (option, value, failing) => {
    const only = ['frames', 'wait-before-submit', ...failing];
    const { report } = await inOurCompositor(
      ['--gpus', 'sim:2', option, value],
      ['--patience', '4', '--only', only.join(',')],
    );
    expect(named(report, 'fail')).toEqual(failing);
    expect(named(report, 'pass')).toEqual(['frames', 'wait-before-submit']);
  },
);

test(
  'the operator’s hooks pull the GPUs, here through the control socket',
  { timeout: LIMIT_MS },
  () =>
    withRuntimeDir(async (folder) => {
      const control = join(folder, 'control');
      const log = join(folder, 'hooks');
      const hook = (operation: string): string => `
        echo "${operation} $SYNCLINE_GPU $SYNCLINE_GPU_ROLE" >> ${log}
        '${process.execPath}' -e '
          const socket = require("node:net").connect("${control}");
          const gpu = process.env.SYNCLINE_GPU;
          socket.end(JSON.stringify({ id: 1, op: "${operation}", gpu }) + "\\n");
          socket.on("data", (answer) => process.exit(JSON.parse(answer).ok ? 0 : 1));'`;
      const hooks = ['--unplug-hook', hook('gpu_remove'), '--replug-hook', hook('gpu_add')];
      const { run, report } = await inOurCompositor(
        ['--gpus', 'sim:2', '--control', control],
        ['--only', 'unplug-client-unsubmitted', ...hooks],
      );
      expect(report.cases).toMatchObject([{ result: 'pass' }]);
      expect(readFileSync(log, 'utf8').split('\n')).toEqual([
        'gpu_remove sim:1 client',
        'gpu_add sim:1 client',
        '',
      ]);
      expect(run.status).toBe(0);
    }),
);

test('a hook that fails is told as the failure of its case', { timeout: LIMIT_MS }, async () => {
  const hooks = ['--unplug-hook', 'exit 4', '--replug-hook', 'true'];
  const { run, report } = await inOurCompositor(
    ['--gpus', 'sim:2'],
    ['--only', 'unplug-client-unsubmitted', ...hooks],
  );
  expect(report.cases[0]?.detail).toContain('exit 4: ended with status 4');
  expect(run.status).toBe(1);
});

test(
  'with one GPU the cases that need two are skipped, and say so',
  { timeout: LIMIT_MS },
  async () => {
    const { run, report } = await inOurCompositor(
      ['--gpus', 'sim:1'],
      ['--only', 'frames,unplug-import-idle'],
    );
    expect(named(report, 'pass')).toEqual(['frames']);
    expect(named(report, 'skip')).toEqual(['unplug-import-idle']);
    expect(report.cases[1]?.detail).toContain('no other GPU');
    expect(run.status).toBe(0);
  },
);

test.skipIf(!hasProgram('weston'))(
  needs(
    'weston',
    'weston, without explicit sync: plain clients pass, the rest is skipped with the reason',
  ),
  { timeout: LIMIT_MS },
  () =>
    withRuntimeDir(async (folder) => {
      const env = { XDG_RUNTIME_DIR: folder, WAYLAND_DISPLAY: WESTON_SOCKET };
      const args = ['--backend=headless-backend.so', `--socket=${WESTON_SOCKET}`, '--no-config'];
      const weston = spawn('weston', [...args, '--idle-time=0'], {
        env: { ...process.env, XDG_RUNTIME_DIR: folder },
        stdio: 'ignore',
      });
      try {
        for (let waits = 0; !existsSync(join(folder, WESTON_SOCKET)) && waits < 2000; waits++)
          await sleep(25);
        const run = await syncline(['conform', '--json', '-'], env);
        const report = JSON.parse(run.stdout) as ConformReport;
        expect(named(report, 'fail')).toEqual([]);
        expect(named(report, 'pass')).toEqual(['plain-client']);
        expect(named(report, 'skip')).toHaveLength(CASES.length - 1);
        const { detail } = report.cases.find(({ name }) => name === 'frames') ?? { detail: '' };
        expect(detail).toContain('does not offer wp_linux_drm_syncobj_manager_v1');
        expect(report.compositor).toBe(`weston at ${WESTON_SOCKET}`);
        expect(run.status).toBe(0);
      } finally {
        await stopProgram(weston);
      }
    }),
);

test(
  'without a compositor the exit status is 3, with an unknown case 2',
  { timeout: LIMIT_MS },
  () =>
    withRuntimeDir(async (folder) => {
      const env = { XDG_RUNTIME_DIR: folder, WAYLAND_DISPLAY: 'wayland-nobody' };
      const nobody = await syncline(['conform'], env);
      expect(nobody.stderr).toContain('no compositor');
      expect(nobody.status).toBe(3);
      const unknown = await syncline(['conform', '--only', 'no-such-case'], env);
      expect(unknown.stderr).toContain('no-such-case');
      expect(unknown.status).toBe(2);
    }),
);

test('--list names each case once, with its rule', async () => {
  const { stdout, status } = await syncline(['conform', '--list'], {});
  const names = CASES.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const { name, rule, basis, source } of CASES) {
    const origin = source === undefined ? basis : `${basis} ${source}`;
    expect(stdout).toContain(`${name} (${origin})\n    ${rule}\n`);
  }
  expect(status).toBe(0);
});
