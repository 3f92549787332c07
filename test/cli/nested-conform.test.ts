/** The conformance suite as the client of a nested compositor: what explicit sync promises holds through two compositors. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { ConformReport } from '../../lab/conform/result.ts';
import { native } from '../../native/binding.ts';

const CLI = fileURLToPath(new URL('../../cli/syncline.mjs', import.meta.url));
const SYNCLINE = [process.execPath, CLI];

const CASES = [
  'frames',
  'wait-before-submit',
  'points-out-of-order',
  'subsurface-parent-waits',
  'unmap-releases',
  'surface-destroyed-while-waiting',
  'client-exit-releases',
  'failed-fence-not-shown',
  'unplug-client-unsubmitted',
  'unplug-import-replug-while-waiting',
  'unplug-import-release-owed',
  'unplug-import-client-exit',
  'unplug-all',
] as const;

const why = native.pixmanAvailable() ? '' : ' (skipped: libpixman-1.so.0 is not installed)';
const TIMEOUT_MS = 180_000;

test.skipIf(why !== '').each(['composited', 'pass-through'])(
  `clients with explicit sync, GPUs pulled: %s${why}`,
  { timeout: TIMEOUT_MS },
  async (mode) => {
    const folder = mkdtempSync(join(tmpdir(), 'syncline-nested-'));
    const json = join(folder, 'report.json');
    const conform = ['conform', '--patience', '8', '--only', CASES.join(','), '--json', json];
    const nested = ['--backend', 'nested', '--nested-mode', mode, '--gpus', 'sim'];
    const inner = [...SYNCLINE, 'compositor', ...nested, '--', ...SYNCLINE, ...conform];
    try {
      const { status, text } = await run(
        [...SYNCLINE, 'compositor', '--gpus', 'sim:2', '--', ...inner],
        folder,
      );
      expect(status, text).toBe(0);
      const { cases } = JSON.parse(readFileSync(json, 'utf8')) as ConformReport;
      expect(cases.filter(({ result }) => result !== 'pass')).toEqual([]);
      expect(cases.map(({ name }) => name)).toEqual(CASES);
      // What is logged of a connection that ended by an error.
      expect(text).not.toMatch(/the host compositor is gone/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

test('simulated GPUs of a compositor outside, where there is none: status 3 and the reason', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'syncline-nested-'));
  try {
    const { status, text } = await run([...SYNCLINE, 'compositor', '--gpus', 'sim'], folder);
    expect(status).toBe(3);
    expect(text).toMatch(/no simulated GPUs outside/);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);

function run(
  [program = '', ...args]: readonly string[],
  runtimeDir: string,
): Promise<{ status: number | null; text: string }> {
  const { WAYLAND_DISPLAY: _, SYNCLINE_SIM: __, ...env } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...env, SYNCLINE_NO_SETUP: '1', XDG_RUNTIME_DIR: runtimeDir },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, text }));
  });
}
