/** The trace file of compositors that ran: its shape, and that every span ends. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { channel } from 'node:diagnostics_channel';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ChromeTrace } from '../../cli/chrome-trace.ts';
import { runScenario } from '../../lab/compare/run.ts';
import { scenarioNamed } from '../../lab/scenarios/scenarios.ts';
import { createSimulatedWorld } from '../../lab/world/simulated-world.ts';
import type { SyncTraceEvent } from '../../sync/trace.ts';

interface TraceEvent {
  readonly ph: string;
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly cat?: string;
  readonly id?: number;
  readonly args: Readonly<Record<string, unknown>>;
}

const CLI = fileURLToPath(new URL('../../cli/syncline.mjs', import.meta.url));
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'syncline-trace-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** The events, each with the keys that every trace viewer asks for. */
function load(file: string): TraceEvent[] {
  const { traceEvents } = JSON.parse(readFileSync(file, 'utf8')) as { traceEvents: TraceEvent[] };
  for (const event of traceEvents) {
    expect(event).toEqual(
      expect.objectContaining({
        ph: expect.stringMatching(/^[beiM]$/) as string,
        name: expect.any(String) as string,
        ts: expect.any(Number) as number,
        pid: expect.any(Number) as number,
        tid: expect.any(Number) as number,
      }),
    );
    if (event.ph === 'b' || event.ph === 'e') {
      expect(event).toMatchObject({ cat: expect.any(String), id: expect.any(Number) });
    }
  }
  return traceEvents;
}

/** Spans of one id nest: each end is that of the innermost open begin, not before it, and in the end none is open. */
function expectNestedSpans(events: readonly TraceEvent[]): number {
  const open = new Map<string, TraceEvent[]>();
  let spans = 0;
  for (const event of events) {
    const stack = open.get(`${event.cat} ${event.id}`) ?? [];
    open.set(`${event.cat} ${event.id}`, stack);
    if (event.ph === 'b') {
      stack.push(event);
      spans += 1;
    } else if (event.ph === 'e') {
      const begin = stack.pop();
      expect(begin?.name).toBe(event.name);
      expect([begin?.pid, begin?.tid]).toEqual([event.pid, event.tid]);
      expect(event.ts).toBeGreaterThanOrEqual(begin?.ts ?? Infinity);
    }
  }
  expect([...open.values()].flat()).toEqual([]);
  return spans;
}

function rethrow(error: unknown): never {
  throw error;
}

/** Plays it with a trace of both layers. */
async function traced(strategy: string, scenario: string): Promise<TraceEvent[]> {
  const file = join(folder, 'trace.json');
  const trace = new ChromeTrace(file, rethrow);
  const onSync = (event: unknown): void => trace.sync(event as SyncTraceEvent);
  channel('xsync:wait').subscribe(onSync);
  try {
    const world = await createSimulatedWorld({ strategy, seed: 1, trace: trace.commit });
    await runScenario({ strategy, scenario: scenarioNamed(scenario), seed: 1, world });
  } finally {
    channel('xsync:wait').unsubscribe(onSync);
    trace.dispose();
  }
  return load(file);
}

test.each([
  ['failover', 'import-device-removed-while-waiting'],
  ['failover', 'client-device-removed-never-submitted'],
  ['single-import', 'import-device-removed-while-waiting'],
])('every span of a run under %s ends: %s', async (strategy, scenario) => {
  const events = await traced(strategy, scenario);
  expect(expectNestedSpans(events)).toBeGreaterThan(50);
  const names = new Set(events.map(({ name }) => name));
  for (const name of ['acquire fence', 'queued', 'frame', 'device-lost', 'arm', 'presented']) {
    expect(names).toContain(name);
  }
});

test('a span says how its update ended, and clients and surfaces have names', async () => {
  const events = await traced('failover', 'client-device-removed-failing-fence');
  const ends = events.filter(({ ph, name }) => ph === 'e' && name.startsWith('update '));
  const presented = ends.filter(({ args }) => args['how'] === 'presented');
  expect(presented.length).toBeGreaterThan(ends.length / 2);
  const named = events.filter(({ ph }) => ph === 'M').map(({ args }) => args['name']);
  expect(named).toEqual(expect.arrayContaining(['explicit sync', 'client 1', 'client 2']));
  const rows = new Set(
    events.filter(({ ph }) => ph === 'b').map(({ pid, tid }) => `${pid} ${tid}`),
  );
  const threads = events.filter(({ name }) => name === 'thread_name');
  for (const row of rows) expect(threads.map(({ pid, tid }) => `${pid} ${tid}`)).toContain(row);
});

test('a fence found signalled before the commit is traced is no wait', () => {
  const file = join(folder, 'trace.json');
  const trace = new ChromeTrace(file, rethrow);
  const base = { client: 1, surface: 3, update: 7 };
  const outcome = { type: 'signalled', timestampNs: 5n, errorsVisible: true } as const;
  trace.commit({ ...base, type: 'signalled', timeNs: 10n, outcome, waitedNs: 0n });
  const acquire = { timeline: 1, point: 1n };
  trace.commit({ ...base, type: 'commit', timeNs: 10n, acquire, release: null });
  trace.dispose();
  trace.dispose();
  const events = load(file);
  expect(expectNestedSpans(events)).toBe(2);
  expect(events.filter(({ ph }) => ph === 'b').map(({ name }) => name)).toEqual([
    'update 7',
    'queued',
  ]);
});

test('a file that takes no more is given up, once, and bothers nobody', () => {
  const failures: unknown[] = [];
  const trace = new ChromeTrace('/dev/full', (error) => failures.push(error));
  const base = { client: 1, surface: 3, timeNs: 10n, acquire: null, release: null };
  for (let update = 1; update < 2000; update++) trace.commit({ ...base, type: 'commit', update });
  expect(failures).toEqual([expect.objectContaining({ code: 'ENOSPC' })]);
  trace.dispose();
  expect(failures).toHaveLength(1);
});

test('a trace that ends on a full disk is given up too', () => {
  const failures: unknown[] = [];
  new ChromeTrace('/dev/full', (error) => failures.push(error)).dispose();
  expect(failures).toEqual([expect.objectContaining({ code: 'ENOSPC' })]);
});

test('--trace of a live compositor', () => {
  const file = join(folder, 'live.json');
  const args = ['compositor', '--gpus', 'sim:1', '--trace', file, '--'];
  const client = [process.execPath, CLI, 'client', 'steady', '--frames', '5'];
  const { status, stderr } = spawnSync(process.execPath, [CLI, ...args, ...client], {
    encoding: 'utf8',
    env: { ...process.env, XDG_RUNTIME_DIR: folder, SYNCLINE_NO_SETUP: '1' },
  });
  expect(status, stderr).toBe(0);
  const events = load(file);
  expect(expectNestedSpans(events)).toBeGreaterThan(3);
  const names = new Set(events.map(({ name }) => name));
  expect(names).toContain('device-added');
  expect(names).toContain('presented');
});
