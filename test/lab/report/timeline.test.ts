import { expect, test } from 'vitest';
import { MAX_SURFACES, TimelineSelection, timelineOf } from '../../../lab/compare/timeline.ts';
import type { RunTimeline } from '../../../lab/compare/timeline.ts';
import { Ledger } from '../../../lab/ledger.ts';
import { timelineFigure } from '../../../lab/report/timeline-figure.ts';

const MS = 1_000_000n;
const START_NS = 5000n * MS;
const SPEC = { strategy: 'failover', scenario: 'some', seed: 1 };

function timeline(ledger: Ledger, endMs: bigint, ok = true): RunTimeline {
  const endNs = START_NS + endMs * MS;
  return timelineOf({
    ...SPEC,
    ok,
    lostReleases: ok ? 0 : 1,
    ledger,
    refreshNs: 16n * MS,
    startNs: START_NS,
    endNs,
  });
}

function at(ms: bigint): bigint {
  return START_NS + ms * MS;
}

test('times are microseconds since the start, and what never happened has no key', () => {
  const ledger = new Ledger();
  const record = ledger.committed(1, 3, 1, at(10n));
  record.submittedAtNs = at(12n);
  record.acquire = 'signalled';
  record.acquireAtNs = at(20n);
  ledger.latched(record, at(21n));
  ledger.committed(1, 3, 2, at(30n));
  const { surfaces, endUs } = timeline(ledger, 100n);
  expect(endUs).toBe(100_000);
  expect(surfaces).toEqual([
    {
      client: 1,
      surface: 3,
      commits: [
        {
          committedUs: 10_000,
          submittedUs: 12_000,
          acquire: 'signalled',
          acquireUs: 20_000,
          latchedUs: 21_000,
        },
        { committedUs: 30_000, acquire: 'pending' },
      ],
    },
  ]);
});

test('what the clean-up does after the judging is left out', () => {
  const ledger = new Ledger();
  const record = ledger.committed(1, 3, 1, at(10n));
  record.droppedAtNs = at(150n);
  ledger.deviceEvents.push(
    { type: 'lost', device: 'sim:0', atNs: at(50n) },
    { type: 'added', device: 'sim:0', atNs: at(100n) },
  );
  ledger.committed(1, 3, 2, at(120n));
  const made = timeline(ledger, 100n);
  expect(made.deviceEvents).toEqual([{ type: 'lost', device: 'sim:0', atUs: 50_000 }]);
  expect(made.surfaces[0]?.commits).toEqual([{ committedUs: 10_000, acquire: 'pending' }]);
});

test('of many surfaces those a promise was broken to are kept', () => {
  const ledger = new Ledger();
  for (let client = 1; client <= MAX_SURFACES + 3; client++) {
    const record = ledger.committed(client, 3, 1, at(10n));
    record.acquire = 'signalled';
    ledger.latched(record, at(11n));
    record.presentedAtNs = at(16n);
    if (client === MAX_SURFACES + 2) record.latchedEarly = true;
  }
  const { surfaces, surfacesLeftOut } = timeline(ledger, 100n);
  expect(surfaces).toHaveLength(MAX_SURFACES);
  expect(surfacesLeftOut).toBe(3);
  expect(surfaces.map(({ client }) => client)).toContain(MAX_SURFACES + 2);
});

test('the first seed that failed is shown, else the first', () => {
  const ledger = new Ledger();
  const run = (seed: number, ok: boolean): RunTimeline => ({ ...timeline(ledger, 1n, ok), seed });
  const chosen = (...runs: readonly RunTimeline[]): number | undefined => {
    const selection = new TimelineSelection();
    for (const one of runs) selection.add(one);
    return selection.of(SPEC.scenario, SPEC.strategy)?.seed;
  };
  expect(chosen(run(2, true), run(1, true))).toBe(1);
  expect(chosen(run(1, true), run(3, false), run(2, false))).toBe(2);
  expect(chosen(run(2, false), run(1, true), run(3, false))).toBe(2);
  expect(chosen()).toBeUndefined();
});

test('a picture shows frames, drops, wrong content and devices in their classes', () => {
  const ledger = new Ledger();
  const shown = ledger.committed(1, 3, 1, at(10n));
  shown.acquire = 'signalled';
  shown.acquireAtNs = at(12n);
  ledger.latched(shown, at(14n));
  shown.presentedAtNs = at(16n);
  const early = ledger.committed(1, 3, 2, at(20n));
  ledger.latched(early, at(30n));
  early.presentedAtNs = at(32n);
  ledger.committed(1, 3, 3, at(40n)).droppedAtNs = at(44n);
  ledger.deviceEvents.push({ type: 'lost', device: '<sim>', atNs: at(25n) });
  const svg = timelineFigure(timeline(ledger, 100n, false), 100_000);
  for (const name of ['wait', 'ready', 'owed', 'wrong', 'frame', 'dropped']) {
    expect(svg).toContain(`<path class="${name}"`);
  }
  expect(svg).not.toContain('class="stuck"');
  expect(svg).toContain('<g class="lost"><title>&lt;sim&gt; gone at 25 ms</title>');
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
});

test('work given up on is awaited until the end; releases nobody saw are no lost ones', () => {
  const ledger = new Ledger();
  for (const serial of [1, 2]) {
    const shown = ledger.committed(1, 3, serial, at(10n));
    shown.acquire = 'signalled';
    shown.submittedAtNs = at(10n);
    shown.acquireAtNs = at(12n);
    ledger.latched(shown, at(14n));
    shown.presentedAtNs = at(16n * BigInt(serial));
  }
  const given = ledger.committed(1, 3, 3, at(50n));
  given.acquire = 'abandoned';
  given.acquireAtNs = at(60n);
  const svg = timelineFigure(timeline(ledger, 100n), 100_000);
  expect(svg).not.toMatch(/class="(?:owed|stuck)"/);
  expect(svg.match(/<path class="wait" d="[^"]*"/)?.[0]).toMatch(/^<path class="wait" d="M[^M]*"$/);
});
