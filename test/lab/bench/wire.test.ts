/**
 * The wire bench at its smallest: does it run, and do both servers do the same work? Its programs check the latter themselves, so a
 * broken bench is tried as well. No time is ever asserted.
 */
import { beforeAll, expect, test } from 'vitest';
import { runBenches } from '../../../lab/bench/bench.ts';
import { BenchBrokenError, BenchUnavailableError } from '../../../lab/bench/errors.ts';
import type { BenchReport } from '../../../lab/bench/result.ts';
import { ourServer, peerServer, runClient, wirePrograms } from '../../../lab/bench/wire/peers.ts';
import type { WirePrograms } from '../../../lab/bench/wire/peers.ts';
import { WIRE_TESTS } from '../../../lab/bench/wire/tests.ts';

let programs: WirePrograms | undefined;
let missing = '';

beforeAll(async () => {
  try {
    programs = await wirePrograms();
  } catch (error) {
    if (!(error instanceof BenchUnavailableError)) throw error;
    missing = error.message;
  }
}, 120_000);

test('every test of the wire runs, and both servers see the same requests', async (context) => {
  if (missing !== '') context.skip(missing);
  const report: BenchReport = await runBenches({ only: ['wire'], rounds: 1, scale: 0.02 });
  const names = report.results.map(({ name }) => name);
  for (const { name } of WIRE_TESTS) expect(names).toContain(name);
  for (const result of report.results) {
    expect(result.peer).toMatch(/^libwayland-server \d/);
    expect(result.rounds).toBe(1);
    expect(Number.isFinite(result.ours)).toBe(true);
    expect(Number.isFinite(result.theirs)).toBe(true);
    if (result.name.startsWith('wire-memory')) {
      expect([result.wallRatio, result.cpuRatio]).toEqual([null, null]);
      continue;
    }
    expect(result.wallRatio).toBeGreaterThan(0);
    expect(result.cpuRatio).toBeGreaterThan(0);
    // The server that does nothing saw the same requests, or the bench were broken.
    expect(result.floorWallRatio).toBeGreaterThan(0);
    expect(result.floorShare).toBeGreaterThan(0);
  }
}, 120_000);

test('requests a server did not see break the bench', async (context) => {
  if (programs === undefined) return context.skip(missing);
  const server = await ourServer().start();
  try {
    const before = await server.requests();
    const report = await runClient(programs.clients.raw, [
      server.socketPath,
      'damage',
      '2',
      '1',
      '3',
    ]);
    // Two clients, each: a bind, a surface, and a thousand damages in each of four bursts.
    expect(report.requests).toBe(2 * (2 + 4_000));
    expect((await server.requests()) - before).toBe(report.requests);
    await expect(
      runClient(programs.clients.raw, [server.socketPath, 'no-such-test', '1', '0', '1']),
    ).rejects.toBeInstanceOf(BenchBrokenError);
  } finally {
    await server.stop();
  }
}, 60_000);

test('a server that goes away is an error, not a hang', async (context) => {
  if (programs === undefined) return context.skip(missing);
  const server = await peerServer(programs, 'libwayland').start();
  const client = runClient(programs.clients.libwayland, [
    server.socketPath,
    'sync',
    '1',
    '0',
    '100000000',
  ]);
  const end = client.then(
    () => undefined,
    (error: unknown) => error,
  );
  await server.requests();
  await server.stop();
  expect(await end).toBeInstanceOf(BenchBrokenError);
}, 60_000);
