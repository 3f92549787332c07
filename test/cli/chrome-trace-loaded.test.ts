/**
 * A live compositor's trace in somebody else's loader: the trace engine of the DevTools that come with Chromium (the Performance
 * panel's), which reads the same format as Perfetto.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Chromium, findChromium } from '../support/chromium.ts';
import { untilFrames } from '../interop/support.ts';
import { debianPackages } from '../support/debian.ts';

const CLI = fileURLToPath(new URL('../../cli/syncline.mjs', import.meta.url));
const DEVTOOLS = 'devtools://devtools/bundled';
const FRAMES = 8;
const SHM_FRAMES = 10;
const LIMIT_MS = 120_000;

const program = findChromium();
const weston = debianPackages('weston');
const NO_CHROMIUM = 'no chromium: apt-get install chromium';
const missing = weston.ok ? (program === undefined ? NO_CHROMIUM : undefined) : weston.reason;

interface Loaded {
  /** By process id, then by thread id. */
  readonly processes: Readonly<Record<string, string>>;
  readonly threads: Readonly<Record<string, readonly string[]>>;
  readonly spans: readonly { readonly name: string; readonly pid: number; readonly dur: number }[];
  readonly begun: number;
}

/** Runs in DevTools' own page: its engine parses the events and pairs the asynchronous ones. */
const LOAD = `async (trace) => {
  const { TraceModel, Helpers } = await import('${DEVTOOLS}/models/trace/trace.js');
  const model = TraceModel.Model.createWithAllHandlers();
  await model.parse(trace.traceEvents, {});
  const { Meta } = model.parsedTrace(0).data;
  const nestable = trace.traceEvents.filter(({ ph }) => ph === 'b' || ph === 'e');
  return {
    processes: Object.fromEntries([...Meta.processNames].map(([pid, { args }]) => [pid, args.name])),
    threads: Object.fromEntries([...Meta.threadsInProcess].map(([pid, threads]) =>
      [pid, [...threads.values()].map(({ args }) => args.name)])),
    spans: Helpers.Trace.createMatchedSortedSyntheticEvents(nestable)
      .map(({ name, pid, dur }) => ({ name, pid, dur })),
    begun: nestable.filter(({ ph }) => ph === 'b').length,
  };
}`;

async function load(trace: string): Promise<Loaded> {
  const browser = await Chromium.open(program ?? '');
  try {
    await browser.navigate(`${DEVTOOLS}/devtools_app.html?panel=timeline`);
    return (await browser.evaluate(`(${LOAD})(${trace})`)) as Loaded;
  } finally {
    await browser.close();
  }
}

test.skipIf(missing !== undefined)(
  `DevTools' trace engine finds every client, surface and span${missing === undefined ? '' : ` (${missing})`}`,
  { timeout: LIMIT_MS },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'syncline-trace-'));
    try {
      const file = join(folder, 'trace.json');
      const client = `'${process.execPath}' '${CLI}' client wait-before-submit --frames ${FRAMES}`;
      const inside = `${untilFrames('weston-simple-shm', SHM_FRAMES)}; ${client}`;
      const arguments_ = [
        'compositor',
        '--gpus',
        'sim:2',
        '--trace',
        file,
        '--',
        'sh',
        '-c',
        inside,
      ];
      const ran = spawnSync(process.execPath, [CLI, ...arguments_], { encoding: 'utf8' });
      expect(ran.stdout).toContain(`${FRAMES} of ${FRAMES} frames called back`);

      const { processes, threads, spans, begun } = await load(readFileSync(file, 'utf8'));

      // weston-simple-shm, the client's looking around, the client.
      expect(processes).toMatchObject({ 0: 'explicit sync', 1: 'client 1', 3: 'client 3' });
      expect(threads['0']).toEqual(['devices and fences']);
      expect(threads['1']).toEqual([expect.stringMatching(/^wl_surface@\d+$/)]);
      expect(threads['3']).toEqual([expect.stringMatching(/^wl_surface@\d+$/)]);
      // Nothing that began is left without its end.
      expect(spans).toHaveLength(begun);
      expect(spans.every(({ dur }) => dur >= 0)).toBe(true);
      const ofClient = (pid: number, name: RegExp): number =>
        spans.filter((span) => span.pid === pid && name.test(span.name)).length;
      expect(ofClient(1, /^update \d+$/)).toBeGreaterThan(1);
      expect(ofClient(1, /acquire/)).toBe(0);
      // The first commit has no buffer.
      expect(ofClient(3, /^update \d+$/)).toBe(FRAMES + 1);
      expect(ofClient(3, /acquire/)).toBe(FRAMES);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
