/**
 * Explicit sync through a nested compositor that passes buffers through, on real GPUs which are pulled meanwhile: the conformance
 * suite is the client, our headless compositor the host. Both have their timelines on the GPUs that go.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { ConformReport } from '../../../lab/conform/result.ts';
import { rescanGpus } from '../../../lab/kernel/gpus.ts';

/** Those that say something new through two compositors; each takes seconds on an emulated processor. */
const CASES = [
  'fence-pending',
  'failed-fence-not-shown',
  'unplug-import-waiting',
  'unplug-import-release-owed',
  'unplug-all',
] as const;

/** Runs the rest of its arguments, then writes what the inner compositor counted into $1, asked at the control socket $2. */
const THEN_ASK = `
  file=$1 control=$2; shift 2
  "$@"; status=$?
  node -e '
    const [file, control] = process.argv.slice(1);
    const socket = require("node:net").connect(control);
    let text = "";
    socket.write("{\\"id\\":1,\\"op\\":\\"stats\\"}\\n");
    socket.on("data", (chunk) => {
      text += chunk;
      if (!text.includes("\\n")) return;
      require("node:fs").writeFileSync(file, text);
      socket.destroy();
    });' "$file" "$control"
  exit $status`;

interface Answer {
  readonly stats: {
    readonly desktop: { readonly backend: Readonly<Record<string, unknown>> };
    readonly sync: { readonly releasesOwed: number; readonly counters: Record<string, number> };
  };
}

afterEach(() => rescanGpus());

const LIMIT_MS = 400_000;

test(
  'clients of a nested compositor live through the unplug of each GPU, their buffers passed through to the host',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'syncline-nested-'));
    const [json, counts, control] = ['report.json', 'counts.json', 'control'].map((name) =>
      join(folder, name),
    ) as [string, string, string];
    const syncline = [process.execPath, 'cli/syncline.mjs'];
    const compositor = [...syncline, 'compositor', '--gpus', 'drm'];
    const conform = ['conform', '--patience', '20', '--only', CASES.join(','), '--json', json];
    const nested = ['--backend', 'nested', '--nested-mode', 'pass-through', '--control', control];
    const inside = ['sh', '-c', THEN_ASK, 'sh', counts, control, ...syncline, ...conform];
    try {
      const run = await output([...compositor, '--', ...compositor, ...nested, '--', ...inside], {
        XDG_RUNTIME_DIR: folder,
      });
      const report = read<ConformReport>(json, run.text);
      expect(report.cases.filter(({ result }) => result !== 'pass')).toEqual([]);
      expect(report.cases.map(({ name }) => name)).toEqual(CASES);
      expect(run.status, run.text).toBe(0);
      const { stats } = read<Answer>(counts, run.text);
      expect(stats.desktop.backend).toMatchObject({ mode: 'pass-through', explicitSync: true });
      // Dma-bufs of a GPU, the host has taken them as they are.
      expect(stats.desktop.backend['passed']).toBeGreaterThan(0);
      expect(stats.sync.releasesOwed).toBe(0);
      expect(stats.sync.counters['releasesAbandoned']).toBe(0);
      expect(run.text).not.toMatch(/error \d+:/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  LIMIT_MS,
);

function output(
  [program = '', ...args]: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ status: number | null; text: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, text }));
  });
}

function read<T>(path: string, said: string): T {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch {
    throw new Error(`no ${path}: ${said}`);
  }
}
